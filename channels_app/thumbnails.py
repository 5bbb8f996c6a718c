"""The last still of what a channel receives, for staff. No call to AWS: the job `watch_inputs` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from channels_app.input_health import is_listening, stills_of
from channels_app.models import Channel


@dataclass(frozen=True)
class Thumbnail:
    """A still of a pipeline. `url` serves its bytes to staff who may see the channel, with an ETag."""

    pipeline: int
    taken_at: datetime
    content_type: str
    url: str


def thumbnails(channel: Channel) -> list[Thumbnail]:
    """One for each pipeline that has a still, by pipeline; none while the channel does not run."""
    if not is_listening(channel):
        return []
    return [
        Thumbnail(
            still.pipeline,
            still.taken_at,
            still.content_type,
            f"{reverse('admin:channels_app_channel_thumbnail', args=[channel.pk, still.pipeline])}"
            f"?v={still.digest[:16]}",
        )
        for still in stills_of(channel)
    ]


def thumbnail(channel: Channel) -> Thumbnail | None:
    """That of the first pipeline that has one."""
    return next(iter(thumbnails(channel)), None)
