"""Changing the tags of a channel and of everything that carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.models.channel import State
from channels_app.services.channel import channel_intent, locked_channel, place_check
from channels_app.services.situations import channel_situation
from channels_app.services.tags import tags_composed, tags_error
from distributions import services as distributions
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid
from streamhub.lifecycle import states
from streamhub.lifecycle.models import error_fields

CREATING = "create the "  # how the name of a step begins that AWS may refuse because of a tag


@transaction.atomic
@audit.verb("channels_app.tag_channel")
def channel_tags_change(channel: Channel, tags: Mapping[str, str], *, who: Actor) -> Channel:
    """Replace the channel's tags. Workers then change those of its parts and of its distribution.

    A creation that AWS refused is tried again with the new tags. Raises `Invalid`, `NotPossible`.
    """
    if error := tags_error(tags):
        raise Invalid({"tags": error})
    row = locked_channel(channel.pk)
    guards.check("tags", channel_situation(row))
    wanted = tags_composed(tags)
    if wanted == row.tags:
        return row
    removed = distributions.removed_keys(row.tags_removed, row.tags, wanted)
    if _refused_creation(row):
        place_check(row)
        state = State.PROVISIONING if row.mp_channel_id else State.PENDING
        states.change(row, state, who=who, why="tags changed", failed_step="", **error_fields(None))
    else:
        states.record(row, row.state, row.state, who=who, why="tags changed")
    channel_intent(row, tags=wanted, tags_removed=removed, tags_pending=_part_keys(row))
    if row.distribution is not None:
        distributions.distribution_tags_change(row.distribution, wanted, who=who)
    return row


def _part_keys(row: Channel) -> list[str]:
    """The parts that the channel has or is to have."""
    without = () if row.second_input_type and not row.second_input_lost else (Channel.ML_SECOND,)
    return [part.key for part in Channel.PARTS if part not in without]


def _refused_creation(row: Channel) -> bool:
    lost = any(part.of(row).gone for part in Channel.PARTS)
    return row.state == State.FAILED and row.failed_step.startswith(CREATING) and not lost


def tags_are_pending(channel: Channel) -> bool:
    """Whether a part or the distribution does not have the tags as they are now."""
    distribution: Any = channel.distribution
    return bool(channel.tags_pending) or (distribution is not None and distribution.tags_pending)
