"""Webhook endpoints in the admin: the list, the page with what was sent, and the verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.console.admin.webhook_deliveries import DELIVERY_BADGES
from streamhub.console.admin.webhook_forms import AddForm, wanted
from streamhub.console.admin.webhook_verbs import DELETED, VERBS, Issued
from streamhub.console.badges import Badge, Tone
from streamhub.console.facts import Fact, Link, Panel, Section
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import list_url
from streamhub.console.shown_once import ShowsOnce
from streamhub.console.templatetags.console import when
from streamhub.console.verbs import Outcome
from streamhub.webhooks import services
from streamhub.webhooks.kinds import event_kinds
from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint, EndpointState, Format


@admin.register(Endpoint)
class EndpointAdmin(ShowsOnce):
    icon = "webhook"
    has_timeline = False
    once_template = "console/webhook_secret.html"
    once_title = "Signing secret"
    once_cookie = "new_webhook_secret"
    state_badges = {
        EndpointState.ACTIVE: Badge(Tone.GOOD, "check_circle"),
        EndpointState.FAILING: Badge(Tone.BAD, "error", moving=True),
        EndpointState.PAUSED: Badge(Tone.CALM, "pause_circle"),
    }
    list_display = ("title", "state_shown", "format_shown", "host_shown", "backlog", "delivered")
    search_fields = ("name", "url")
    search_help_text = "Name or URL"
    ordering = ("-id",)
    creation_form = AddForm
    asks_again = True
    creation_note = (
        "Receivers of CloudEvents and Standard Webhooks get a signing secret. The next page shows it once. "
        "Events that happen from now on are sent; Send again sends older ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return self.counted(super().get_queryset(request))

    def state_rows(self) -> Any:
        return self.counted(super().state_rows())

    def counted(self, rows: Any) -> Any:
        """The rows with how many events wait, and how many were not delivered."""
        return rows.select_related("owner").annotate(
            waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING)),
            failed=Count("deliveries", filter=Q(deliveries__state=DeliveryState.FAILED)),
        )

    def state(self, row: Endpoint) -> str:
        return row.state.value

    def since(self, row: Endpoint) -> datetime | None:
        return (row.failing_since if row.active else None) or row.created_at

    def headline(self, row: Any) -> str:
        waits = f"Events that wait: {row.waiting:,}."
        if row.state == EndpointState.PAUSED:
            return " ".join(part for part in (row.paused_because, "Nothing is sent.", waits) if part)
        if row.state == EndpointState.FAILING:
            return f"It took nothing ({row.last_error}). StreamHub tries again by itself. {waits}"
        return waits if row.waiting else ""

    @display(description="format")
    def format_shown(self, row: Endpoint) -> str:
        return Format(row.format).label

    @display(description="URL")
    def host_shown(self, row: Endpoint) -> str:
        return row.url

    @display(description="waiting / not delivered")
    def backlog(self, row: Any) -> str:
        return f"{row.waiting:,} / {row.failed:,}"

    @display(description="last delivered")
    def delivered(self, row: Endpoint) -> str:
        return when(row.last_delivered_at, "never")

    def links(self, request: HttpRequest, row: Endpoint) -> list[Link]:
        return [Link("Deliveries", list_url(Delivery, endpoint=row.pk), "list")]

    def facts(self, request: HttpRequest, row: Any) -> list[Section]:
        kinds = event_kinds()
        known = [kinds[name].label if name in kinds else name for name in row.kinds]
        facts = [
            Fact("URL", row.url, "code"),
            Fact("format", Format(row.format).label),
            Fact(
                "events", [f"{name}: {label}" for name, label in zip(row.kinds, known, strict=True)], "list"
            ),
            *(self._of_meter(row) if row.is_meter else self._of_signatures(row)),
            Fact("owner", row.owner or "nobody"),
            Fact("added", row.created_at, "when"),
        ]
        traffic = [
            Fact("waiting", f"{row.waiting:,}"),
            Fact("not delivered", f"{row.failed:,}", href=list_url(Delivery, "failed", endpoint=row.pk)),
            Fact(
                "last delivered",
                row.last_delivered_at or "never",
                "when" if row.last_delivered_at else "text",
            ),
            Fact("last answer took", f"{row.last_duration_ms:,} ms"),
            Fact("failures in a row", str(row.failures)),
            *([Fact("next attempt", row.not_before, "when")] if row.failures else []),
        ]
        return [Section("Endpoint", facts, "webhook", wide=True), Section("Traffic", traffic, "send")]

    @staticmethod
    def _of_signatures(row: Endpoint) -> list[Fact]:
        both = bool(row.old_secret_until and row.old_secret_until > database_now())
        secret = Fact("signing secret", "set", hint="It was shown once. Rotate makes a new one.")
        return [secret, Fact("old secret signs until", row.old_secret_until, "when")] if both else [secret]

    @staticmethod
    def _of_meter(row: Endpoint) -> list[Fact]:
        return [
            Fact("key", "set" if row.api_secret else "none"),
            Fact("event name of the meter", row.event_name or "streamhub.usage", "code"),
            Fact("customer of usage without one", row.default_customer or "none: such usage is not sent"),
        ]

    # --- adding, and what verbs lead to ------------------------------------------------------

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Issued:
        return Issued(*services.endpoint_add(wanted(data), data["format"], who=who))

    def after_creation(self, request: HttpRequest, created: Issued) -> HttpResponse:
        if created.plain:
            return self.show_once(request, created.row, created.plain)
        return super().after_creation(request, created.row)

    def after_verb(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        returned = outcome.returned
        if isinstance(returned, Issued):
            return self.show_once(request, returned.row, returned.plain)
        if isinstance(returned, str):
            messages.success(request, f"{outcome.label}: {returned}")
            return HttpResponseRedirect(request.path.partition("/do/")[0] + "/change/")
        if outcome.ok and outcome.sentence == DELETED:
            messages.success(request, f"{outcome.label}: {DELETED}")
            return HttpResponseRedirect(self.url("changelist"))
        return None


def _latest(request: HttpRequest, row: Endpoint) -> Panel:
    rows = row.deliveries.select_related("event").order_by("-id")[:20]
    lines = [{"row": each, "badge": DELIVERY_BADGES[DeliveryState(each.state)]} for each in rows]
    return Panel("Latest deliveries", "console/webhook_deliveries.html", {"lines": lines}, "list")


PARTS = PageParts(
    Endpoint,
    verbs=VERBS,
    panels=(_latest,),
)
