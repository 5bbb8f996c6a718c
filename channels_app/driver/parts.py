"""The AWS resources of a channel, four or five: how each is created, described, deleted and found.

All have the same set of columns (`Channel.PARTS`), so interrupted creates and false NotFound answers
are handled once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.decide.observed import Part
from channels_app.driver import input_settings
from channels_app.driver.input_settings import Slot
from channels_app.driver.marks import mark_of, tags_of
from channels_app.models import Channel
from channels_app.models.channel import PUSH_TYPES, ChannelClass
from channels_app.models.part import DELETING, PartColumns, StoredPart
from channels_app.operations import deletions_accepted
from channels_app.services.applied_settings import applied_role, encoder_settings
from channels_app.viewers import SEGMENT_SECONDS
from streamhub.aws import medialive, mediapackage
from streamhub.aws.encoding import PROFILES
from streamhub.aws.ownership import is_still, mark_of_tags, text_of
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.lifecycle import recorded_settings
from streamhub.lifecycle.awaiting import BY_LIST_PERIODS
from streamhub.quotas.catalogue import ML_CHANNELS, MP_CHANNELS, PULL_INPUTS, PUSH_INPUTS, Kind

# An accepted delete that has no effect is sent again after this many seconds, and if AWS has accepted that of
# every part, once a complete list had time to show them.
DELETE_AGAIN_SECONDS = 120
STARTOVER_SECONDS = 3600
CONFLICT = "ConflictException"


def live() -> medialive.MediaLive:
    return medialive.MediaLive(current_session())


def package() -> mediapackage.MediaPackage:
    return mediapackage.MediaPackage(current_session())


@dataclass(frozen=True)
class PartDriver:
    """One part: its columns, its name for people, and its AWS calls.

    `own_facts(info)`: the columns of this part alone that an AWS answer fills. `find(row)`: the resource
    that an interrupted create left, or None; MediaPackage's raise `NotFound`. `delete(id)` returns AWS's
    request id. `tag(arn, tags, removed)` sets tags, takes keys off and returns AWS's request id. `read_at`:
    the column with the time at which it was last read. `operation`: the call that creates it. `quota(row)`:
    the quota in which a create takes a place. `built(row)`: the columns that record what a create is sent.
    """

    columns: PartColumns
    label: str
    operation: str
    create: Callable[[Channel], Any]
    describe: Callable[[str], Any]
    delete: Callable[[str], str | None]
    find: Callable[[Channel], Any | None]
    own_facts: Callable[[Any], dict[str, Any]]
    tag: Callable[[str, Mapping[str, str], Sequence[str]], str | None]
    quota: Callable[[Channel], Kind | None] = lambda row: None
    built: Callable[[Channel], dict[str, Any]] = lambda row: {}
    read_at: str = "observed_at"

    @property
    def key(self) -> str:
        return self.columns.key

    @property
    def has_token(self) -> bool:
        """Whether AWS takes an idempotency token (MediaLive), not an id that we choose (MediaPackage)."""
        return self.columns.serial is not None

    def was_conflict(self, row: Channel) -> bool:
        """Whether AWS answered the last create with a conflict."""
        return row.error_operation == self.operation and row.error_code == CONFLICT

    def of(self, row: Channel) -> StoredPart:
        return self.columns.of(row)

    def facts(self, info: Any) -> dict[str, Any]:
        """The columns that an AWS answer fills, and what its tags say about ownership."""
        columns = self.columns
        return {
            **self.own_facts(info),
            columns.mark.attname: text_of(info.tags),
            columns.arn.attname: info.arn,
        }

    def observed(self, row: Channel) -> Part:
        """This part as input for `next_step`."""
        stored = self.of(row)
        deleting = stored.deleted_at is not None and database_now() - stored.deleted_at < _delete_again(row)
        gone = stored.lost
        # AWS may show a resource that is being deleted without its tags.
        exists = bool(stored.aws_id) and not (gone or deleting or stored.state == DELETING)
        return Part(
            known=bool(stored.aws_id),
            sent=stored.sent_at is not None,
            state=stored.state,
            deleting=deleting,
            gone=gone,
            handed_over=exists and bool(stored.mark) and not is_still(stored.mark, mark_of(row)),
        )

    def known(self, info: Any) -> dict[str, Any]:
        """The columns to write as soon as AWS has returned the id."""
        return {
            **self.columns.known_as(info.id),
            **self.facts(info),
            "observed_at": Now(),
            self.read_at: Now(),
        }


def _delete_again(row: Channel) -> timedelta:
    """How long an accepted delete has time to take effect, and to be seen."""
    if not deletions_accepted(row):
        return timedelta(seconds=DELETE_AGAIN_SECONDS)
    listed = min(settings.FULL_OBSERVE_SECONDS, BY_LIST_PERIODS * settings.OBSERVE_SECONDS)
    return timedelta(seconds=max(DELETE_AGAIN_SECONDS, listed + 2 * settings.OBSERVE_SECONDS))


def belongs(row: Channel, info: Any) -> bool:
    """Whether the resource carries this row's ownership tags."""
    mark = mark_of_tags(info.tags)
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=Channel.KIND, owner=row.uid)


