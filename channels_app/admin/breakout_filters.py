"""The typed filters of the list of breakouts: by channel, day, customer and tag. All are in its address."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from channels_app.models import Channel
from channels_app.services import with_customer
from streamhub.console.filters import DayFilter, InputFilter, midnight
from streamhub.names import folded
from streamhub.row_ids import row_ids


class ChannelFilter(InputFilter):
    title, parameter_name = "channel (name or id)", "channel"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        named = Channel.objects.filter(name_key=folded(text)).values_list("pk", flat=True)
        return rows.filter(channel_id__in=[*row_ids([text]), *named])


class PlannedDayFilter(DayFilter):
    title, column = "planned day (UTC)", "starts_at"


class FromFilter(InputFilter):
    title, parameter_name, kind = "planned from (UTC)", "from", "date"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        start = midnight(text)
        return rows.none() if start is None else rows.filter(starts_at__gte=start)


class BeforeFilter(InputFilter):
    title, parameter_name, kind = "planned before (UTC)", "before", "date"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        end = midnight(text)
        return rows.none() if end is None else rows.filter(starts_at__lt=end)


class CustomerFilter(InputFilter):
    title, parameter_name = "customer", "customer"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        of_customer: QuerySet[Any] = with_customer(rows)
        return of_customer.filter(Q(shown_customer__iexact=text))


class TagFilter(InputFilter):
    """A tag of the channel: `key=value`, or a key alone."""

    title, parameter_name = "tag of the channel (key=value)", "tag"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        key, equals, value = (part.strip() for part in text.partition("="))
        having = rows.filter(channel__tags__has_key=key)
        if not equals:
            return having
        # As text: the transform alone would compare JSON.
        tag = Coalesce(KeyTextTransform(key, "channel__tags"), Value(""), output_field=TextField())
        return having.annotate(tag_value=tag).filter(tag_value=value)


FILTERS = (ChannelFilter, PlannedDayFilter, FromFilter, BeforeFilter, CustomerFilter, TagFilter)
