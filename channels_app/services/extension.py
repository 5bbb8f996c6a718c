"""Extending a breakout: it is planned to end later."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from channels_app.guards import breakout as guards
from channels_app.models import Breakout, Channel
from channels_app.services.breakout import DURATION_MAX_MINUTES, locked_breakout
from channels_app.services.schedule import schedule_spare
from channels_app.services.situations import breakout_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid
from streamhub.lifecycle import intent, states


@transaction.atomic
@audit.verb("channels_app.extend_breakout")
def breakout_extend(breakout: Breakout, minutes: int, *, who: Actor) -> Breakout:
    """Add minutes to the planned duration, a week in all at most. Raises `Invalid` and `NotPossible`.

    A show that is beyond its planned end by more than that goes on: nobody extends it to have it stopped.
    """
    breakout = locked_breakout(breakout)
    guards.check("extend", breakout_situation(breakout))
    left = DURATION_MAX_MINUTES - (breakout.duration_minutes or 0)
    if left < 1:
        raise Invalid({"minutes": _("It is planned for a week already, and a week in all is the most.")})
    if not 1 <= minutes <= left:
        raise Invalid(
            {"minutes": _("Give 1 to %(left)s minutes: a week in all is the most.") % {"left": left}}
        )
    breakout.duration_minutes = (breakout.duration_minutes or 0) + minutes
    breakout.save(update_fields=["duration_minutes"])
    schedule_spare(breakout)
    end = breakout.planned_end_at
    until = f", planned until {end:%Y-%m-%d %H:%M} UTC" if end else ""
    why = f"extended by {minutes} minute{'' if minutes == 1 else 's'}{until}"
    states.record(breakout, breakout.state, breakout.state, who=who, why=why)
    if breakout.channel_id is not None:
        # The maintenance window of the channel may have to move away from it.
        intent.requeue(Channel, [breakout.channel_id])
    return breakout
