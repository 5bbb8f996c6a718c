"""Channel, SecurityGroup, Breakout, Attachment, RecordingBucket, and what is seen of a channel's input."""

from channels_app.models.breakout import Attachment, Breakout
from channels_app.models.channel import Channel
from channels_app.models.input_facts import InputFacts, PipelineStill
from channels_app.models.recording_bucket import RecordingBucket
from channels_app.models.security_group import SecurityGroup

__all__ = [
    "Attachment",
    "Breakout",
    "Channel",
    "InputFacts",
    "PipelineStill",
    "RecordingBucket",
    "SecurityGroup",
]
