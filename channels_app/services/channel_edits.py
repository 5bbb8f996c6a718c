"""Editing a channel: what AWS has to change too stays pending until a worker has changed it.

Another set of CIDRs is another security group on the same input, so that its URLs stay; a group that others
share is never edited. AWS's own names of the resources do not follow the channel's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from channels_app.guards import channel as guards
from channels_app.models import Breakout, Channel, SecurityGroup
from channels_app.models.breakout import ON_AIR
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import Desired
from channels_app.profiles import PROFILE_NAMES
from channels_app.services.channel import channel_intent, locked_channel, name_taken
from channels_app.services.channel_tags import channel_tags_change, tags_are_pending
from channels_app.services.security_group import security_group_for, security_group_release
from channels_app.services.situations import channel_situation
from channels_app.services.tags import tags_error
from channels_app.services.validation import UNREAD, channel_errors
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid
from streamhub.lifecycle import states
from streamhub.names import composed, folded

CIDRS = "allowed_cidrs"
# The fields that UpdateChannel changes.
ENCODER_FIELDS = ("encoding_profile", "record")
EDITABLE = ("name", CIDRS, *ENCODER_FIELDS)
LABELS = {"name": "name", CIDRS: "allowed CIDRs", "encoding_profile": "profile", "record": "recorded"}


@transaction.atomic
@audit.verb("channels_app.edit_channel")
def channel_edit(channel: Channel, *, who: Actor, **given: Any) -> Channel:
    """Change the fields that are given: `name`, `tags`, `allowed_cidrs`, `encoding_profile`, `record`.

    Workers then change what AWS has (`pending_changes`): CIDRs, profile and recording while MediaLive's
    channel is idle. CIDRs are taken any time and wait for that. Raises `Invalid`, and `NotPossible` for
    profile and recording while MediaLive runs.
    """
    row = locked_channel(channel.pk)
    guards.check("edit", channel_situation(row))
    tags = given.pop("tags", None)
    checked = _checked(row, given, tags)
    wanted = {name: value for name, value in checked.items() if value != getattr(row, name)}
    if any(field in wanted for field in ENCODER_FIELDS):
        guards.ENCODER_TABLE.check("edit", channel_situation(row))
    if wanted:
        _edit(row, wanted, who=who)
    if tags is not None:
        row = channel_tags_change(row, tags, who=who)
    return row


def edit_errors(given: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the fields of an edit whatever the channel is, by field.

    Whether a name is taken, and which CIDRs can be, depends on the channel.
    """
    found, _cidrs = channel_errors({**UNREAD, **given}, PROFILE_NAMES)
    return {name: message for name, message in found.items() if name in given and name != CIDRS}


def _checked(row: Channel, given: Mapping[str, Any], tags: dict[str, str] | None) -> dict[str, Any]:
    """The given fields as they are stored, without the tags. Raises `Invalid` with all that is wrong.

    That is also a name that another channel has, and what is wrong with the tags.
    """
    if unknown := sorted(set(given) - set(EDITABLE)):
        raise TypeError(f"A channel has no field to edit: {', '.join(unknown)}.")
    values = dict(given)
    if "name" in values:
        values["name"] = composed(values["name"])
    fields = ("name", "channel_class", "input_type", CIDRS, "source_urls", *ENCODER_FIELDS, "tags")
    found, cidrs = channel_errors({name: getattr(row, name) for name in fields} | values, PROFILE_NAMES)
    errors = {name: message for name, message in found.items() if name in values}
    if "name" in values and "name" not in errors:
        living = Channel.objects.exclude(desired=Desired.DELETED).exclude(pk=row.pk)
        twin = living.filter(name_key=folded(values["name"])).first()
        errors |= name_taken(twin.name).errors if twin is not None else {}
    if tags is not None and (wrong := tags_error(tags)):
        errors["tags"] = wrong
    if errors:
        raise Invalid(errors)
    return values | ({CIDRS: cidrs} if CIDRS in values else {})


def _edit(row: Channel, wanted: Mapping[str, Any], *, who: Actor) -> None:
    why = "edited: " + "; ".join(_sentence(row, name, value) for name, value in wanted.items())
    fields: dict[str, Any] = dict(wanted)
    pending = set(row.edits_pending) & set(EDITABLE)
    if row.ml_channel_sent_at is not None:
        pending |= set(wanted) & set(ENCODER_FIELDS)
    released = None
    if CIDRS in wanted:
        regrouped, released = _regrouped(row, wanted[CIDRS], who=who)
        fields |= regrouped
        pending |= {CIDRS} if row.ml_input_sent_at is not None else set()
    if "name" in wanted:
        fields["name_key"] = folded(wanted["name"])
        _rename_shows(row, wanted["name"])
    states.record(row, row.state, row.state, who=who, why=why)
    in_order = [field for field in EDITABLE if field in pending]
    try:
        with transaction.atomic():
            channel_intent(row, edits_pending=in_order, edits_refused=False, **fields)
    except IntegrityError as error:
        if "name" in str(error):
            raise name_taken(wanted["name"]) from error
        raise
    if released is not None:
        security_group_release(released)


def _sentence(row: Channel, name: str, value: Any) -> str:
    return f"{LABELS[name]} {_text(getattr(row, name))} becomes {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _regrouped(row: Channel, cidrs: list[str], *, who: Actor) -> tuple[dict[str, Any], SecurityGroup | None]:
    """The columns with the group of these CIDRs, and a group to release now.

    The input keeps the group that it has until a worker has given it the new one.
    """
    before, group = row.security_group, security_group_for(cidrs, who=who)
    if row.ml_input_sent_at is None:
        return {"security_group": group}, before
    leaving = row.leaving_group or before
    released = before if before not in (leaving, group) else None
    return {"security_group": group, "leaving_group": None if leaving == group else leaving}, released


def _rename_shows(row: Channel, name: str) -> None:
    """What is not over carries the new name; the past keeps the one that it had."""
    living = (BreakoutState.IDLE, BreakoutState.FAILED, *ON_AIR)
    Breakout.objects.filter(channel=row, state__in=living).update(channel_name=name)


def pending_changes(channel: Channel) -> list[str]:
    """The fields whose change has not reached AWS yet."""
    return (["tags"] if tags_are_pending(channel) else []) + list(channel.edits_pending)
