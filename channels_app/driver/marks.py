"""The mark and the tags of a channel's parts."""

from __future__ import annotations

from django.conf import settings

from channels_app.models import Channel
from streamhub.aws.ownership import Mark
from streamhub.aws.ownership import tags as ownership_tags


def mark_of(row: Channel) -> Mark:
    """The mark with which every part of this row was created."""
    return Mark(settings.STREAMHUB_ENVIRONMENT, Channel.KIND, row.uid)


def tags_of(row: Channel) -> dict[str, str]:
    """The tags of every part of this row: the mark and those of staff."""
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, Channel.KIND, row.uid, row.tags)
