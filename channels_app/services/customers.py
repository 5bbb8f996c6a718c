"""Whose show it is: the breakout's own customer, or the one that its channel's tag names."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Case, F, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce

from channels_app.models import Breakout
from channels_app.models.breakout import State
from channels_app.services.tag_value import TagValue

CUSTOMER_MAX = 256
# Not started yet: its customer is still what the channel's tag says.
_BEFORE_START = (State.IDLE, State.CANCELLED)


def customer_of(row: Breakout) -> str:
    """The customer, "" if nobody says. Once a breakout has started, its own column is all that counts."""
    if row.customer or row.channel is None or row.state not in _BEFORE_START:
        return row.customer
    return str(row.channel.tags.get(settings.CUSTOMER_TAG, ""))


def with_customer(rows: QuerySet[Breakout]) -> QuerySet[Breakout]:
    """The rows, each with `shown_customer`: what `customer_of` says."""
    tagged = Coalesce(TagValue("channel__tags", settings.CUSTOMER_TAG), Value(""), output_field=TextField())
    of_channel = When(customer="", state__in=_BEFORE_START, then=tagged)
    return rows.annotate(shown_customer=Case(of_channel, default=F("customer"), output_field=TextField()))
