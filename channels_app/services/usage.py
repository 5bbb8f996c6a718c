"""The usage that CloudFront reports for a breakout: the only writer of the `usage_*` columns."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 1000
# What may still change once usage is final.
AFTER_FINAL = ("usage_late_bytes", "usage_late_requests", "usage_approximate", "usage_complete")


@dataclass(frozen=True)
class Usage:
    """Usage of a breakout, in bytes and requests (None while unknown).

    `late_bytes`, `late_requests`: what was published after the figures were final. `approximate`: periods
    longer than a minute took part. `suspect`: on air without a datapoint. `complete`: its days were read
    for the last time.
    """

    status: str
    bytes_downloaded: int | None
    requests: int | None
    complete_until: datetime | None
    late_bytes: int = 0
    late_requests: int = 0
    approximate: bool = False
    suspect: bool = False
    complete: bool = False

    def __post_init__(self) -> None:
        if UsageStatus(self.status) == UsageStatus.FINAL and None in (self.bytes_downloaded, self.requests):
            raise ValueError("final usage needs figures: write zero where CloudFront reported nothing")

    @property
    def columns(self) -> dict[str, Any]:
        return {f"usage_{name}": value for name, value in asdict(self).items()}


def breakout_usage_record(breakout_id: int, usage: Usage) -> bool:
    """Write the usage of one breakout; whether anything was written. See `breakout_usages_record`."""
    return bool(breakout_usages_record({breakout_id: usage}))


def breakout_usages_record(usages: Mapping[int, Usage]) -> set[int]:
    """Write the usage of these breakouts; returns those that were written.

    Final figures never change: such a write is refused and logged. What comes late is written beside them.
    Unchanged usage is not written.
    """
    names = next(iter(usages.values())).columns.keys() if usages else ()
    rows = Breakout.objects.filter(pk__in=usages).values("pk", *names)
    open_rows, final_rows = [], []
    for row in rows.iterator():
        pk = row.pop("pk")
        columns = usages[pk].columns
        if row == columns:
            continue
        if row["usage_status"] != UsageStatus.FINAL:
            open_rows.append(Breakout(pk=pk, **columns))
        elif all(row[name] == columns[name] for name in names if name not in AFTER_FINAL):
            final_rows.append(Breakout(pk=pk, **columns))
        else:
            log.warning("The usage of breakout %s is final and was not changed to %s", pk, usages[pk])
    _update(open_rows, list(names), final=False)
    _update(final_rows, AFTER_FINAL, final=True)
    return {row.pk for row in (*open_rows, *final_rows)}


def _update(rows: Collection[Breakout], names: Collection[str], *, final: bool) -> None:
    if rows:
        expected = Breakout.objects.filter(usage_status=UsageStatus.FINAL)
        if not final:
            expected = Breakout.objects.exclude(usage_status=UsageStatus.FINAL)
        expected.bulk_update(rows, names, batch_size=ROWS_AT_ONCE)
