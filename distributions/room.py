"""Room for new distributions: what is being deleted frees a place, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from distributions.forecast import Forecast, forecasts, unwanted
from distributions.models import Distribution
from streamhub.quotas import places
from streamhub.quotas.catalogue import DISTRIBUTIONS

SOONEST = 3
LOOKED_AT = 200


def hint() -> str:
    """What frees a place in a full quota, and what to do if nothing does."""
    found = soonest()
    if not found:
        return _("%(hint)s Nothing of StreamHub's is being deleted now.") % {
            "hint": places.hint(DISTRIBUTIONS)
        }
    first, when = found[0][0], found[0][1].expected_gone_at
    others = ", ".join(row.name for row, _forecast in found[1:])
    sentence = _("%(value)s is being deleted and frees a place %(when)s.") % {
        "value": first.name or first,
        "when": _when(when),
    }
    return f"{places.GOES_ON} {sentence}" + (
        _(" After it: %(others)s.") % {"others": others} if others else ""
    )


def soonest() -> list[tuple[Distribution, Forecast]]:
    """What of all that is to be deleted will be gone first, with the forecasts. Without a time: last."""
    rows = list(
        unwanted().filter(aws_distribution_id__isnull=False).defer("config").order_by("pk")[:LOOKED_AT]
    )
    found = forecasts(rows)
    pairs = [(row, found[row.pk]) for row in rows]
    return sorted(pairs, key=lambda pair: pair[1].expected_gone_at or datetime.max.replace(tzinfo=UTC))[
        :SOONEST
    ]


def _when(moment: datetime | None) -> str:
    return (
        _("at about %(moment)s UTC") % {"moment": f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"}
        if moment
        else _("once that goes on; its page says why it waits")
    )
