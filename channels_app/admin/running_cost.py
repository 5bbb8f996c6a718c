"""What starting costs by the hour, in sentences, from the app that knows prices (`contributions`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

from django.utils.translation import gettext

from channels_app.models import Breakout, Channel
from streamhub.contributions import contributed

# An amount an hour and its currency; None: a rate is missing.
RunningCost: TypeAlias = "tuple[Decimal, str] | None"


def of_channel(channel: Channel) -> list[str]:
    """What one channel costs while it runs; nothing if no installed app knows prices."""
    return [_sentence(cost) for cost in _costs([channel])]


def of_breakout(row: Breakout) -> list[str]:
    return of_channel(row.channel) if row.channel else []


def of_breakouts(rows: Sequence[Breakout]) -> list[str]:
    """What the channels of several breakouts cost together while they run, each counted once.

    Prices are read once for all: the channels keep their costs for `of_breakout`.
    """
    return _together(_costs(row.channel for row in rows if row.channel))


def _costs(channels: Iterable[Channel]) -> list[RunningCost]:
    """The cost of each of the channels, once each; of none if nobody knows prices."""
    rows = list(channels)
    for function in contributed("running_costs"):
        if missing := [row for row in rows if not hasattr(row, "running_cost")]:
            function(missing)
    return list({row.pk: row.running_cost for row in rows if hasattr(row, "running_cost")}.values())


def _sentence(cost: RunningCost) -> str:
    if cost is None:
        return gettext("What it costs an hour is not known: the price book lacks rates for it.")
    return gettext(
        "While it runs, its encoder costs about %(shown)s an hour, without delivery (an estimate)."
    ) % {"shown": _shown(*cost)}


def _together(costs: list[RunningCost]) -> list[str]:
    priced = [cost for cost in costs if cost is not None]
    if len(costs) < 2:
        return []
    if not priced:
        return [gettext("What they cost an hour is not known: the price book lacks rates for them.")]
    total = _shown(sum((amount for amount, _ in priced), Decimal(0)), priced[0][1])
    if unknown := len(costs) - len(priced):
        return [
            gettext(
                "Together they cost more than %(total)s an hour: of %(unknown)s of %(costs)s it is not known."
            )
            % {"total": total, "unknown": unknown, "costs": len(costs)}
        ]
    return [
        gettext("Together their encoders cost about %(total)s an hour, without delivery (an estimate).")
        % {"total": total}
    ]


def _shown(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
