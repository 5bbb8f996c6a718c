"""How many drawn examples, points of the matrix and rows of the crowd the tests try."""

from __future__ import annotations

import os


def volume(quick: int, full: int) -> int:
    """`quick` in `make test`, `full` with TEST_VOLUME=full in continuous integration."""
    chosen = os.environ.get("TEST_VOLUME", "quick")
    return {"quick": quick, "full": full}[chosen]
