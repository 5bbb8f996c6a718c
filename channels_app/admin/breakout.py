"""Breakouts in the admin: list, page, form and verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import preview, services
from channels_app.admin import badges, control_room, input_panel, series
from channels_app.admin import playback as playback_pages
from channels_app.admin.breakout_facts import breakout_sections
from channels_app.admin.breakout_verbs import VERBS
from channels_app.admin.calendar_place import calendar_at
from channels_app.admin.facts import page_of
from channels_app.admin.list_filters import FILTERS
from channels_app.admin.planning_forms import BreakoutForm
from channels_app.admin.planning_verbs import PLANNING
from channels_app.guards import breakout as guards
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.playback_link import Playback
from channels_app.readiness import readiness
from streamhub.access.actors import Actor
from streamhub.clock import from_now
from streamhub.console import sizes
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Link, Panel, Section
from streamhub.console.finding import Search
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import PARAMETER, SavedView
from streamhub.console.templatetags.console import clock
from streamhub.console.verbs import Outcome
from streamhub.lifecycle.polled_lists import lists_read_at

SOON = timedelta(hours=24)
# How long after its planned start the search still names a show before those that are planned for later.
FOUND_SINCE = timedelta(hours=-12)


def starting_soon() -> Q:
    """Idle and planned for the next 24 hours, or for the last hour."""
    return Q(state=State.IDLE, starts_at__gte=from_now(timedelta(hours=-1)), starts_at__lte=from_now(SOON))


def _delivered_by(spellings: list[str]) -> QuerySet[Any, int]:
    """The breakouts that a distribution with this id or domain delivered."""
    delivered = Q(aws_distribution_id__in=spellings) | Q(domain_name__in=spellings)
    return Attachment.objects.filter(delivered).order_by("-started_at").values_list("breakout_id", flat=True)


@admin.register(Breakout)
class BreakoutAdmin(CreatingAdmin):
    purpose = _(
        "A breakout is one live session on a channel: it is planned, started, and stopped. It needs a "
        "channel first."
    )
    icon = "podcasts"
    state_badges = badges.BREAKOUT
    deferred_columns = ("channel__distribution__config",)
    creation_form = BreakoutForm
    saved_views = (
        SavedView("live", _("Live now"), "sensors", lambda: Q(state__in=ON_AIR), 10),
        SavedView("soon", _("Starting soon"), "event_upcoming", starting_soon, 15),
        SavedView("planned", _("Planned"), "event", lambda: Q(state=State.IDLE), 17),
        SavedView(
            "moving",
            _("In transition"),
            "progress_activity",
            lambda: Q(state__in=badges.BREAKOUT_MOVING),
            20,
        ),
        SavedView("failed", _("Failed"), "error", lambda: Q(state=State.FAILED), 30),
    )
    list_before_template = "channels_app/breakouts_before.html"
    list_display = (
        "title",
        "state_shown",
        "channel_shown",
        "planned",
        "customer_shown",
        "curtain",
        "delivered",
    )
    list_filter = ("state", "curtain_raised", "usage_status", *FILTERS)
    search = Search(ids=("uid",), names=("name", "channel_name"), elsewhere=(_delivered_by,))
    search_help_text = _("Name, channel, or the whole id or domain of a distribution")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Breakout]:
        return super().get_queryset(request).select_related("channel__distribution")

    def found_first(self, rows: QuerySet[Breakout]) -> Sequence[QuerySet[Breakout]]:
        """What is on air, then what is planned from now on; a series has many others of the same name."""
        planned = rows.filter(state__in=guards.HAS_START, starts_at__gte=from_now(FOUND_SINCE))
        return rows.filter(state__in=ON_AIR), planned.order_by("starts_at", "id"), rows

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is planned begins with the next one."""
        return ("starts_at", "id") if request.GET.get(PARAMETER) in ("soon", "planned") else ("-id",)

    @display(description=_("channel"))
    def channel_shown(self, row: Breakout) -> str:
        if row.channel is None:
            return gettext("%(channel_name)s (deleted)") % {"channel_name": row.channel_name}
        return format_html('<a class="sh-link" href="{}">{}</a>', page_of(row.channel), row.channel_name)

    @display(description=_("planned"), ordering="starts_at")
    def planned(self, row: Breakout) -> str:
        return clock(row.starts_at)

    @display(description=_("customer"))
    def customer_shown(self, row: Breakout) -> str:
        return services.customer_of(row) or "-"

    @display(description=_("curtain"))
    def curtain(self, row: Breakout) -> str:
        return gettext("raised") if row.curtain_raised else gettext("lowered")

    @display(description=_("delivered"), ordering="usage_bytes_downloaded")
    def delivered(self, row: Breakout) -> str:
        size = row.usage_bytes_downloaded
        if size is None:
            return "-"
        exact, shown = sizes.exact_bytes(size), sizes.human_bytes(size)
        return format_html('<data value="{}" title="{}">{}</data>', size, exact, shown)

    def error_of(self, row: Breakout) -> Any:
        return row.shown_error

    def read_at(self, row: Breakout) -> Any:
        return super().read_at(row.channel) if row.channel else None

    def list_read_at(self) -> Any:
        return lists_read_at(Channel)

    def situation(self, row: Breakout) -> guards.Situation:
        return services.breakout_situation(row)

    def headline(self, row: Breakout) -> str:
        on_air = row.state in ON_AIR
        if not on_air:
            return ""
        return gettext("curtain raised") if row.curtain_raised else gettext("curtain lowered")

    def facts(self, request: HttpRequest, row: Breakout) -> list[Section]:
        return breakout_sections(row, request.user)

    def links(self, request: HttpRequest, row: Breakout) -> list[Link]:
        """Its control room, its place in the calendar, and a series of shows like it."""
        at = row.session_started_at or row.starts_at
        found = [
            Link(gettext("Control room"), self.url("control", row.pk), "tune", key="o"),
            Link(gettext("Calendar"), calendar_at(row.channel_id, at), "calendar_month"),
        ]
        if self.has_add_permission(request) and guards.refusal("duplicate", self.situation(row)) is None:
            found.append(Link(gettext("Plan a series"), series.url_like(row), "date_range"))
        return found

    def back_url(self, request: HttpRequest, row: Breakout) -> str:
        """To the control room for who came from there."""
        from_room = request.GET.get("from") == control_room.FROM
        return self.url("control", row.pk) if from_room else super().back_url(request, row)

    def extra_urls(self) -> list[Any]:
        return [
            *control_room.urls(self),
            path("series/", self.own(series.page), name="channels_app_breakout_series"),
            path("<int:object_id>/sign/", self.own(playback_pages.sign), name="channels_app_breakout_sign"),
            *super().extra_urls(),
        ]

    def creation_warnings(self, data: dict[str, Any]) -> list[str]:
        return services.plan_warnings(
            data["channel"], data["name"], data["starts_at"], data["duration_minutes"]
        )

    def after_verb(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        """A playback link is shown by a page of its own; a duplicate leads to the new breakout."""
        if isinstance(outcome.returned, Playback):
            return playback_pages.shown(self, request, outcome.returned)
        if not isinstance(outcome.returned, Breakout) or not request.path.endswith("/do/duplicate/"):
            return None
        return self.after_creation(request, outcome.returned)

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Breakout:
        return services.breakout_create(**data, who=who)


def _readiness_panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state not in (State.IDLE, State.FAILED, *ON_AIR):
        return None
    return Panel(
        gettext("Readiness"), "channels_app/readiness.html", {"readiness": readiness(row)}, "checklist", 10
    )


def _preview_panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state not in (State.IDLE, State.FAILED, *ON_AIR):
        return None
    return Panel(
        gettext("Preview"),
        "channels_app/preview.html",
        {
            "preview": preview.of_breakout(row),
            "may_sign": request.user.has_perm(playback_pages.PERMISSION),
            "sign_url": reverse("admin:channels_app_breakout_sign", args=[row.pk]),
        },
        "smart_display",
        5,
    )


def _attachments_panel(request: HttpRequest, row: Breakout) -> Panel | None:
    attachments = list(row.attachments.select_related("distribution").order_by("-started_at")[:20])
    context = {"attachments": attachments}
    if not attachments:
        return None
    return Panel(gettext("Delivered by"), "channels_app/attachments.html", context, "public", 30)


PARTS = PageParts(
    Breakout,
    verbs=(*VERBS, *PLANNING),
    panels=(input_panel.of_breakout, _preview_panel, _readiness_panel, _attachments_panel),
)
