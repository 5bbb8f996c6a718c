"""What costs money now: per hour, of each channel and of what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from billing.costs.lines import CURRENCY, Cost, cost_of
from billing.costs.phases import encoder_of
from billing.models import LedgerMinute
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import (
    DELIVERY,
    GB,
    HOURS_A_MONTH,
    IDLE_CHANNEL,
    IDLE_INPUT,
    ORIGINATION,
    REQUESTS,
    STORAGE,
    Usage,
)
from billing.pricing.services import price_book
from channels_app.breakout_sync import encoding
from channels_app.models import Channel
from channels_app.models.part import PartColumns
from recordings.models import Recording
from streamhub.clock import database_now

# The hour of delivery that counts as now: CloudFront publishes minutes late.
PUBLISHED_AFTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
LEAVES_OUT = (
    _("delivery not published yet (delivery is that of the hour until 15 minutes ago)"),
    _("a source of more than 30 frames a second where the profile names no rate"),
)


@dataclass(frozen=True)
class ChannelCost:
    """What one channel costs an hour. `encoder`: without delivery."""

    channel: Channel
    running: bool
    encoder: Cost
    cost: Cost
    since: datetime


@dataclass(frozen=True)
class CostsNow:
    """What costs money now. `per_hour` is the sum of the rounded parts, so that they add up."""

    channels: list[ChannelCost]
    storage: Cost
    at: datetime
    currency: str = CURRENCY

    @property
    def per_hour(self) -> Decimal:
        return sum((row.cost.hourly for row in self.channels), self.storage.hourly)

    @property
    def idle_per_hour(self) -> Decimal:
        """Of it: channels that do not run."""
        return sum((row.cost.hourly for row in self.channels if not row.running), Decimal(0))

    @property
    def whole(self) -> Cost:
        return Cost(tuple(line for row in self.channels for line in row.cost.lines) + self.storage.lines)

    @property
    def leaves_out(self) -> list[str]:
        return self.whole.leaves_out(*LEAVES_OUT)


def costs_now() -> CostsNow:
    """The channels that cost money, the dearest first. Five queries, however many there are."""
    now, book = database_now(), price_book()
    rows = Channel.objects.select_related("distribution").filter(
        (Q(ml_channel_gone=False, ml_channel_deleted_at=None) & ~Q(ml_channel_id=""))
        | (Q(ml_input_gone=False, ml_input_deleted_at=None) & ~Q(ml_input_id=""))
    )
    delivered = _delivered(now)
    channels = [channel_cost(row, book, now, delivered) for row in rows.order_by("name", "pk")]
    channels.sort(key=lambda row: -row.cost.exact)
    stored = Recording.objects.stored().aggregate(total=Sum("size_bytes"))["total"] or 0
    an_hour = [(STORAGE, Decimal(stored) / GB / HOURS_A_MONTH)] if stored else []
    return CostsNow(channels, cost_of(an_hour, book, now), now)


def _delivered(now: datetime) -> dict[str, tuple[int, int]]:
    """By distribution: the bytes and requests of the last hour that counts as published."""
    end = now - PUBLISHED_AFTER
    rows = LedgerMinute.objects.filter(minute__gte=end - HOUR, minute__lt=end)
    sums = rows.values("aws_distribution_id").annotate(b=Sum("bytes_downloaded"), r=Sum("requests"))
    return {row["aws_distribution_id"]: (row["b"], row["r"]) for row in sums.order_by("aws_distribution_id")}


def channel_cost(
    channel: Channel, book: PriceBook, now: datetime, delivered: dict[str, tuple[int, int]]
) -> ChannelCost:
    """What the channel costs an hour, as it was last observed."""
    running = encoding(channel)
    encoder = _encoder_parts(channel, running)
    aws_id = (channel.distribution.aws_distribution_id or "") if channel.distribution else ""
    parts = [*encoder, *delivery_parts(*delivered.get(aws_id, (0, 0)))]
    return ChannelCost(
        channel, running, cost_of(encoder, book, now), cost_of(parts, book, now), channel.state_since
    )


def _encoder_parts(channel: Channel, running: bool) -> list[tuple[Usage, Decimal]]:
    has_channel, has_input = _is_there(Channel.ML_CHANNEL, channel), _is_there(Channel.ML_INPUT, channel)
    encoder = encoder_of(channel)
    parts = [(part.usage, part.an_hour) for part in (encoder.running() if running else encoder.idle())]
    without = {usage for usage, has in ((IDLE_CHANNEL, has_channel), (IDLE_INPUT, has_input)) if not has}
    return [part for part in parts if part[0] not in without]


def _is_there(part: PartColumns, channel: Channel) -> bool:
    """Whether it is billed: AWS has it, and has not accepted its deletion."""
    stored = part.of(channel)
    return bool(stored.aws_id) and not stored.gone and stored.deleted_at is None


def delivery_parts(bytes_downloaded: int, requests: int) -> list[tuple[Usage, Decimal]]:
    """What delivery uses: CloudFront's bytes and requests, and what it fetched of them from MediaPackage."""
    if not bytes_downloaded and not requests:
        return []
    origin = origination_of(bytes_downloaded)
    return [
        (DELIVERY, Decimal(bytes_downloaded) / GB),
        (REQUESTS, Decimal(requests)),
        (ORIGINATION, origin),
    ]


def origination_of(bytes_downloaded: int) -> Decimal:
    """The GB that CloudFront fetches from MediaPackage for this delivery, where they were not measured."""
    return Decimal(bytes_downloaded) / GB * settings.ORIGIN_BYTES_PERCENT / 100


def set_costs(rows: Sequence[Any]) -> None:
    """Set `cost_per_hour` of channels: without delivery, None without rates. Two queries for any number."""
    now, book = database_now(), price_book()
    for row in rows:
        row.cost_per_hour = hourly_of(row, book, now)


def set_running_costs(rows: Sequence[Any]) -> None:
    """Set `running_cost` of channels: an amount and its currency, for an hour in which it runs, without
    delivery; None if a rate is missing. One query for any number.
    """
    now, book = database_now(), price_book()
    for row in rows:
        parts = encoder_of(row).running()
        cost = cost_of([(part.usage, part.an_hour) for part in parts], book, now)
        row.running_cost = None if cost.missing or not cost.lines else (cost.hourly, CURRENCY)


def hourly_of(channel: Channel, book: PriceBook, now: datetime) -> Decimal | None:
    cost = channel_cost(channel, book, now, {}).encoder
    return None if cost.missing or not cost.lines else cost.hourly
