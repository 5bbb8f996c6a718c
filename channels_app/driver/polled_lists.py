"""The lists of AWS that tell about many channels at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels_app.driver import parts, security_group
from channels_app.models import Channel
from streamhub.lifecycle.observe import PolledList


def _gone(kind: parts.PartDriver) -> Callable[[Channel, datetime], dict[str, Any] | None]:
    def gone(row: Channel, listed_at: datetime) -> dict[str, Any] | None:
        deleted_at = kind.of(row).deleted_at
        if kind.observed(row).gone or (deleted_at and deleted_at < listed_at):
            return kind.columns.proven_gone()
        return None

    return gone


def _watch(kind: parts.PartDriver, pages: Callable[[], Any]) -> PolledList:
    return PolledList(
        key=kind.key,
        model=Channel,
        id_field=kind.columns.aws_id.attname,
        pages=pages,
        facts=kind.facts,
        gone=_gone(kind),
    )


POLLED_LISTS = (
    _watch(parts.ML_CHANNEL, lambda: parts.live().channel_pages()),
    _watch(parts.INPUT, lambda: parts.live().input_pages()),
    _watch(parts.ENDPOINT, lambda: parts.package().endpoint_pages()),
    _watch(parts.MP_CHANNEL, lambda: parts.package().channel_pages()),
    security_group.POLLED_LIST,
)
