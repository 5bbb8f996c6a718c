"""When a breakout was on air: once for each start that was accepted, not in between."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR

Span = tuple[datetime, datetime]

# The attachment of a distribution that replaces a lost one begins a moment later: that is one time on air.
ONE_TIME = timedelta(minutes=1)


def times_on_air(row: Breakout, now: datetime) -> list[Span]:
    """Each time from the accepted start to IDLE seen, to the failure, or to now, in order. []: it was not.

    A failed breakout that is started again is not on air in between. Reads its attachments, which may be
    prefetched.
    """
    spans = [(each.started_at, each.ended_at or now) for each in row.attachments.all()]
    if row.session_started_at is not None:
        last = max((end for _start, end in spans), default=now)
        ended = row.session_ended_at or (now if row.state in ON_AIR else last)
        spans.append((row.session_started_at, max(row.session_started_at, ended)))
    return _merged(spans)


def _merged(spans: list[Span]) -> list[Span]:
    """The same time without overlaps and moments in between, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + ONE_TIME:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
