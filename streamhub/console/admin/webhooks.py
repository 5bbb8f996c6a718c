"""Webhook endpoints in the admin: the list, the page with what was sent, and the verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.access.actors import Actor
from streamhub.access.snapshot import only_hosts
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


def may_see_path(request: HttpRequest) -> bool:
    """Of a receiver's URL: it may hold the receiver's secret."""
    return request.user.has_perm("webhooks.edit_endpoint")


@admin.register(Endpoint)
class EndpointAdmin(ShowsOnce):
    purpose = _(
        "Other systems learn by webhook what happens here: shows that begin and end, alarms, usage. Add "
        "the URL of a receiver."
    )
    icon = "webhook"
    has_timeline = False
    once_template = "console/webhook_secret.html"
    once_title = _("Signing secret")
    once_cookie = "new_webhook_secret"
    state_badges = {
        EndpointState.ACTIVE: Badge(Tone.GOOD, "check_circle"),
        EndpointState.FAILING: Badge(Tone.BAD, "error", moving=True),
        EndpointState.PAUSED: Badge(Tone.CALM, "pause_circle"),
    }
    list_display = ("title", "state_shown", "format_shown", "host_shown", "backlog", "delivered")
    search_fields = ("name", "url")
    search_help_text = _("Name, or URL for who may edit it")
    ordering = ("-id",)
    creation_form = AddForm
    asks_again = True
    creation_note = _(
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
        waits = gettext("Events that wait: %(waiting)s.") % {"waiting": f"{row.waiting:,}"}
        if row.state == EndpointState.PAUSED:
            return " ".join(part for part in (row.paused_because, gettext("Nothing is sent."), waits) if part)
        if row.state == EndpointState.FAILING:
            return gettext("It took nothing (%(last_error)s). StreamHub tries again by itself. %(waits)s") % {
                "last_error": row.last_error,
                "waits": waits,
            }
        return waits if row.waiting else ""

    @display(description=_("format"))
    def format_shown(self, row: Endpoint) -> str:
        return str(Format(row.format).label)

    @display(description=_("URL"))
    def host_shown(self, row: Endpoint) -> str:
        return only_hosts(row.url)

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Who may not read the path of a URL must not find it by guessing."""
        return self.search_fields if may_see_path(request) else ("name",)

    @display(description=_("waiting / not delivered"))
    def backlog(self, row: Any) -> str:
        return f"{row.waiting:,} / {row.failed:,}"

    @display(description=_("last delivered"))
    def delivered(self, row: Endpoint) -> str:
        return when(row.last_delivered_at, gettext("never"))

    def links(self, request: HttpRequest, row: Endpoint) -> list[Link]:
        return [Link(gettext("Deliveries"), list_url(Delivery, endpoint=row.pk), "list")]

    def facts(self, request: HttpRequest, row: Any) -> list[Section]:
        kinds = event_kinds()
        known = [kinds[name].label if name in kinds else name for name in row.kinds]
        facts = [
            Fact(gettext("URL"), row.url if may_see_path(request) else only_hosts(row.url), "code"),
            Fact(gettext("format"), Format(row.format).label),
            Fact(
                gettext("events"),
                [f"{name}: {label}" for name, label in zip(row.kinds, known, strict=True)],
                "list",
            ),
            *(self._of_meter(row) if row.is_meter else self._of_signatures(row)),
            Fact(gettext("owner"), row.owner or "nobody"),
            Fact(gettext("added"), row.created_at, "when"),
        ]
        traffic = [
            Fact(gettext("waiting"), f"{row.waiting:,}"),
            Fact(
                gettext("not delivered"),
                f"{row.failed:,}",
                href=list_url(Delivery, "failed", endpoint=row.pk),
            ),
            Fact(
                gettext("last delivered"),
                row.last_delivered_at or "never",
                "when" if row.last_delivered_at else "text",
            ),
            Fact(
                gettext("last answer took"),
                gettext("%(last_duration_ms)s ms") % {"last_duration_ms": f"{row.last_duration_ms:,}"},
            ),
            Fact(gettext("failures in a row"), str(row.failures)),
            *([Fact(gettext("next attempt"), row.not_before, "when")] if row.failures else []),
        ]
        return [
            Section(gettext("Endpoint"), facts, "webhook", wide=True),
            Section(gettext("Traffic"), traffic, "send"),
        ]

    @staticmethod
    def _of_signatures(row: Endpoint) -> list[Fact]:
        both = bool(row.old_secret_until and row.old_secret_until > database_now())
        secret = Fact(
            gettext("signing secret"), "set", hint=gettext("It was shown once. Rotate makes a new one.")
        )
        return (
            [secret, Fact(gettext("old secret signs until"), row.old_secret_until, "when")]
            if both
            else [secret]
        )

    @staticmethod
    def _of_meter(row: Endpoint) -> list[Fact]:
        return [
            Fact(gettext("key"), gettext("set") if row.api_secret else gettext("none")),
            Fact(gettext("event name of the meter"), row.event_name or "streamhub.usage", "code"),
            Fact(
                gettext("customer of usage without one"),
                row.default_customer or gettext("none: such usage is not sent"),
            ),
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
    return Panel(gettext("Latest deliveries"), "console/webhook_deliveries.html", {"lines": lines}, "list")


PARTS = PageParts(
    Endpoint,
    verbs=VERBS,
    panels=(_latest,),
)
