"""Channels in the admin: list, page, form and verbs."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import breakout_sync, services
from channels_app.admin import badges, channel_breakouts, control_room, input_panel, thumbnails
from channels_app.admin.calendar_place import calendar_url
from channels_app.admin.channel_verbs import VERBS
from channels_app.admin.facts import channel_sections
from channels_app.admin.forms import INPUTS, ChannelForm
from channels_app.admin.list_filters import CHANNEL_FILTERS
from channels_app.guards import channel as guards
from channels_app.input_health import with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.channel import Desired, InputType
from channels_app.services.tag_value import TagValue
from distributions.models import Distribution
from streamhub.access.actors import Actor
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Link, Section
from streamhub.console.finding import Search
from streamhub.console.pasted import tags_in
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import SavedView
from streamhub.quotas.catalogue import (
    DISTRIBUTIONS,
    ML_CHANNELS,
    MP_CHANNELS,
    PULL_INPUTS,
    PUSH_INPUTS,
    SECURITY_GROUPS,
)
from streamhub.quotas.room import before_creating

HEADLINES = {
    Desired.IDLE: _("desired: idle, ready for a breakout"),
    Desired.RUNNING: _("desired: running"),
    Desired.DELETED: _("desired: deleted"),
}


def _delivered_through(spellings: list[str]) -> QuerySet[Any, int]:
    """The channels of the distribution with this id, domain or ARN."""
    named = Q(aws_distribution_id__in=spellings) | Q(domain_name__in=spellings) | Q(arn__in=spellings)
    distributions = Distribution.objects.filter(named, channel__isnull=False).order_by("-id")
    return distributions.values_list("channel", flat=True)


def _tagged(texts: list[str]) -> QuerySet[Any, int]:
    """The channels with a tag that a text names as `key=value`. Reads the table only if one does."""
    pairs = {pair for text in texts for pair in tags_in(text)}
    tagged = reduce(or_, (Q(Exact(TagValue("tags", key), value)) for key, value in pairs), Q(pk__in=[]))
    return Channel.objects.filter(tagged).order_by("-id").values_list("pk", flat=True)


@admin.register(Channel)
class ChannelAdmin(CreatingAdmin):
    purpose = _(
        "A channel is one encoding pipeline on AWS, with its ingest and its distribution. Breakouts go "
        "out through it. Add one well before the first show."
    )
    icon = "settings_input_antenna"
    state_badges = badges.CHANNEL
    deferred_columns = ("distribution__config",)
    creation_form = ChannelForm
    creation_note = _(
        "StreamHub then creates its AWS resources and its distribution. It is ready when it is idle."
    )
    saved_views = (
        SavedView("live", _("Live now"), "sensors", badges.channels_on_air, 10),
        SavedView("running", _("Running"), "stream", services.running, 15),
        SavedView(
            "moving", _("In transition"), "progress_activity", lambda: Q(state__in=badges.CHANNEL_MOVING), 20
        ),
        SavedView("failed", _("Failed"), "error", badges.in_trouble, 30),
        SavedView("outdated", _("Outdated settings"), "history_toggle_off", services.settings_outdated, 40),
    )
    list_display = ("title", "state_shown", "on_air", "distribution_shown", "input_shown", "encoding_profile")
    list_filter = ("state", "desired", "input_type", "channel_class", "record", *CHANNEL_FILTERS)
    search = Search(
        ids=("uid", "ml_channel_id", "ml_input_id", "ml_second_id", "mp_channel_id", "mp_endpoint_id"),
        names=("name",),
        elsewhere=(_delivered_through, _tagged),
    )
    search_help_text = _("Name, tag (team=events), or a whole AWS id, ARN or URL")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """Rows with everything that list and page show: a list costs a constant number of queries."""
        on_air = Breakout.objects.filter(state__in=ON_AIR).order_by("state")  # stopping comes last
        rows = super().get_queryset(request).select_related("distribution", "security_group")
        rows = with_facts(rows)
        return rows.prefetch_related(Prefetch("breakouts", queryset=on_air, to_attr="on_air_breakouts"))

    @display(description=_("on air"))
    def on_air(self, row: Channel) -> str:
        return ", ".join(breakout.name for breakout in row.on_air_breakouts) or "-"  # type: ignore[attr-defined]

    @display(description=_("distribution"))
    def distribution_shown(self, row: Channel) -> str:
        if row.distribution is None:
            return gettext("none")
        url = reverse("admin:distributions_distribution_change", args=[row.distribution.pk])
        return format_html('<a class="sh-link" href="{}">{}</a>', url, row.distribution)

    @display(description=_("input"))
    def input_shown(self, row: Channel) -> str:
        return INPUTS[InputType(row.input_type)].partition(":")[0]

    def back_url(self, request: HttpRequest, row: Channel) -> str:
        """To the control room of the show on air, for who came from there."""
        on_air = breakout_sync.on_air(row) if request.GET.get("from") == control_room.FROM else None
        return control_room.url_of(on_air) if on_air else super().back_url(request, row)

    def situation(self, row: Channel) -> guards.Situation:
        return services.channel_situation(row)

    def headline(self, row: Channel) -> str:
        return str(HEADLINES[Desired(row.desired)])

    def facts(self, request: HttpRequest, row: Channel) -> list[Section]:
        return channel_sections(row, request.user)

    def extra_urls(self) -> list[Any]:
        image = self.own(thumbnails.image)
        route = "<int:object_id>/thumbnail/<int:pipeline>/"
        return [path(route, image, name="channels_app_channel_thumbnail"), *super().extra_urls()]

    def links(self, request: HttpRequest, row: Channel) -> list[Link]:
        permitted = request.user.has_perm("channels_app.add_breakout")
        possible = permitted and guards.refusal("create-breakout", self.situation(row)) is None
        url = f"{reverse('admin:channels_app_breakout_add')}?channel={row.pk}"
        series = f"{reverse('admin:channels_app_breakout_series')}?channel={row.pk}"
        links = [
            Link(gettext("New breakout"), url, "add_circle"),
            Link(gettext("Plan a series"), series, "date_range"),
        ]
        sees = request.user.has_perm("channels_app.view_breakout")
        week = [Link(gettext("Calendar"), calendar_url(view="week", channel=row.pk), "calendar_month")]
        return (links if possible else []) + (week if sees else [])

    def creation_notes(self) -> list[str]:
        return before_creating(
            (DISTRIBUTIONS, MP_CHANNELS, ML_CHANNELS, PUSH_INPUTS, PULL_INPUTS, SECURITY_GROUPS)
        )

    def creation_refusal(self, request: HttpRequest) -> str | None:
        return services.creation_refusal()

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Channel:
        return services.channel_create(**data, who=who)


PARTS = PageParts(Channel, verbs=VERBS, panels=(input_panel.of_channel, channel_breakouts.panel))
