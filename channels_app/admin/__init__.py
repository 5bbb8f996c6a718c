"""Channels, breakouts and security groups in the admin, and what they add to distributions' pages."""

from channels_app.admin import (
    alarms,
    boards,
    breakout,
    channel,
    distribution,
    security_group,
)

__all__ = ["alarms", "boards", "breakout", "channel", "distribution", "security_group"]
