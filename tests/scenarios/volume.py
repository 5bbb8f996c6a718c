"""How many drawn examples, points of the matrix, rows of the crowd and kills the tests try."""

from __future__ import annotations

import os


def volume(quick: int, full: int) -> int:
    """`quick`, or `full` with TEST_VOLUME=full, which is run by hand before a release."""
    chosen = os.environ.get("TEST_VOLUME", "quick")
    return {"quick": quick, "full": full}[chosen]
