"""Breakouts in the admin: list, page, form and verbs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html

from channels_app import playback, preview, services
from channels_app.admin import badges, control_room, handed_over, input_panel, running_cost, series
from channels_app.admin import playback as playback_pages
from channels_app.admin.calendar_place import calendar_at
from channels_app.admin.facts import CURTAIN_HINT, breakout_sections, page_of
from channels_app.admin.list_filters import FILTERS
from channels_app.admin.now import breakout_now, length, viewers_sentence
from channels_app.admin.planning_forms import BreakoutForm
from channels_app.admin.planning_verbs import PLANNING
from channels_app.guards import breakout as guards
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.playback_link import Playback
from channels_app.readiness import readiness
from channels_app.traffic import last_minutes
from streamhub.access.actors import Actor
from streamhub.clock import database_now, from_now
from streamhub.console import sizes
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Link, Panel, Section
from streamhub.console.finding import Search
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import PARAMETER, SavedView
from streamhub.console.templatetags.console import clock
from streamhub.console.verbs import Outcome, Verb
from streamhub.lifecycle.polled_lists import lists_read_at

SOON = timedelta(hours=24)


def starting_soon() -> Q:
    """Idle and planned for the next 24 hours, or for the last hour."""
    return Q(state=State.IDLE, starts_at__gte=from_now(timedelta(hours=-1)), starts_at__lte=from_now(SOON))


def _delivered_by(spellings: list[str]) -> QuerySet[Any, int]:
    """The breakouts that a distribution with this id or domain delivered."""
    delivered = Q(aws_distribution_id__in=spellings) | Q(domain_name__in=spellings)
    return Attachment.objects.filter(delivered).order_by("-started_at").values_list("breakout_id", flat=True)


@admin.register(Breakout)
class BreakoutAdmin(CreatingAdmin):
    icon = "podcasts"
    state_badges = badges.BREAKOUT
    deferred_columns = ("channel__distribution__config",)
    creation_form = BreakoutForm
    saved_views = (
        SavedView("live", "Live now", "sensors", lambda: Q(state__in=ON_AIR), 10),
        SavedView("soon", "Starting soon", "event_upcoming", starting_soon, 15),
        SavedView("planned", "Planned", "event", lambda: Q(state=State.IDLE), 17),
        SavedView(
            "moving",
            "In transition",
            "progress_activity",
            lambda: Q(state__in=badges.BREAKOUT_MOVING),
            20,
        ),
        SavedView("failed", "Failed", "error", lambda: Q(state=State.FAILED), 30),
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
    search_help_text = "Name, channel, or the whole id or domain of a distribution"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Breakout]:
        return super().get_queryset(request).select_related("channel__distribution")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is planned begins with the next one."""
        return ("starts_at", "id") if request.GET.get(PARAMETER) in ("soon", "planned") else ("-id",)

    @display(description="channel")
    def channel_shown(self, row: Breakout) -> str:
        if row.channel is None:
            return f"{row.channel_name} (deleted)"
        return format_html('<a class="sh-link" href="{}">{}</a>', page_of(row.channel), row.channel_name)

    @display(description="planned", ordering="starts_at")
    def planned(self, row: Breakout) -> str:
        return clock(row.starts_at)

    @display(description="customer")
    def customer_shown(self, row: Breakout) -> str:
        return services.customer_of(row) or "-"

    @display(description="curtain")
    def curtain(self, row: Breakout) -> str:
        return "raised" if row.curtain_raised else "lowered"

    @display(description="delivered", ordering="usage_bytes_downloaded")
    def delivered(self, row: Breakout) -> str:
        size = row.usage_bytes_downloaded
        if size is None:
            return "-"
        return format_html('<span title="{}">{}</span>', sizes.exact_bytes(size), sizes.human_bytes(size))

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
        return f"curtain {'raised' if row.curtain_raised else 'lowered'}" if on_air else ""

    def facts(self, request: HttpRequest, row: Breakout) -> list[Section]:
        return breakout_sections(row, request.user)

    def links(self, request: HttpRequest, row: Breakout) -> list[Link]:
        """Its control room, its place in the calendar, and a series of shows like it."""
        at = row.session_started_at or row.starts_at
        found = [
            Link("Control room", self.url("control", row.pk), "tune", key="o"),
            Link("Calendar", calendar_at(row.channel_id, at), "calendar_month"),
        ]
        if self.has_add_permission(request) and guards.refusal("duplicate", self.situation(row)) is None:
            found.append(Link("Plan a series", series.url_like(row), "date_range"))
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
    return Panel("Readiness", "channels_app/readiness.html", {"readiness": readiness(row)}, "checklist", 10)


