"""Channel, SecurityGroup, Breakout, Attachment, Recording, DriftReading, DriftSighting."""

from channels_app.models.breakout import Attachment, Breakout
from channels_app.models.channel import Channel
from channels_app.models.drift import DriftReading, DriftSighting
from channels_app.models.recording import Recording
from channels_app.models.security_group import SecurityGroup

__all__ = ["Attachment", "Breakout", "Channel", "DriftReading", "DriftSighting", "Recording", "SecurityGroup"]
