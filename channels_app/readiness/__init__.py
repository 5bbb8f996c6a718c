"""Whether a breakout is ready to go on air, from the last observation. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels_app.models import Breakout
from channels_app.models.channel import Desired
from channels_app.readiness import alias, delivery, picture, plan
from channels_app.readiness import channel as of_channel
from channels_app.readiness.check import Check, last_observed

__all__ = ["Check", "Readiness", "last_observed", "readiness"]


@dataclass(frozen=True)
class Readiness:
    checks: list[Check]

    @property
    def ready(self) -> bool:
        return all(check.passes for check in self.checks)


def readiness(breakout: Breakout) -> Readiness:
    """The checks of a breakout, in the order in which an operator works through them."""
    channel = breakout.channel
    if channel is None or channel.desired == Desired.DELETED:
        return Readiness([Check("channel", False, _("The channel is deleted or being deleted."))])
    return Readiness(
        [
            of_channel.state(channel),
            of_channel.error(channel),
            of_channel.free(breakout, channel),
            *plan.other_show(breakout, channel),
            picture.attached(channel),
            *picture.cidrs(channel),
            picture.receiving(channel),
            *delivery.distribution(channel),
            *alias.alias(channel.distribution),
            *of_channel.origin(channel),
            *picture.bucket(channel),
            of_channel.outdated(channel),
            plan.quota(channel),
            *of_channel.maintenance(breakout, channel),
        ]
    )
