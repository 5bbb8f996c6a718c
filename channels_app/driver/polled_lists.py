"""The AWS lists that observe many channels with one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_app.driver import parts, security_group
from channels_app.models import Channel
from streamhub.lifecycle.observe import PolledList


def _gone(part: parts.PartDriver) -> Callable[[Channel, datetime], dict[str, Any] | None]:
    def gone(row: Channel, listed_at: datetime) -> dict[str, Any] | None:
        deleted_at = part.of(row).deleted_at
        if part.observed(row).gone or (deleted_at and deleted_at < listed_at):
            return part.columns.proven_gone()
        return None

    return gone


def _polled_list(part: parts.PartDriver, pages: Callable[[], Any], service: str) -> PolledList:
    return PolledList(
        key=part.key,
        model=Channel,
        id_field=part.columns.aws_id.attname,
        pages=pages,
        facts=part.facts,
        gone=_gone(part),
        service=service,
    )


POLLED_LISTS = (
    _polled_list(parts.ML_CHANNEL, lambda: parts.live().channel_pages(), "MediaLive"),
    _polled_list(parts.INPUT, lambda: parts.live().input_pages(), "MediaLive"),
    _polled_list(parts.ENDPOINT, lambda: parts.package().endpoint_pages(), "MediaPackage"),
    _polled_list(parts.MP_CHANNEL, lambda: parts.package().channel_pages(), "MediaPackage"),
    security_group.POLLED_LIST,
)
