"""Readiness of the plan: other shows near this one, and room within the quotas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

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
        return [Check("other_show", True, _("No other show is planned within the hour on the channel."), now)]
    overlapping = [near for near in found if near.overlaps]
    named = (overlapping or found)[0]
    at = _("%(begins)s to %(clock)s UTC") % {
        "begins": f"{named.begins.astimezone(UTC):%Y-%m-%d %H:%M}",
        "clock": _clock(named.ends),
    }
    if named.overlaps:
        detail = _("%(name)s is planned in the same time (%(at)s). Reschedule one of them.") % {
            "name": repr(named.breakout.name),
            "at": at,
        }
        return [Check("other_show", False, detail, now)]
    where = _("before it") if named.ends <= breakout.starts_at else _("after it")
    detail = _(
        "%(name)s is planned within the hour %(where)s (%(at)s). Take over goes from one to the "
        "other without stopping the channel."
    ) % {"name": repr(named.breakout.name), "where": where, "at": at}
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
        more = _(" A replacement of its distribution would wait for room.") if room.full else ""
        return Check(
            "quota",
            True,
            _("It has all that it needs. %(sentence)s.%(more)s") % {"sentence": room.sentence, "more": more},
            room.observed_at or now,
        )
    if room.headroom is None:
        return Check(
            "quota",
            None,
            _("%(sentence)s. Whether there is room is known after the next list.")
            % {"sentence": room.sentence},
        )
    if room.full:
        fix = _("Raise the quota at AWS, or delete a distribution that is not needed.")
        return Check(
            "quota",
            False,
            _("%(sentence)s, and it needs one. %(fix)s") % {"sentence": room.sentence, "fix": fix},
            room.observed_at,
        )
    return Check(
        "quota", True, _("%(sentence)s, and it needs one.") % {"sentence": room.sentence}, room.observed_at
    )
