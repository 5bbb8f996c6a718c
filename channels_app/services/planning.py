"""What to know before a show is planned: what overlaps on its channel, and what is planned twice.

These are warnings: two rehearsals may share a slot on purpose. They refuse nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.services.maintenance import USUAL_LENGTH
from channels_app.services.validation import YEARS
from streamhub.names import folded
from streamhub.translation import gettext as _

# No show is planned to last longer (`breakout.DURATION_MAX_MINUTES`), so none that began earlier overlaps.
LONGEST = timedelta(days=7)
PLANNED = (State.IDLE, State.FAILED, *ON_AIR)


@dataclass(frozen=True)
class Neighbour:
    """Another planned show, from when to when, and whether it has a part of the same time."""

    breakout: Breakout
    begins: datetime
    ends: datetime
    overlaps: bool


def neighbours(show: Breakout, channel: Channel, within: timedelta) -> list[Neighbour]:
    """The other shows that are planned on the channel up to `within` before or after this one, in order.

    One query. Without a planned duration `USUAL_LENGTH` counts.
    """
    if show.starts_at is None:
        return []
    begins, ends = show.starts_at, show.starts_at + _length(show.duration_minutes)
    near = Breakout.objects.filter(
        channel=channel,
        state__in=PLANNED,
        starts_at__gt=begins - LONGEST - within,
        starts_at__lt=ends + within,
    )
    found = []
    for row in near.exclude(pk=show.pk).order_by("starts_at", "id"):
        assert row.starts_at is not None  # noqa: S101  for mypy: the query is for those that have it
        its_end = row.starts_at + _length(row.duration_minutes)
        if its_end > begins - within:
            overlaps = row.starts_at < ends and begins < its_end
            found.append(Neighbour(row, row.starts_at, its_end, overlaps))
    return found


def plan_warnings(
    channel: Channel | None,
    name: str,
    starts_at: datetime | None,
    duration_minutes: int | None,
    *,
    besides: Breakout | None = None,
) -> list[str]:
    """Sentences about other shows, each with its name. Two queries; none without a start.

    `besides`: the show itself, if it exists already.
    """
    first, last = YEARS
    if starts_at is None or not first <= starts_at.year <= last:
        return []  # the second is refused at its field
    others = Breakout.objects.filter(state__in=PLANNED)
    others = others.exclude(pk=besides.pk) if besides else others
    twins = [
        row
        for row in others.filter(starts_at=starts_at).select_related("channel")[:50]
        if folded(row.name) == folded(name)
    ]
    overlapping = []
    if channel is not None:
        near = others.filter(
            channel=channel, starts_at__gt=starts_at - LONGEST, starts_at__lt=starts_at + LONGEST
        )
        overlapping = [
            row for row in near.order_by("starts_at") if _overlap(row, starts_at, duration_minutes)
        ]
    return [*_twin_sentences(twins), *(_overlap_sentence(row) for row in overlapping if row not in twins)]


def _overlap(other: Breakout, starts_at: datetime, duration_minutes: int | None) -> bool:
    if other.starts_at is None:
        return False
    ends, other_ends = (
        starts_at + _length(duration_minutes),
        other.starts_at + _length(other.duration_minutes),
    )
    return other.starts_at < ends and starts_at < other_ends


def _length(minutes: int | None) -> timedelta:
    return (
        USUAL_LENGTH if minutes is None else timedelta(minutes=min(minutes, LONGEST // timedelta(minutes=1)))
    )


def _twin_sentences(twins: Iterable[Breakout]) -> list[str]:
    return [
        _("%(name)s is planned already at the same time, on the channel %(channel)s.")
        % {"name": repr(row.name), "channel": row.channel_name}
        for row in twins
    ]


def _overlap_sentence(row: Breakout) -> str:
    return _(
        "It overlaps with %(name)s on the same channel (%(time)s). A channel carries one breakout at a time."
    ) % {"name": repr(row.name), "time": _time_of(row)}


def _time_of(row: Breakout) -> str:
    """When it is planned, in UTC; the day of its end only where it is another one."""
    assert row.starts_at is not None  # noqa: S101  for mypy: what overlaps has one
    begins = row.starts_at.astimezone(UTC)
    if not row.duration_minutes:
        return _("from %(begins)s UTC, without a planned end") % {"begins": f"{begins:%Y-%m-%d %H:%M}"}
    ends = begins + _length(row.duration_minutes)
    shown = f"{ends:%H:%M}" if ends.date() == begins.date() else f"{ends:%Y-%m-%d %H:%M}"
    return _("%(begins)s to %(ends)s UTC") % {"begins": f"{begins:%Y-%m-%d %H:%M}", "ends": shown}
