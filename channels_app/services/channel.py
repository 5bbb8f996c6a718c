"""Channels: create, stop, delete, retry, and the only writer of a channel's desired state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels_app import breakout_sync
from channels_app.decide.channel import desired_of
from channels_app.guards import channel as guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import (
    NOT_SENT_AGAIN,
    ChannelClass,
    Desired,
    InputType,
    SecondRenewal,
    State,
)
from channels_app.models.part import PartColumns
from channels_app.profiles import PROFILE_NAMES
from channels_app.services.aliases import free_label
from channels_app.services.applied_settings import NOT_OPENED, wanted_authorization
from channels_app.services.places import check_creation, lock_places
from channels_app.services.security_group import security_group_for, security_group_retry
from channels_app.services.situations import channel_situation
from channels_app.services.tags import tags_composed
from channels_app.services.validation import channel_errors
from distributions import services as distributions
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.models import Priority, error_fields
from streamhub.names import composed, folded

# Error code of a channel whose distribution was deleted outside StreamHub.
DISTRIBUTION_GONE = "distribution_gone"
# The columns of a channel that is not kept warm.
NOT_WARM: dict[str, Any] = {"warm_until": None, "warm_asked_until": None}


def locked_channel(pk: int) -> Channel:
    """The channel's row, locked: the first lock of every verb. Raises `NotPossible` if it is deleted."""
    row = Channel.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise NotPossible(_("The channel is deleted."), state="deleted")
    audit.locked(row)
    return row


@transaction.atomic
@audit.verb("channels_app.add_channel", daily="max_channels_per_day")
def channel_create(
    name: str,
    *,
    who: Actor,
    channel_class: str = ChannelClass.SINGLE_PIPELINE,
    input_type: str = InputType.RTMP_PUSH,
    allowed_cidrs: list[str] | None = None,
    source_urls: list[str] | None = None,
    input_credentials: dict[str, str] | None = None,
    encoding_profile: str = "1080p",
    record: bool = False,
    second_input: dict[str, str] | None = None,
    slate_on_loss: bool = False,
    tags: dict[str, str] | None = None,
) -> Channel:
    """Create a channel. Workers then create its AWS resources and its distribution. Raises `Invalid`, and
    `NotPossible` when there are as many channels as MAX_CHANNELS allows.

    `input_credentials`: `username`, and as `password` the name of the parameter of AWS's Parameter Store that
    holds it. `second_input`: the `type` of a second push input, to which MediaLive fails over; the same CIDRs
    may push to it. `slate_on_loss`: viewers see a slate instead of black while nothing is received.
    """
    fields: dict[str, Any] = {
        "name": composed(name),
        "channel_class": channel_class,
        "input_type": input_type,
        "source_urls": source_urls or [],
        "encoding_profile": encoding_profile,
        "record": record,
        "slate_on_loss": slate_on_loss,
        "tags": tags or {},
    }
    given = {
        "allowed_cidrs": allowed_cidrs or [],
        "input_credentials": input_credentials,
        "second_input": second_input,
    }
    errors, cidrs = creation_errors({**fields, **given})
    if errors:
        raise Invalid(errors)
    fields |= _credentials(input_credentials)
    fields["second_input_type"] = (second_input or {}).get("type", "")
    fields["tags"] = tags_composed(fields["tags"])
    check_creation()
    try:
        with transaction.atomic():
            group = security_group_for(cidrs, who=who) if cidrs else None
            row = Channel.objects.create(
                **fields,
                alias_label=free_label(fields["name"]),
                allowed_cidrs=cidrs,
                security_group=group,
                authorization=wanted_authorization(),
            )
            states.record_created(row, who=who, why="created")
            intent.set_desired(row, priority=Priority.CREATE)
    except IntegrityError as error:
        if "alias_label" in str(error):  # another channel took it just now
            raise Invalid(
                {"name": _("Another channel was created with a like name just now. Try again.")}
            ) from error
        if "name" in str(error):
            raise name_taken(fields["name"]) from error
        raise
    return row


