"""Take over: the next breakout begins where the running one ends, on the same MediaLive run.

Nothing of it needs AWS, so it is done when it is accepted: one transaction, no step of a worker.
"""

from __future__ import annotations

from typing import cast

from django.db import transaction
from django.db.models import Q

from channels_app import breakout_sync
from channels_app.guards import breakout as guards
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import State
from channels_app.services.breakout import locked_breakout, start_from
from channels_app.services.situations import breakout_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import end_of
from streamhub.lifecycle import states


@transaction.atomic
@audit.verb("channels_app.take_over_breakout")
def breakout_take_over(breakout: Breakout, *, who: Actor) -> Breakout:
    """End the breakout that runs on the channel and be on air in its place. MediaLive goes on.

    The one is completed and the other running at the same moment, and so are their attachments: every byte
    belongs to one of them. No effect while it is starting or running. Raises `NotPossible`.
    """
    _lock(breakout)
    breakout = locked_breakout(breakout)
    if not guards.check("take-over", breakout_situation(breakout)):
        return breakout
    channel = cast(Channel, breakout.channel)
    earlier = Breakout.objects.get(channel=channel, state=State.RUNNING)
    _hand_over(earlier, breakout, who=who)
    start_from(breakout, channel, who=who, why=f"takes over from {earlier.name}")
    _begin_where_it_ended(earlier, breakout, channel)
    breakout.refresh_from_db()
    return breakout


def _lock(breakout: Breakout) -> None:
    """Lock the channel, then both breakouts in the order of their keys."""
    if breakout.channel_id is None:
        return
    list(Channel.objects.select_for_update(of=("self",)).filter(pk=breakout.channel_id))
    both = Q(pk=breakout.pk) | Q(channel_id=breakout.channel_id, state=State.RUNNING)
    list(Breakout.objects.filter(both).order_by("pk").select_for_update(of=("self",)))


def _hand_over(earlier: Breakout, later: Breakout, *, who: Actor) -> None:
    """Accept the stop of the earlier one, and complete it at once: its channel goes on."""
    states.change(
        earlier,
        State.STOPPING,
        who=who,
        why=f"stop accepted: {later.name} takes over",
        cancelling=False,
        session_ended_at=end_of("session_started_at"),
    )
    breakout_sync.breakout_end(earlier, why=breakout_sync.GOES_ON)


def _begin_where_it_ended(earlier: Breakout, later: Breakout, channel: Channel) -> None:
    """The channel runs, so the later one does too, from the very moment at which the earlier one ended."""
    channel.refresh_from_db()
    breakout_sync.sync_breakout(channel)
    ended = earlier.session_ended_at
    Breakout.objects.filter(pk=later.pk).update(session_started_at=ended)
    closed = Attachment.objects.filter(breakout=earlier, started_at__lte=ended, ended_at__gt=ended)
    closed.update(ended_at=ended)
    Attachment.objects.filter(breakout=later, ended_at__isnull=True).update(started_at=ended)
