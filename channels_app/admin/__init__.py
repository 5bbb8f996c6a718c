"""Channels, breakouts and security groups in the admin, and their additions to distribution pages."""

from django.utils.translation import gettext_lazy as _

from channels_app.admin import (
    back_to_back,
    breakout,
    calendar,
    channel,
    distribution,
    live_now,
    rescue,
    schedule,
    security_group,
    warmth,
)
from streamhub.console.navigation import Entry

NAVIGATION = (
    live_now.ENTRY,
    Entry(110, _("Live"), _("Breakouts"), "podcasts", "channels_app.breakout"),
    Entry(
        115,
        _("Live"),
        _("Calendar"),
        "calendar_month",
        url_name="admin:calendar",
        permission="channels_app.view_breakout",
    ),
    Entry(120, _("Live"), _("Channels"), "settings_input_antenna", "channels_app.channel"),
    Entry(130, _("Live"), _("Security groups"), "shield", "channels_app.securitygroup"),
)
PAGE_PARTS = (
    breakout.PARTS,
    back_to_back.PARTS,
    channel.PARTS,
    warmth.PARTS,
    rescue.PARTS,
    schedule.CHANNEL_PARTS,
    schedule.BREAKOUT_PARTS,
    distribution.PARTS,
)

ADMIN_URLS = (*calendar.URLS, *live_now.URLS)

__all__ = ["ADMIN_URLS", "NAVIGATION", "PAGE_PARTS", "security_group"]