def find_by_tags(pages: Iterable[Any], row: Channel, fits: Callable[[Any], bool] | None = None) -> Any | None:
    """The first one that carries this row's tags and `fits`."""
    for page in pages:
        for info in page.items:
            if belongs(row, info) and not info.gone and (fits is None or fits(info)):
                return info
    return None


def _find_input(slot: Slot, row: Channel) -> Any | None:
    return find_by_tags(live().input_pages(), row, lambda info: input_settings.slot_of(info) is slot)


def _create_mp_channel(row: Channel) -> Any:
    return package().create_channel(row.aws_name(), f"StreamHub channel {row.name}", tags_of(row))


def _create_endpoint(row: Channel) -> Any:
    return package().create_endpoint(
        row.aws_name(),
        row.mp_channel_id,
        STARTOVER_SECONDS,
        SEGMENT_SECONDS,
        tags_of(row),
        _authorization(row),
    )


def _authorization(row: Channel) -> mediapackage.Authorization | None:
    secret, _, role = row.authorization.partition(" ")
    return mediapackage.Authorization(secret, role) if secret else None


def open_endpoint(row: Channel) -> mediapackage.EndpointInfo:
    """Give the endpoint the settings that the row wants: open to CloudFront, and to nobody else if closed."""
    return package().update_endpoint(
        row.mp_endpoint_id, STARTOVER_SECONDS, SEGMENT_SECONDS, _authorization(row)
    )


def _endpoint_facts(info: mediapackage.EndpointInfo) -> dict[str, Any]:
    seen = info.authorization
    return {
        "endpoint_url": info.url,
        "endpoint_closed_by": info.closed_by,
        "authorization_seen": f"{seen.secret} {seen.role}" if seen else "",
    }


def _create_input(slot: Slot, token: str, row: Channel) -> Any:
    ours = input_settings.wanted(row, slot)
    return live().create_input(
        row.token(token),
        **asdict(ours),
        input_class=row.channel_class,
        tags=tags_of(row),
        role_arn=settings.MEDIALIVE_ROLE_ARN if ours.source_urls else None,
    )


def restore_input(row: Channel, slot: Slot) -> medialive.InputInfo:
    """Give what differs the value with which it was created. Raises `Conflict`, `Refused`, `NotFound`."""
    ours, differing = input_settings.wanted(row, slot), input_settings.differing(row, slot)
    restores_sources = input_settings.SOURCES in differing
    return live().update_input(
        slot.part.of(row).aws_id,
        name=ours.name,
        type=ours.type,
        security_group_ids=ours.security_group_ids if input_settings.GROUPS in differing else None,
        destinations=ours.destinations if input_settings.STREAMS in differing else [],
        source_urls=ours.source_urls if restores_sources else [],
        credentials=ours.credentials,
    )


def edit_input(row: Channel, slot: Slot) -> medialive.InputInfo:
    """Give an input the security group that the row wants. Raises `Conflict`, `Refused`, `NotFound`."""
    ours = input_settings.wanted(row, slot)
    return live().update_input(
        slot.part.of(row).aws_id, name=ours.name, type=ours.type, security_group_ids=ours.security_group_ids
    )


def _create_ml_channel(row: Channel) -> Any:
    return live().create_channel(_ml_channel_spec(row))


def update_ml_channel(row: Channel) -> medialive.ChannelInfo:
    """UpdateChannel with the settings that the row wants. Raises `Conflict`, `Refused`, `NotFound`."""
    return live().update_channel(row.ml_channel_id, _ml_channel_spec(row))


def attach_input(row: Channel) -> medialive.ChannelInfo:
    """Have the MediaLive channel read our input, and no other. Raises `Conflict`, `Refused`, `NotFound`."""
    spec = replace(_ml_channel_spec(row), role_arn=applied_role(row))
    return live().attach_input(row.ml_channel_id, spec)


