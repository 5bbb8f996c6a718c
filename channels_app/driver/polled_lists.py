"""The AWS lists that observe many channels with one call, and which channels are watched closely."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q

from channels_app.driver import parts, security_group
from channels_app.models import Channel
from channels_app.models.channel import Desired
from channels_app.services.sources import KINDS
from streamhub.aws.ratelimit import urgency
from streamhub.lifecycle.polled_lists import PolledList, Watch
from streamhub.quotas import places
from streamhub.quotas.catalogue import ENDPOINTS, ML_CHANNELS, MP_CHANNELS, PULL_INPUTS, PUSH_INPUTS


def _gone(part: parts.PartDriver) -> Callable[[Channel, datetime], dict[str, Any] | None]:
    def gone(row: Channel, listed_at: datetime) -> dict[str, Any] | None:
        deleted_at = part.of(row).deleted_at
        if part.observed(row).gone or (deleted_at and deleted_at < listed_at):
            return part.columns.proven_gone()
        return None

    return gone


def _watched(part: parts.PartDriver) -> Q:
    """Channels that start, run or are kept warm, and still have the part."""
    return Q(**{"desired": Desired.RUNNING, part.columns.gone.attname: False})


def _describe(part: parts.PartDriver, aws_id: str) -> Any:
    with urgency():
        return part.describe(aws_id)


def _input_quotas(info: Any) -> tuple[tuple[str, str], ...]:
    """An input counts as pushed or pulled. Others, such as MediaConnect's, have quotas of their own."""
    if info.gone:
        return ()
    if info.type.endswith("_PUSH"):
        return ((PUSH_INPUTS.key, ""),)
    return ((PULL_INPUTS.key, ""),) if info.type in KINDS else ()


Counts = Callable[[Any], tuple[tuple[str, str], ...]]


def _polled_list(
    part: parts.PartDriver, pages: Callable[[], Any], service: str, counts: Counts, source: str = ""
) -> PolledList:
    return PolledList(
        key=part.key,
        model=Channel,
        id_field=part.columns.aws_id.attname,
        pages=pages,
        facts=part.facts,
        gone=_gone(part),
        title=f"{part.label}s",
        service=service,
        watch=Watch(partial(_watched, part), partial(_describe, part)),
        read_at=part.read_at,
        counts=counts,
        needed=lambda: places.waits_for(part.key) or places.waits_for(security_group.POLLED_LIST.key),
        source=source,
        first=True,
    )


ENCODERS = _polled_list(
    parts.ML_CHANNEL,
    lambda: parts.live().channel_pages(),
    "MediaLive",
    lambda info: () if info.gone else ((ML_CHANNELS.key, ""),),
)
# The same list of AWS, read once for both. The first one counts quotas.
ALL_INPUTS = "medialive:ListInputs"
INPUTS = _polled_list(parts.INPUT, lambda: parts.live().input_pages(), "MediaLive", _input_quotas, ALL_INPUTS)
SECOND_INPUTS = _polled_list(
    parts.SECOND, lambda: parts.live().input_pages(), "MediaLive", lambda info: (), ALL_INPUTS
)
POLLED_LISTS = (
    ENCODERS,
    INPUTS,
    SECOND_INPUTS,
    _polled_list(
        parts.ENDPOINT,
        lambda: parts.package().endpoint_pages(),
        "MediaPackage",
        lambda info: ((ENDPOINTS.key, info.channel_id),),
    ),
    _polled_list(
        parts.MP_CHANNEL,
        lambda: parts.package().channel_pages(),
        "MediaPackage",
        lambda info: ((MP_CHANNELS.key, ""),),
    ),
    security_group.POLLED_LIST,
)
