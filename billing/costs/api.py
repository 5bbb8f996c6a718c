"""`GET costs/now` (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.http import HttpRequest
from ninja import Field, Router

from billing.costs.now import ChannelCost, CostsNow, costs_now
from streamhub.access.http import Out, scope

router = Router(tags=["costs"])


class ChannelCostOut(Out):
    channel: str
    name: str
    per_hour: Decimal = Field(description='a decimal number as text, such as "1.9848"')
    running: bool = Field(description="false: it is idle, which costs a little too")
    since: datetime = Field(description="since when its channel is in its state")

    @staticmethod
    def resolve_channel(row: ChannelCost) -> str:
        return str(row.channel.pk)

    @staticmethod
    def resolve_name(row: ChannelCost) -> str:
        return row.channel.name

    @staticmethod
    def resolve_per_hour(row: ChannelCost) -> Decimal:
        return row.cost.hourly


class CostsNowOut(Out):
    currency: str
    per_hour: Decimal = Field(description="the sum of the channels and of storage")
    estimate: bool = Field(description="always true: list prices times usage, not a bill")
    channels: list[ChannelCostOut] = Field(description="the dearest first")
    storage_per_hour: Decimal
    rates: list[str] = Field(description="the versions of the price book's rates that were used")
    leaves_out: list[str] = Field(description="what is not in it")

    @staticmethod
    def resolve_estimate(found: CostsNow) -> bool:
        return True

    @staticmethod
    def resolve_storage_per_hour(found: CostsNow) -> Decimal:
        return found.storage.hourly

    @staticmethod
    def resolve_rates(found: CostsNow) -> list[str]:
        return [str(number) for number in found.whole.rates]


@router.get("/now", response=CostsNowOut, auth=scope("usage:read"))
def get_costs_now(request: HttpRequest) -> CostsNow:
    """What costs money now, per hour: every channel that AWS bills, idle ones included. An estimate."""
    return costs_now()
