"""How much is tried where more can always be tried: drawn examples, points of the matrix, rows of a crowd."""

from __future__ import annotations

import os


def volume(quick: int, full: int) -> int:
    """So many in `make test` at somebody's desk, and so many in continuous integration."""
    asked = os.environ.get("TEST_VOLUME", "quick")
    return {"quick": quick, "full": full}[asked]