def set_maintenance(row: Channel, day: str, start: str) -> medialive.ChannelInfo:
    """Give the MediaLive channel another window. Raises `Conflict`, `Refused`, `NotFound`."""
    return live().set_maintenance(row.ml_channel_id, day, start, applied_role(row))


def _ml_channel_spec(row: Channel) -> medialive.ChannelSpec:
    archive = f"s3ssl://{settings.RECORDING_BUCKET}/{row.uid}/$dt$/main" if row.record else None
    return medialive.ChannelSpec(
        token=row.token("channel"),
        name=row.aws_name(),
        input_id=row.ml_input_id,
        mediapackage_channel_id=row.mp_channel_id,
        channel_class=ChannelClass(row.channel_class).value,
        role_arn=settings.MEDIALIVE_ROLE_ARN,
        profile=PROFILES[row.encoding_profile],
        archive_destination=archive,
        tags=tags_of(row),
        input_type=row.input_type,
        second_input_id="".join(row.input_ids[1:]),
        slate_on_loss=row.slate_on_loss,
        slate_image_url=settings.SLATE_IMAGE_URL,
    )


MP_CHANNEL = PartDriver(
    columns=Channel.MP_CHANNEL,
    label="MediaPackage channel",
    operation="mediapackage:CreateChannel",
    create=_create_mp_channel,
    describe=lambda id: package().describe_channel(id),
    delete=lambda id: package().delete_channel(id),
    find=lambda row: package().describe_channel(row.aws_name()),
    own_facts=lambda info: {},
    tag=lambda arn, tags, removed: package().change_tags(arn, tags, removed),
    quota=lambda row: MP_CHANNELS,
)
ENDPOINT = PartDriver(
    columns=Channel.MP_ENDPOINT,
    label="MediaPackage endpoint",
    operation="mediapackage:CreateOriginEndpoint",
    create=_create_endpoint,
    describe=lambda id: package().describe_endpoint(id),
    delete=lambda id: package().delete_endpoint(id),
    find=lambda row: package().describe_endpoint(row.aws_name()),
    own_facts=_endpoint_facts,
    tag=lambda arn, tags, removed: package().change_tags(arn, tags, removed),
)


def _input(
    slot: Slot, urls: str, token: str, quota: Callable[[Channel], Kind | None] = lambda row: PUSH_INPUTS
) -> PartDriver:
    """An input. `urls`: the column with its addresses; `token`: the name of its idempotency token."""
    return PartDriver(
        columns=slot.part,
        label=slot.label,
        operation="medialive:CreateInput",
        create=partial(_create_input, slot, token),
        describe=lambda id: live().describe_input(id),
        delete=lambda id: live().delete_input(id),
        find=partial(_find_input, slot),
        own_facts=lambda info: {
            slot.state: info.state,
            urls: list(info.dest_urls),
            slot.settings: input_settings.settings_of(info),
        },
        tag=lambda arn, tags, removed: live().change_tags(arn, tags, removed),
        quota=quota,
    )


INPUT = _input(
    input_settings.MAIN,
    "input_urls",
    "input",
    lambda row: PUSH_INPUTS if row.input_type in PUSH_TYPES else PULL_INPUTS,
)
SECOND = _input(input_settings.SECOND, "second_urls", "second")
ML_CHANNEL = PartDriver(
    columns=Channel.ML_CHANNEL,
    label="MediaLive channel",
    operation="medialive:CreateChannel",
    create=_create_ml_channel,
    describe=lambda id: live().describe_channel(id),
    delete=lambda id: live().delete_channel(id).request_id,
    find=lambda row: find_by_tags(live().channel_pages(), row),
    own_facts=lambda info: {
        "ml_channel_state": info.state,
        "maintenance_window": info.maintenance,
        "attached_inputs": list(info.input_ids),
    },
    tag=lambda arn, tags, removed: live().change_tags(arn, tags, removed),
    quota=lambda row: ML_CHANNELS,
    built=lambda row: {"settings_applied": recorded_settings.encoded(encoder_settings(row))},
    read_at="encoder_read_at",
)
INPUTS = (INPUT, SECOND)
PART_DRIVERS = (MP_CHANNEL, ENDPOINT, INPUT, SECOND, ML_CHANNEL)
PART_DRIVER_OF = {part.key: part for part in PART_DRIVERS}
