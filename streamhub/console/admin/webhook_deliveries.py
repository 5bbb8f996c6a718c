"""Deliveries in the admin: what went to whom, how it was answered, and Send again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.console.badges import Badge, Tone, busy
from streamhub.console.facts import Fact, Panel, Section
from streamhub.console.filters import DayFilter
from streamhub.console.registry import PageParts
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView
from streamhub.console.templatetags.console import since
from streamhub.console.verbs import Verb
from streamhub.row_ids import row_ids
from streamhub.webhooks import services
from streamhub.webhooks.formats import cloud_event
from streamhub.webhooks.kinds import event_kinds
from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint

DELIVERY_BADGES = {
    DeliveryState.WAITING: busy("schedule"),
    DeliveryState.DELIVERED: Badge(Tone.GOOD, "check_circle"),
    DeliveryState.FAILED: Badge(Tone.BAD, "error"),
    DeliveryState.DISMISSED: Badge(Tone.CALM, "done_all"),
}


class EndpointFilter(admin.SimpleListFilter):
    title = _("endpoint")
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Endpoint.objects.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(endpoint__in=row_ids([self.value() or ""])) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    title = _("event")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in event_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event__kind=self.value()) if self.value() else queryset


class EventDayFilter(DayFilter):
    column = "event__at"


def _in_state(state: DeliveryState) -> Any:
    return lambda: Q(state=state)


@admin.register(Delivery)
class DeliveryAdmin(ResourceAdmin):
    purpose = _(
        "What was sent to webhook endpoints, and how each answered. Add an endpoint and send it a test "
        "event to see the first."
    )
    icon = "send"
    has_timeline = False
    about_others = True
    state_badges = DELIVERY_BADGES
    saved_views = (
        SavedView("failed", _("Not delivered"), "error", _in_state(DeliveryState.FAILED), 10),
        SavedView("waiting", _("Waiting"), "schedule", _in_state(DeliveryState.WAITING), 20),
    )
    list_display = ("title", "state_shown", "endpoint_shown", "attempts_shown", "answer_shown", "happened")
    list_filter = (EndpointFilter, KindFilter, EventDayFilter)
    list_select_related = ("endpoint", "event")
    search_fields = ("=event__uid", "=event__subject")
    search_help_text = _("Id of the event, or its subject")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("endpoint", "event")

    @display(description=_("event"))
    def title(self, row: Delivery) -> str:
        return str(row.event)

    @display(description=_("endpoint"))
    def endpoint_shown(self, row: Delivery) -> SafeString:
        return format_html('<a class="sh-link" href="{}">{}</a>', _endpoint_url(row), row.endpoint)

    @display(description=_("attempts"))
    def attempts_shown(self, row: Delivery) -> str:
        return str(row.attempts)

    @display(description=_("last answer"))
    def answer_shown(self, row: Delivery) -> str:
        return _answer(row)

    @display(description=_("happened"))
    def happened(self, row: Delivery) -> SafeString:
        return since(row.event.at)

    def headline(self, row: Delivery) -> str:
        return "" if row.state == DeliveryState.DELIVERED else _answer(row)

    def facts(self, request: HttpRequest, row: Delivery) -> list[Section]:
        event = [
            Fact(gettext("event"), row.event.kind, "code"),
            Fact(
                gettext("id"),
                row.event.uid,
                "id",
                hint=gettext("The same at every attempt, and for every receiver."),
            ),
            Fact(gettext("about"), row.event.subject, "code"),
            Fact(gettext("customer"), row.event.customer or row.customer or "none"),
            Fact(gettext("happened"), row.event.at, "when"),
        ]
        delivery = [
            Fact(gettext("endpoint"), row.endpoint.name, href=_endpoint_url(row)),
            Fact(gettext("attempts"), str(row.attempts)),
            Fact(gettext("last answer"), _answer(row)),
            Fact(
                gettext("it took"),
                "-"
                if row.duration_ms is None
                else gettext("%(duration_ms)s ms") % {"duration_ms": f"{row.duration_ms:,}"},
            ),
            *(
                [Fact(gettext("next attempt"), row.not_before, "when")]
                if row.state == DeliveryState.WAITING
                else []
            ),
        ]
        return [Section(gettext("Event"), event, "bolt"), Section(gettext("Delivery"), delivery, "send")]


def _endpoint_url(row: Delivery) -> str:
    return reverse("admin:webhooks_endpoint_change", args=[row.endpoint_id])


def _answer(row: Delivery) -> str:
    if row.status is None and not row.answer:
        return gettext("not tried yet")
    return " ".join(part for part in (str(row.status or ""), row.answer[:120]) if part)


def _attempts(request: HttpRequest, row: Delivery) -> Panel:
    return Panel(
        gettext("Attempts"),
        "console/webhook_attempts.html",
        {"attempts": list(row.log.order_by("-id")[:50])},
        "replay",
    )


def _content(request: HttpRequest, row: Delivery) -> Panel:
    return Panel(
        gettext("Content"),
        "console/webhook_content.html",
        {"data": cloud_event(row.event)},
        "data_object",
        60,
    )


SEND_AGAIN = Verb(
    name="replay",
    label=_("Send again"),
    icon="replay",
    permission="webhooks.replay_delivery",
    run=lambda row, who: services.delivery_replay(row, who=who),
    refusal=lambda row, _situation: services.replay_refusal(row),
    consequences=lambda row: [
        gettext("%(endpoint)s gets it with the same id. A receiver that has it already drops it.")
        % {"endpoint": row.endpoint}
    ],
    done=_("sent again."),
    primary=True,
    order=10,
)

PARTS = PageParts(Delivery, verbs=(SEND_AGAIN,), panels=(_attempts, _content))
