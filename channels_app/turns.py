"""Whether a start or a stop waits for its turn at AWS's rate, and how long, in a sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _

from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from streamhub.aws.call_queue import QueueState
from streamhub.aws.session import AwsSession, current_session
from streamhub.errors import EmbeddedNotRunning, Misconfigured

START, STOP = "StartChannel", "StopChannel"
NOUNS = {START: "starts", STOP: "stops"}


def turn_of(channel: Channel) -> str:
    """The channel's turn in the line; "": it does not wait. No query, and no call of AWS."""
    operation = _call(channel)
    if not operation:
        return ""
    try:
        session = current_session()
    except (EmbeddedNotRunning, Misconfigured):
        return ""
    place, throttled = _standing(session, operation, channel)
    state = session.queue_state("medialive", operation) if place or throttled else None
    return sentence(operation, place, state, throttled=throttled) if state else ""


def sentence(operation: str, place: int, state: QueueState, *, throttled: bool) -> str:
    """What to say of a place in the line (0: it is not in the line yet)."""
    who = _("AWS throttles: it") if throttled else "AWS"
    lets = _("%(who)s lets %(per_second)s %(nouns)s a second through") % {
        "who": who,
        "per_second": f"{state.per_second:.2g}",
        "nouns": NOUNS[operation],
    }
    if not place:
        return _("%(lets)s. StreamHub sends this one again within seconds.") % {"lets": lets}
    return _("%(lets)s; this is number %(place)s in the line: about %(max)s s.") % {
        "lets": lets,
        "place": place,
        "max": max(1, round(place / state.per_second)),
    }


def _call(channel: Channel) -> str:
    """The call that it waits to make; "": none."""
    running = channel.desired == Desired.RUNNING
    if running and channel.state != State.RUNNING and channel.start_accepted_at is None:
        return START
    ends = not running and channel.state in (State.STARTING, State.RUNNING, State.STOPPING)
    return STOP if ends and channel.stop_accepted_at is None else ""


def _standing(session: AwsSession, operation: str, channel: Channel) -> tuple[int, bool]:
    throttled = any(each.operation == f"medialive:{operation}" for each in session.throttles())
    return session.place("medialive", operation, f"{channel.KIND}:{channel.pk}"), throttled
