"""Readiness of the plan: other shows near this one, and room within the quotas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from channels_app.guards.places import none_to_run
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.readiness.check import Check
from channels_app.services.places import running_places
from channels_app.services.planning import neighbours
from streamhub.clock import database_now
from streamhub.quotas.catalogue import DISTRIBUTIONS
from streamhub.quotas.standing import standing_of

NEAR = timedelta(hours=1)


def other_show(breakout: Breakout, channel: Channel) -> list[Check]:
    """Another show that is planned within the hour before or after this one; none without a planned start.

    What overlaps is not ok. What only follows or goes before is named, and is ok: talks of one room follow
    each other, and *Take over* exists for them.
    """
    if breakout.state not in (State.IDLE, State.FAILED) or breakout.starts_at is None:
        return []
    now, found = database_now(), neighbours(breakout, channel, NEAR)
    if not found:
        return [Check("other_show", True, "No other show is planned within the hour on the channel.", now)]
    overlapping = [near for near in found if near.overlaps]
    named = (overlapping or found)[0]
    at = f"{named.begins.astimezone(UTC):%Y-%m-%d %H:%M} to {_clock(named.ends)} UTC"
    if named.overlaps:
        detail = f"{named.breakout.name!r} is planned in the same time ({at}). Reschedule one of them."
        return [Check("other_show", False, detail, now)]
    where = "before it" if named.ends <= breakout.starts_at else "after it"
    detail = (
        f"{named.breakout.name!r} is planned within the hour {where} ({at}). Take over goes from one to the "
        "other without stopping the channel."
    )
    return [Check("other_show", True, detail, now)]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M}"


def quota(channel: Channel) -> Check:
    """Whether what a start may need fits: a place to run, and a distribution if there is none."""
    now = database_now()
    if refusal := none_to_run(running_places(channel)):
        return Check("quota", False, refusal.sentence, now)
    room = standing_of(DISTRIBUTIONS)
    if channel.distribution is not None:
        more = " A replacement of its distribution would wait for room." if room.full else ""
        return Check(
            "quota", True, f"It has all that it needs. {room.sentence}.{more}", room.observed_at or now
        )
    if room.headroom is None:
        return Check("quota", None, f"{room.sentence}. Whether there is room is known after the next list.")
    if room.full:
        fix = "Raise the quota at AWS, or delete a distribution that is not needed."
        return Check("quota", False, f"{room.sentence}, and it needs one. {fix}", room.observed_at)
    return Check("quota", True, f"{room.sentence}, and it needs one.", room.observed_at)
