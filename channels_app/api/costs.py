"""Costs and viewers in answers about channels and breakouts, from the app that knows them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ninja import Field

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.traffic import set_viewers
from streamhub.access.http import Out
from streamhub.clock import one_moment
from streamhub.contributions import contributed


class CostOut(Out):
    amount: Decimal = Field(description='a decimal number as text, such as "12.34"')
    currency: str
    estimate: bool = Field(description="always true: list prices times usage, not a bill")
    per_hour: Decimal | None = Field(description="what its encoder costs an hour now; null: it does not run")
    rates: list[str] = Field(description="the versions of the price book's rates that it was priced by")
    leaves_out: list[str] = Field(description="what is not in it")


def with_costs(answer: dict[str, Any]) -> dict[str, Any]:
    """A page of a list whose rows have their costs: the same number of queries, however many rows."""
    _set(answer["items"])
    return answer


def cost_per_hour(row: Channel) -> Decimal | None:
    """What the channel costs an hour now."""
    return _known(row, "cost_per_hour")  # type: ignore[no-any-return]


def cost(row: Breakout) -> dict[str, Any] | None:
    """What the breakout costs."""
    return _known(row, "cost")  # type: ignore[no-any-return]


def viewers_estimate(row: Breakout) -> int | None:
    """How many watch the breakout now; None: nothing current is published, or it is not running."""
    if not _may_have_viewers(row):
        return None
    return _known(row, "viewers_estimate")  # type: ignore[no-any-return]


def _known(row: Channel | Breakout, name: str) -> Any:
    if not hasattr(row, name):
        _set([row])
    return getattr(row, name, None)


def _set(rows: Sequence[Channel | Breakout]) -> None:
    if not rows:
        return
    of_channels, of_breakouts = contributed("channel_costs"), contributed("breakout_costs")
    with one_moment():
        for function in of_channels if isinstance(rows[0], Channel) else of_breakouts:
            function(rows)
        set_viewers([row for row in rows if isinstance(row, Breakout) and _may_have_viewers(row)])


def _may_have_viewers(row: Breakout) -> bool:
    """Whether it is on air and its encoder has run: a show that is starting has no minute yet."""
    return row.state in ON_AIR and row.session_started_at is not None
