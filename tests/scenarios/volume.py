"""How many examples are drawn where more can always be drawn: by hypothesis and schemathesis."""

from __future__ import annotations

import os


def volume(quick: int, full: int) -> int:
    """So many in `make test` at somebody's desk, and so many in continuous integration."""
    asked = os.environ.get("TEST_VOLUME", "quick")
    return {"quick": quick, "full": full}[asked]
