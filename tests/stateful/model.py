"""A simple model: which verbs are accepted in which state, and what an accepted verb leads to.

It follows the API's contract (docs/api.md) and not the services. Both must agree in every situation.
"""

from __future__ import annotations

from channels_app.models import Breakout, Channel
from distributions.models import Distribution

ON_AIR = {"starting", "running", "stopping"}
STARTABLE = {"idle", "starting", "running", "stopping"}

# Breakout verbs: the states in which they have an effect, and those in which they are accepted without one.
EFFECTIVE_IN = {
    "prepare": {"idle", "starting", "running", "failed"},
    "start": {"idle", "failed"},
    "stop": {"starting", "running", "failed"},
    "cancel": {"idle", "starting"},
    "curtain": {"idle", "starting", "running", "stopping", "failed"},
    "retry": {"failed"},
}
REPEATED_IN = {"start": {"starting", "running"}, "stop": {"stopping", "completed"}, "cancel": {"cancelled"}}
# The final state of a breakout after the verb.
TARGET_STATE = {"start": "running", "retry": "running", "stop": "completed", "cancel": "cancelled"}


def exists(channel: Channel | None) -> bool:
    return channel is not None and channel.desired != "deleted"


def on_air(channel: Channel | None, besides: Breakout | None = None) -> bool:
    rows = Breakout.objects.filter(channel=channel, state__in=ON_AIR) if channel else Breakout.objects.none()
    return rows.exclude(pk=besides.pk if besides else None).exists()


def breakout_accepts(verb: str, row: Breakout) -> bool:
    """Whether the verb is accepted on this breakout now."""
    if row.state in REPEATED_IN.get(verb, set()):
        return True
    if row.state not in EFFECTIVE_IN[verb]:
        return False
    if verb == "prepare":
        return exists(row.channel)
    if verb in ("start", "retry"):
        ready = STARTABLE | ({"failed"} if verb == "retry" else set())
        return exists(row.channel) and row.channel.state in ready and not on_air(row.channel, row)
    return True


def channel_accepts(verb: str, row: Channel) -> bool:
    """Whether the verb is accepted on this channel now."""
    if verb == "delete":
        return row.desired == "deleted" or not on_air(row)
    if verb == "retry":
        return row.state == "failed" or bool(row.error_code)
    if verb == "breakout":
        return exists(row)
    return exists(row) and row.distribution_id is None and bool(row.endpoint_url)  # another distribution


def distribution_accepts(verb: str, row: Distribution) -> bool:
    """Whether the verb is accepted on this distribution now."""
    channel = Channel.objects.filter(distribution=row).first()
    if verb == "detach":
        return row.desired == "deleted" if not row.attached else not on_air(channel)
    if verb == "retry":
        return row.state == "failed" or bool(row.error_code)
    resting = row.state in ("disabling", "disabled")
    if verb == "keep":
        return row.desired == "deleted" and resting
    if verb == "delete":
        return not row.attached
    return True  # sync


def reattach_accepted(channel: Channel, row: Distribution) -> bool:
    fits = exists(channel) and channel.distribution_id is None and row.origin_url == channel.endpoint_url
    return fits and not row.attached and row.state in ("disabling", "disabled")
