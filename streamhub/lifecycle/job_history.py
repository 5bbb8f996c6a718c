"""The last runs of a job, as its row keeps them. Runs with the same result are one entry. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

# Entries that are kept; a run each second with nothing to do stays one of them.
MOST = 24


@dataclass(frozen=True)
class Past:
    """Runs with the same outcome and error, one after the other. Times are ISO 8601 in UTC.

    `began` and `ended`: of the first and of the last one; `longest`: seconds of the longest.
    """

    began: str
    ended: str
    runs: int
    longest: float
    outcome: str
    error: str

    @property
    def since(self) -> datetime:
        return datetime.fromisoformat(self.began)

    @property
    def until(self) -> datetime:
        return datetime.fromisoformat(self.ended)


def entries(kept: Sequence[Any]) -> list[Past]:
    """What the row keeps, the newest first."""
    return [Past(**entry) for entry in kept]


def with_run(
    kept: Sequence[Any], began: datetime, ended: datetime, outcome: str, error: str
) -> list[dict[str, Any]]:
    """What the row keeps after one more run: at most `MOST` entries, the newest first."""
    took = round((ended - began).total_seconds(), 3)
    past = entries(kept)
    if past and (past[0].outcome, past[0].error) == (outcome, error):
        last = past.pop(0)
        run = Past(last.began, ended.isoformat(), last.runs + 1, max(last.longest, took), outcome, error)
    else:
        run = Past(began.isoformat(), ended.isoformat(), 1, took, outcome, error)
    return [asdict(entry) for entry in [run, *past][:MOST]]