def _preview_panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state not in (State.IDLE, State.FAILED, *ON_AIR):
        return None
    return Panel(
        "Preview",
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
    return Panel("Delivered by", "channels_app/attachments.html", context, "public", 30)


def _refusal(verb: str) -> Any:
    return lambda _row, situation: guards.refusal(verb, situation)


def _stop_consequences(row: Breakout) -> list[str]:
    others = handed_over.stop_consequences(row.channel)
    if row.state == State.STOPPING:
        return ["It is stopping already. StreamHub asks AWS once more, now.", *others]
    over = "A completed breakout cannot be started again."
    return [*_at_stake(row), "The session ends for every viewer.", over, *others]


def _at_stake(row: Breakout) -> list[str]:
    """The channel of a show that is live, for how long it has been on air, and how many watch."""
    if row.state != State.RUNNING:
        return []
    since = row.session_started_at or row.state_since
    minute = last_minutes([row]).get(row.pk)
    return [
        f"It is live on the channel {row.channel_name}, for {length(database_now() - since)} now.",
        f"{viewers_sentence(minute)}",
    ]


def _typed_while_live(row: Breakout) -> str:
    """A live show is stopped by typing, not by a stray click."""
    return "stop" if row.state == State.RUNNING else ""


def _curtain_note(row: Breakout) -> list[str]:
    if not playback.is_protected(row):
        return [CURTAIN_HINT]
    note = playback_pages.lowered_note(row)
    return [f"No new links are given out. {note}".strip()]


VERBS = (
    Verb(
        name="prepare",
        label="Prepare",
        icon="checklist",
        permission="channels_app.prepare_breakout",
        run=lambda row, who: services.breakout_prepare(row, who=who),
        refusal=_refusal("prepare"),
        consequences=lambda row: [
            "StreamHub makes sure that a distribution exists, and creates one if there is none.",
            "It reads the channel and the distribution from AWS again. Nothing goes on air.",
        ],
        done="it is being prepared. Its readiness is on its page.",
        order=10,
    ),
    Verb(
        name="start",
        label="Start",
        icon="play_circle",
        permission="channels_app.start_breakout",
        run=lambda row, who: services.breakout_start(row, who=who),
        refusal=_refusal("start"),
        consequences=lambda row: [
            f"The channel {row.channel_name} is started, and AWS bills it from then on.",
            "Viewers can watch once it is running and its curtain is raised.",
            *running_cost.of_breakout(row),
        ],
        together=running_cost.of_breakouts,
        done="it is being started.",
        now=breakout_now,
        costly=True,
        primary=True,
        order=20,
    ),
    playback_pages.VERB,
    Verb(
        name="raise",
        label="Raise curtain",
        icon="visibility",
        permission="channels_app.curtain_breakout",
        run=lambda row, who: services.breakout_curtain(row, True, who=who),
        refusal=_refusal("raise"),
        consequences=lambda row: ["Its playback URL is given out, and viewers can watch."],
        done="its curtain is raised.",
        order=30,
    ),
    Verb(
        name="lower",
        label="Lower curtain",
        icon="visibility_off",
        permission="channels_app.curtain_breakout",
        run=lambda row, who: services.breakout_curtain(row, False, who=who),
        refusal=_refusal("lower"),
        consequences=lambda row: ["Its playback URL is withheld. The stream goes on.", *_curtain_note(row)],
        done="its curtain is lowered.",
        order=31,
    ),
    Verb(
        name="stop",
        label="Stop",
        icon="stop_circle",
        permission="channels_app.stop_breakout",
        run=lambda row, who: services.breakout_stop(row, who=who),
        refusal=_refusal("stop"),
        typed=lambda row: handed_over.id_to_type(row.channel),
        typed_alone=_typed_while_live,
        run_typed=lambda row, who: services.breakout_stop(row, who=who, confirmed=True),
        consequences=_stop_consequences,
        done="it is being stopped.",
        now=breakout_now,
        danger=True,
        order=40,
    ),
    Verb(
        name="retry",
        label="Retry",
        icon="refresh",
        permission="channels_app.retry_breakout",
        run=lambda row, who: services.breakout_retry(row, who=who),
        refusal=_refusal("retry"),
        consequences=lambda row: [
            "It is started again. If its channel has failed too, the channel is retried first.",
            *running_cost.of_breakout(row),
        ],
        together=running_cost.of_breakouts,
        done="it is started again.",
        now=breakout_now,
        costly=True,
        primary=True,
        order=15,
    ),
    Verb(
        name="cancel",
        label="Cancel",
        icon="event_busy",
        permission="channels_app.cancel_breakout",
        run=lambda row, who: services.breakout_cancel(row, who=who),
        refusal=_refusal("cancel"),
        consequences=lambda row: ["It is cancelled for good and cannot be started any more."],
        done="it is cancelled.",
        now=breakout_now,
        danger=True,
        order=60,
    ),
)

PARTS = PageParts(
    Breakout,
    verbs=(*VERBS, *PLANNING),
    panels=(input_panel.of_breakout, _preview_panel, _readiness_panel, _attachments_panel),
)
