"""The usage that CloudFront reports for a breakout: the only writer of the `usage_*` columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 2500  # SQLite takes 32,766 values in a query
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


def _update(rows: Sequence[Breakout], names: Sequence[str], *, final: bool) -> None:
    """Write these columns of the rows that are (`final`) or are not final, by a join with their values.

    Django's `bulk_update` compares each row with each value and takes seconds for thousands of rows.
    """
    fields: list[Any] = [Breakout._meta.get_field(name) for name in names]
    kind = "" if connection.vendor == "sqlite" else "AS {}"  # SQLite converts times wrongly
    casts = [
        f"CAST(given.{name} {kind.format(field.db_type(connection))})" if kind else f"given.{name}"
        for name, field in zip(names, fields, strict=True)
    ]
    table = connection.ops.quote_name(Breakout._meta.db_table)
    assignments = ", ".join(f"{name} = {cast}" for name, cast in zip(names, casts, strict=True))
    for n in range(0, len(rows), ROWS_AT_ONCE):
        batch = rows[n : n + ROWS_AT_ONCE]
        values = ", ".join([f"({', '.join(['%s'] * (len(names) + 1))})"] * len(batch))
        sql = (
            f"WITH given (pk, {', '.join(names)}) AS (VALUES {values}) UPDATE {table} SET {assignments}"  # noqa: S608
            f" FROM given WHERE {table}.id = given.pk AND ({table}.usage_status = %s) = %s"
        )
        params: list[Any] = []
        for row in batch:
            params.append(row.pk)
            params += [
                field.get_db_prep_save(getattr(row, name), connection)
                for name, field in zip(names, fields, strict=True)
            ]
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, UsageStatus.FINAL.value, final])
