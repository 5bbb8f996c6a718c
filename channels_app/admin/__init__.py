"""Channels, breakouts and security groups in the admin, and their additions to distribution pages."""

from channels_app.admin import back_to_back, breakout, channel, distribution, schedule, security_group, warmth
from streamhub.console.navigation import Entry

NAVIGATION = (
    Entry(110, "Live", "Breakouts", "podcasts", "channels_app.breakout"),
    Entry(
        115,
        "Live",
        "Calendar",
        "calendar_month",
        url_name="admin:calendar",
        permission="channels_app.view_breakout",
    ),
    Entry(120, "Live", "Channels", "settings_input_antenna", "channels_app.channel"),
    Entry(130, "Live", "Security groups", "shield", "channels_app.securitygroup"),
)
PAGE_PARTS = (
    breakout.PARTS,
    back_to_back.PARTS,
    channel.PARTS,
    warmth.PARTS,
    schedule.CHANNEL_PARTS,
    schedule.BREAKOUT_PARTS,
    distribution.PARTS,
)

__all__ = ["NAVIGATION", "PAGE_PARTS", "security_group"]
