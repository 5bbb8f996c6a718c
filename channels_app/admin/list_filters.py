"""The typed filters of breakouts and channels: by channel, day, customer and tag. All are in the address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.services import with_customer
from channels_app.services.tag_value import TagValue
from streamhub.console.filters import DayFilter, InputFilter, midnight
from streamhub.names import folded
from streamhub.row_ids import row_ids


class ChannelFilter(InputFilter):
    title, parameter_name = _("channel (name or id)"), "channel"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        named = Channel.objects.filter(name_key=folded(text)).values_list("pk", flat=True)
        return rows.filter(channel_id__in=[*row_ids([text]), *named])


class PlannedDayFilter(DayFilter):
    title, column = _("planned day (UTC)"), "starts_at"


class SinceFilter(InputFilter):
    """The rows whose `column` is on that day (UTC) or later."""

    kind = "date"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        start = midnight(text)
        return rows.none() if start is None else rows.filter(**{f"{self.column}__gte": start})


class UntilFilter(InputFilter):
    """The rows whose `column` is before that day (UTC)."""

    kind = "date"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        end = midnight(text)
        return rows.none() if end is None else rows.filter(**{f"{self.column}__lt": end})


class FromFilter(SinceFilter):
    title, parameter_name, column = _("planned from (UTC)"), "from", "starts_at"


class BeforeFilter(UntilFilter):
    title, parameter_name, column = _("planned before (UTC)"), "before", "starts_at"


class CreatedFromFilter(SinceFilter):
    title, parameter_name, column = _("created from (UTC)"), "from", "created_at"


class CreatedBeforeFilter(UntilFilter):
    title, parameter_name, column = _("created before (UTC)"), "before", "created_at"


class ShowDayFilter(DayFilter):
    """Channels with a show that is planned for the day and not cancelled."""

    title = _("day of a show (UTC)")

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        start = midnight(text)
        if start is None or start.year >= 9999:
            return rows.none()
        shows = Breakout.objects.filter(starts_at__gte=start, starts_at__lt=start + timedelta(days=1))
        shows = shows.exclude(state=State.CANCELLED)
        return rows.filter(pk__in=shows.values("channel_id"))


class CustomerFilter(InputFilter):
    title, parameter_name = _("customer"), "customer"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        of_customer: QuerySet[Any] = with_customer(rows)
        return of_customer.filter(Q(shown_customer__iexact=text))


class TagFilter(InputFilter):
    """A tag: `key=value`, or a key alone. `column`: where the tags are."""

    title, parameter_name, column = _("tag of the channel (key=value)"), "tag", "channel__tags"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        key, equals, value = (part.strip() for part in text.partition("="))
        tagged = rows.annotate(tag_value=TagValue(self.column, key))
        return tagged.filter(tag_value=value) if equals else tagged.filter(tag_value__isnull=False)


class OwnTagFilter(TagFilter):
    title, column = _("tag (key=value)"), "tags"


FILTERS = (ChannelFilter, PlannedDayFilter, FromFilter, BeforeFilter, CustomerFilter, TagFilter)
CHANNEL_FILTERS = (OwnTagFilter, ShowDayFilter, CreatedFromFilter, CreatedBeforeFilter)
