"""The HTTP API of the reaper (docs/api.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from distributions import owners, services
from distributions.api import READ, WRITE, DistributionOut
from distributions.forecast import Reason, forecasts, unwanted
from distributions.models import Distribution, ReaperRun
from distributions.stale import stale
from streamhub.access.http import In, Out, Paging, actor_of, page

router = Router(tags=["distributions"])
RUNS = 20
MOST = 200


class StaleDistributionOut(Out):
    distribution: DistributionOut
    reason: Reason
    detail: str
    expected_gone_at: datetime | None


class ReaperRunOut(Out):
    """`calls`: the AWS calls of the deletions. `reasons`: error messages, each with how many rows show it."""

    id: str
    who: str
    started_at: datetime
    ended_at: datetime | None
    seen: int
    deleted: int
    waiting: int
    failed: int
    calls: int
    reasons: dict[str, int]


class ReaperOut(Out):
    stale: list[StaleDistributionOut]
    last_runs: list[ReaperRunOut]
    next: str | None


class RunIn(In):
    dry_run: bool = False


class WouldDeleteOut(Out):
    """What a run now would delete: the first 200, and how many in all."""

    would_delete: list[StaleDistributionOut]
    total: int


@router.get("", response=ReaperOut, auth=READ)
def get_reaper(request: HttpRequest, query: Query[Paging]) -> dict[str, Any]:
    """What is to be deleted and still exists, newest first, why, and until when; and the last runs."""
    result = page(unwanted().defer("config"), query.cursor, query.limit, request)
    runs = list(ReaperRun.objects.all()[:RUNS])
    return {"stale": _with_forecasts(result["items"]), "last_runs": runs, "next": result["next"]}


@router.post("/run", response={200: WouldDeleteOut, 202: ReaperRunOut}, auth=WRITE)
def run_reaper(request: HttpRequest, body: RunIn | None = None) -> Status[Any]:
    """Delete now what is stale. With `dry_run`: 200 with what would be deleted, and nothing is."""
    if body is None or not body.dry_run:
        return Status(202, services.reaper_run(who=actor_of(request)))
    rows = list(stale().defer("config").order_by("pk")[:MOST])
    found = [item for item in _with_forecasts(rows) if item["reason"] == Reason.READY]
    return Status(200, {"would_delete": found, "total": len(found) if len(rows) < MOST else stale().count()})


def _with_forecasts(rows: Sequence[Distribution]) -> list[dict[str, Any]]:
    ownerships = owners.owner().ownerships(rows)
    for row in rows:
        row.ownership = ownerships[row.pk]  # type: ignore[attr-defined]
    found = forecasts(rows)
    return [{"distribution": row, **vars(found[row.pk])} for row in rows]
