"""The four AWS resources of a channel: how each is described, created, deleted and found again.

All four share one scheme of columns (`<part>_id`, `_sent_at`, `_gone`, `_deleted_at`), so what must be
right once (a create that was cut, a NotFound that may lie) is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.decide import Part
from channels_app.models import Channel
from channels_app.models.channel import ChannelClass, InputType
from streamhub.aws import medialive, mediapackage
from streamhub.aws.encoding import PROFILES
from streamhub.aws.ownership import mark_of_tags
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.aws.session import current_session
from streamhub.lifecycle.models import database_now

# After this long without effect an accepted delete is sent again (seconds).
DELETE_AGAIN_SECONDS = 120
STARTOVER_SECONDS = 3600
SEGMENT_SECONDS = 4


def live() -> medialive.MediaLive:
    return medialive.MediaLive(current_session())


def package() -> mediapackage.MediaPackage:
    return mediapackage.MediaPackage(current_session())


@dataclass(frozen=True)
class Kind:
    """One of the four: its column prefix, what people call it, and its AWS calls.

    `facts(info)` are the columns an answer fills; `find(row)` looks for a resource whose create was cut;
    `delete(id)` gives AWS's request id.
    """

    prefix: str
    words: str
    create: Callable[[Channel], Any]
    describe: Callable[[str], Any]
    delete: Callable[[str], str | None]
    find: Callable[[Channel], Any | None]
    facts: Callable[[Any], dict[str, Any]]
    has_token: bool = False

    def column(self, name: str) -> str:
        return f"{self.prefix}_{name}"

    def get(self, row: Channel, name: str) -> Any:
        return getattr(row, self.column(name))

    def columns(self, **values: Any) -> dict[str, Any]:
        return {self.column(name): value for name, value in values.items()}

    def observed(self, row: Channel) -> Part:
        """This part as the pure decision sees it."""
        state = getattr(row, self.column("state"), "")
        deleted_at = self.get(row, "deleted_at")
        again = timedelta(seconds=DELETE_AGAIN_SECONDS)
        return Part(
            known=bool(self.get(row, "id")),
            sent=self.get(row, "sent_at") is not None,
            state=state,
            deleting=deleted_at is not None and database_now() - deleted_at < again,
            gone=self.get(row, "gone") or state == medialive.DELETED,
        )

    def known(self, info: Any) -> dict[str, Any]:
        """The columns to write the moment AWS has told the id."""
        return {**self.columns(id=info.id), **self.facts(info), "observed_at": Now()}

    def renewed(self, row: Channel) -> dict[str, Any]:
        """The columns that forget a lost part, so that it is created anew (with a new token)."""
        fields = self.columns(id="", sent_at=None, gone=False, deleted_at=None)
        if self.has_token:
            fields |= self.columns(serial=self.get(row, "serial") + 1, state="")
        return fields


def tags_of(row: Channel) -> dict[str, str]:
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, Channel.KIND, row.uid, row.tags)


def belongs(row: Channel, info: Any) -> bool:
    """Whether a resource carries this row's mark."""
    mark = mark_of_tags(info.tags)
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=Channel.KIND, owner=row.uid)


def find_by_tags(pages: Iterable[Any], row: Channel) -> Any | None:
    for page in pages:
        for info in page.items:
            if belongs(row, info) and not info.gone:
                return info
    return None


def _create_mp_channel(row: Channel) -> Any:
    return package().create_channel(row.aws_name(), f"StreamHub channel {row.name}", tags_of(row))


def _create_endpoint(row: Channel) -> Any:
    return package().create_endpoint(
        row.aws_name(), row.mp_channel_id, STARTOVER_SECONDS, SEGMENT_SECONDS, tags_of(row)
    )


def _create_input(row: Channel) -> Any:
    pull = row.input_type == InputType.URL_PULL
    rtmp = row.input_type == InputType.RTMP_PUSH
    return live().create_input(
        row.token("input"),
        row.aws_name(),
        row.input_type,
        security_group_ids=[row.security_group.aws_id] if row.security_group else [],
        destinations=[f"{row.uid}/a", f"{row.uid}/b"] if rtmp else [],
        source_urls=row.source_urls if pull else [],
        input_class=row.channel_class,
        tags=tags_of(row),
        role_arn=settings.MEDIALIVE_ROLE_ARN if pull else None,
    )


def _create_ml_channel(row: Channel) -> Any:
    archive = f"s3ssl://{settings.RECORDING_BUCKET}/{row.uid}/$dt$/main" if row.record else None
    return live().create_channel(
        medialive.ChannelSpec(
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
        )
    )


MP_CHANNEL = Kind(
    prefix="mp_channel",
    words="MediaPackage channel",
    create=_create_mp_channel,
    describe=lambda id: package().describe_channel(id),
    delete=lambda id: package().delete_channel(id),
    find=lambda row: package().describe_channel(row.aws_name()),
    facts=lambda info: {},
)
ENDPOINT = Kind(
    prefix="mp_endpoint",
    words="MediaPackage endpoint",
    create=_create_endpoint,
    describe=lambda id: package().describe_endpoint(id),
    delete=lambda id: package().delete_endpoint(id),
    find=lambda row: package().describe_endpoint(row.aws_name()),
    facts=lambda info: {"endpoint_url": info.url},
)
INPUT = Kind(
    prefix="ml_input",
    words="MediaLive input",
    create=_create_input,
    describe=lambda id: live().describe_input(id),
    delete=lambda id: live().delete_input(id),
    find=lambda row: find_by_tags(live().input_pages(), row),
    facts=lambda info: {"ml_input_state": info.state, "input_dest_urls": list(info.dest_urls)},
    has_token=True,
)
ML_CHANNEL = Kind(
    prefix="ml_channel",
    words="MediaLive channel",
    create=_create_ml_channel,
    describe=lambda id: live().describe_channel(id),
    delete=lambda id: live().delete_channel(id).request_id,
    find=lambda row: find_by_tags(live().channel_pages(), row),
    facts=lambda info: {"ml_channel_state": info.state},
    has_token=True,
)
KINDS = (MP_CHANNEL, ENDPOINT, INPUT, ML_CHANNEL)
KIND_OF = {kind.prefix: kind for kind in KINDS}