def creation_errors(fields: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """A new channel's error messages by field, a taken name included, and its normalised CIDRs."""
    errors, cidrs = channel_errors(fields, PROFILE_NAMES)
    if "name" not in errors:
        living = Channel.objects.exclude(desired=Desired.DELETED)
        twin = living.filter(name_key=folded(fields["name"])).first()
        errors |= name_taken(twin.name).errors if twin is not None else {}
    return errors, cidrs


def _credentials(given: dict[str, str] | None) -> dict[str, str]:
    """The columns of the credentials."""
    if given is None:
        return {}
    return {"source_username": given["username"], "source_password_param": given["password"]}


def name_taken(name: str) -> Invalid:
    return Invalid(
        {
            "name": _("A channel named %(name)s exists already; case does not count. Choose another name.")
            % {"name": repr(name)}
        }
    )


def channel_wanted(channel: Channel) -> str:
    """The desired state that the channel should have now."""
    states_on_air = Breakout.objects.filter(channel=channel, state__in=ON_AIR).values_list("state", flat=True)
    return desired_of(channel.desired, states_on_air, channel.warm_until, database_now())


def channel_intent(channel: Channel, **fields: Any) -> None:
    """Write the channel's desired state and wake a worker. The row must be locked.

    Only a start and a stop are urgent: what is done to idle channels must not hold them up.
    """
    desired = channel_wanted(channel)
    priority = {
        Desired.RUNNING: Priority.START,
        Desired.IDLE: Priority.STOP if breakout_sync.may_run(channel) else Priority.CREATE,
        Desired.DELETED: Priority.DELETE,
    }[Desired(desired)]
    intent.set_desired(channel, desired=desired, priority=priority, **fields)


@transaction.atomic
def channel_stop_unneeded(channel: Channel, *, who: Actor, why: str, warm: bool = True) -> bool:
    """Stop a channel that no breakout needs; with `warm` False even if it is kept warm.

    Returns False if a breakout starts or runs, or the channel should run. One that is stopping does not need
    it: it may wait for this stop. A repeated stop sends the request to AWS again, whatever state the channel
    is in.
    """
    row = Channel.objects.select_for_update(of=("self",)).filter(pk=channel.pk).first()
    if row is None or row.desired == Desired.DELETED:
        return False
    fields: dict[str, Any] = {}
    if not warm:
        row.warm_until, fields = None, dict(NOT_WARM)
    if channel_wanted(row) != Desired.IDLE:
        return False
    if row.desired == Desired.RUNNING:
        states.record(row, row.state, row.state, who=who, why=why)
    channel_intent(row, observe_requested=True, **fields)
    return True


def stop_confirmed(channel: Channel) -> dict[str, Any]:
    """The columns with which a person has even a MediaLive channel stopped that was handed over."""
    return {"stop_confirmed_id": channel.ml_channel_id}


@transaction.atomic
@audit.verb("channels_app.stop_channel")
def channel_stop(channel: Channel, *, who: Actor, confirmed: bool = False) -> Channel:
    """Stop MediaLive on a channel without a starting or running breakout, even if it is kept warm.

    Works in every state of the row while MediaLive runs or may run. A repeated stop sends the request to
    AWS again at once. `confirmed`: a person has typed the MediaLive channel's id, so that it is stopped even
    if it was handed over to others. Raises `NotPossible`.
    """
    row = locked_channel(channel.pk)
    guards.check("stop", channel_situation(row))
    row.warm_until = None
    states.record(row, row.state, row.state, who=who, why="stop requested")
    fields = stop_confirmed(row) if confirmed else {}
    channel_intent(row, observe_requested=True, **NOT_WARM, **fields)
    return row


@transaction.atomic
@audit.verb("channels_app.delete_channel")
def channel_delete(channel: Channel, *, who: Actor) -> Channel:
    """Delete the channel's AWS resources; detach and disable its distribution, which the reaper deletes.

    Cancels idle breakouts. No effect while it is being deleted. Raises `NotPossible` with a breakout on air.
    """
    channel = locked_channel(channel.pk)
    if not guards.check("delete", channel_situation(channel)):
        return channel
    for breakout in Breakout.objects.filter(channel=channel, state=BreakoutState.IDLE):
        states.change(breakout, BreakoutState.CANCELLED, who=who, why="its channel was deleted")
    if channel.distribution is not None:
        distributions.distribution_detach(channel.distribution, who=who, why="its channel was deleted")
        channel.refresh_from_db()
    channel.desired = Desired.DELETED
    states.change(
        channel, State.DELETING, who=who, why="deleted", desired=Desired.DELETED, distribution_wanted=False
    )
    channel_intent(channel, **NOT_WARM)
    return channel


@transaction.atomic
@audit.verb("channels_app.retry_channel")
def channel_retry(channel: Channel, *, who: Actor, second_too: bool = True) -> Channel:
    """Retry what failed or waits, now. Lost parts and a lost distribution are created again, unless it is
    being deleted.

    A MediaLive channel whose last edit failed gets our settings again. `second_too`: if it works without its
    second input, it gets another one, with another URL. Raises `NotPossible`, also when it is kept warm and
    has no place to run.
    """
    channel = locked_channel(channel.pk)
    place_check(channel)
    if channel.desired == Desired.DELETED:
        return _deletion_retry(channel, who=who)
    distribution_gone = channel.error_code == DISTRIBUTION_GONE
    renewed = _second_renewal(channel) if second_too else {}
    if channel.security_group is not None and (renewed or not channel.ml_input_id):
        security_group_retry(channel.security_group, who=who)
    if channel.state == State.FAILED:
        lost = _lost(channel)
        complete = channel.ml_channel_id and not lost
        state = State.IDLE if complete else State.PROVISIONING if channel.mp_channel_id else State.PENDING
        none: dict[str, Any] = {"failed_step": "", **error_fields(None)}
        none |= {} if _works_without_second(channel) else {"second_renewal": ""}
        states.change(channel, state, who=who, why="retried", **none, **_renewals(channel, lost))
    if renewed:
        how = "attached" if channel.second_unattached else "created"
        why = f"retried: another second input is {how}"
        states.record(channel, channel.state, channel.state, who=who, why=why)
    update_wanted = channel.update_wanted or channel.ml_channel_state == "UPDATE_FAILED"
    wanted = channel.distribution_wanted or (distribution_gone and channel.distribution_id is None)
    # An endpoint that is to be created gets the present settings, which a person may have corrected.
    built = {} if channel.mp_endpoint_id else {"authorization": wanted_authorization()}
    channel_intent(
        channel,
        observe_requested=True,
        distribution_wanted=wanted,
        update_wanted=update_wanted,
        edits_refused=False,
        **(error_fields(None) if channel.error_code == NOT_OPENED else {}),
        **built,
        **renewed,
    )
    return channel


def _deletion_retry(channel: Channel, *, who: Actor) -> Channel:
    if channel.state == State.FAILED:
        none: dict[str, Any] = {"failed_step": "", **error_fields(None)}
        states.change(channel, State.DELETING, who=who, why="retried", **none)
    channel_intent(channel, observe_requested=True)
    return channel


def place_check(channel: Channel) -> None:
    """Raise `NotPossible` unless the locked channel may be retried: a failed one has lost its place."""
    lock_places()
    guards.check("retry", replace(channel_situation(channel), desired=channel_wanted(channel)))


def _lost(channel: Channel) -> list[PartColumns]:
    """The parts without which it cannot work: not the second input beside a MediaLive channel."""
    lost = [part for part in Channel.PARTS if part.of(channel).lost]
    return [part for part in lost if part is not Channel.ML_SECOND or not _works_without_second(channel)]


def _works_without_second(channel: Channel) -> bool:
    return bool(channel.ml_channel_id) and not Channel.ML_CHANNEL.of(channel).lost


def _second_renewal(channel: Channel) -> dict[str, Any]:
    """The columns with which a channel that works without its second input gets another one."""
    if not _works_without_second(channel):
        return {}
    due = {"second_renewal": SecondRenewal.DUE}
    if channel.second_input_lost:
        return _renewals(channel, [Channel.ML_SECOND]) | due
    return due if channel.second_renewal in NOT_SENT_AGAIN else {}


def _renewals(channel: Channel, parts: list[PartColumns]) -> dict[str, Any]:
    """The columns that reset these lost parts, with a new token for each MediaLive part."""
    fields: dict[str, Any] = {}
    for part in parts:
        fields |= part.renewed(channel)
    return fields
