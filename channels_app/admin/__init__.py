"""Channels, breakouts and security groups in the admin, and what they add to distributions' pages."""

from channels_app.admin import boards, breakout, channel, distribution, drift, recordings, security_group

__all__ = ["boards", "breakout", "channel", "distribution", "drift", "recordings", "security_group"]
