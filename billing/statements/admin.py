"""Statements in the admin: the list, a statement's page with its verbs and documents, and new drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from billing.monthly_usage import month_bounds
from billing.statement_rows import Statement, StatementLine, StatementState
from billing.statements import downloads, services
from billing.statements.admin_verbs import VERBS
from billing.statements.customers import customers_known
from streamhub.access.actors import Actor
from streamhub.access.roles import ENGINEER, VIEWER
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Fact, Panel, Section
from streamhub.console.forms import ConsoleForm
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant
from streamhub.console.saved_views import SavedView
from streamhub.console.templatetags.console import size
from streamhub.console.verbs import Outcome

VIEW = "billing.view_statement"
HOUSE = _("no customer")
MONTHS_OFFERED = 15
LINES_SHOWN = 50


class DraftForm(ConsoleForm):
    """What a new draft is of."""

    period = forms.ChoiceField(
        label=_("Month"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("In UTC. A month that runs can be looked at, and issued about five days after its end."),
    )
    customer = forms.ChoiceField(
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("No customer: what is nobody's, and what no breakout explains."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [(f"{day:%Y-%m}", dateformat.format(day, "F Y")) for day in _months()]
        customers = [("", HOUSE.capitalize()), *((name, name) for name in customers_known())]
        self.fields["period"].choices = months  # type: ignore[attr-defined]
        self.fields["customer"].choices = customers  # type: ignore[attr-defined]
        self.fields["period"].initial = months[1][0]


def _months() -> list[Any]:
    """The months to choose from, by their first days, the present one first."""
    days = [database_now().date().replace(day=1)]
    while len(days) < MONTHS_OFFERED:
        days.append((days[-1] - timedelta(days=1)).replace(day=1))
    return days


@admin.register(Statement)
class StatementAdmin(CreatingAdmin):
    purpose = _(
        "A statement freezes what a customer used in a month. Draft one for a customer once a breakout of"
        " theirs is over."
    )
    icon = "request_quote"
    has_timeline = False
    state_badges = {
        StatementState.DRAFT: Badge(Tone.WARN, "edit_note"),
        StatementState.ISSUED: Badge(Tone.GOOD, "verified"),
        StatementState.VOID: Badge(Tone.CALM, "block"),
    }
    saved_views = (
        SavedView("drafts", _("Drafts"), "edit_note", lambda: Q(state=StatementState.DRAFT), 10),
        SavedView("issued", _("Issued"), "verified", lambda: Q(state=StatementState.ISSUED), 20),
    )
    list_display = ("title", "state_shown", "period_shown", "customer_shown", "total_shown", "bytes_shown")
    search_fields = ("customer", "=number")
    search_help_text = _("Customer or number")
    ordering = ("-id",)
    creation_form = DraftForm
    creation_note = _("A draft can be worked out again and discarded. Only what is issued counts.")

    @display(description=_("month"), ordering="period")
    def period_shown(self, row: Statement) -> str:
        return f"{row.period:%Y-%m}"

    @display(description=_("customer"), ordering="customer")
    def customer_shown(self, row: Statement) -> str:
        return row.customer or str(HOUSE)

    @display(description=_("estimate"))
    def total_shown(self, row: Statement) -> str:
        return gettext("being made") if row.making else f"{row.total:,} {row.currency}"

    @display(description=_("delivered"))
    def bytes_shown(self, row: Statement) -> str:
        return gettext("being made") if row.making else size(row.bytes_downloaded)

    def headline(self, row: Statement) -> str:
        if row.state == StatementState.VOID:
            return gettext("Void: %(void_reason)s") % {"void_reason": row.void_reason}
        if row.state == StatementState.ISSUED:
            return gettext("It never changes. What came late is on the next one.")
        if row.making:
            return gettext("%(making)s This page shows when it is done.") % {"making": row.making}
        if row.issuing:
            return gettext("%(issuing)s Then it is issued, or this page says why not.") % {
                "issuing": row.issuing
            }
        if row.missing:
            return gettext("It cannot be issued yet: %(missing)s Recompute it when that is done.") % {
                "missing": " ".join(row.missing)
            }
        return gettext("Everything that it covers is complete: it can be issued.")

    def creation_initial(self, request: HttpRequest) -> dict[str, Any]:
        """The choices depend on the day, so the form has to be made to know them."""
        fields = DraftForm().fields
        return {
            name: value
            for name, value in request.GET.items()
            if name in fields and any(value == choice for choice, _label in fields[name].choices)  # type: ignore[attr-defined]
        }

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Statement:
        return services.statement_draft(data["period"], data["customer"], who=who)

    def after_verb(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        """After a discard to the list: its page is gone. What a job does now is not said to be done."""
        if not outcome.ok:
            return None
        if Statement.objects.filter(pk=outcome.returned.pk).exists():
            if not outcome.returned.at_work:
                return None
            messages.info(request, f"{outcome.label}: {outcome.returned.at_work}")
            return HttpResponseRedirect(self.url("change", outcome.returned.pk))
        messages.success(request, f"{outcome.label}: {outcome.sentence}")
        return HttpResponseRedirect(self.url("changelist"))

    def facts(self, request: HttpRequest, row: Statement) -> list[Section]:
        start, end = month_bounds(f"{row.period:%Y-%m}")
        query = urlencode({"name": row.customer})
        customer = f"{reverse('admin:customer')}?{query}" if row.customer else ""
        stated = [
            Fact(gettext("customer"), row.customer or HOUSE, href=customer),
            Fact(gettext("from"), start, "when"),
            Fact(gettext("until"), end, "when"),
        ]
        sums = [
            Fact(
                gettext("total"),
                f"{row.total:,} {row.currency}",
                hint=gettext("An estimate: usage times list prices."),
            ),
            Fact(gettext("delivered"), row.bytes_downloaded, "bytes"),
            Fact(gettext("lines"), f"{row.lines_count:,}"),
            Fact(gettext("worked out"), row.worked_out_at, "when"),
        ]
        stated += [] if row.making else sums
        if row.at_work:
            since = gettext("being made since") if row.making else gettext("being issued since")
            stated.append(Fact(since, row.making_since, "when"))
            if until := _ready_at(row):
                stated.append(
                    Fact(
                        gettext("ready at about"),
                        until,
                        "when",
                        hint=gettext("If it goes on as fast as so far."),
                    )
                )
        if row.missing:
            stated.append(Fact(gettext("missing"), row.missing, "list"))
        sections = [Section(gettext("Statement"), stated, "request_quote")]
        if row.number:
            facts = [
                Fact(gettext("number"), str(row.number)),
                Fact(gettext("issued"), row.issued_at, "when"),
                Fact(gettext("by"), row.issued_by),
                Fact(
                    gettext("SHA-256"),
                    row.sha256,
                    "code",
                    hint=gettext("Over its lines and its head; docs/billing.md."),
                ),
            ]
            if row.voided_at:
                facts += [
                    Fact(gettext("void since"), row.voided_at, "when"),
                    Fact(gettext("by"), row.voided_by),
                    Fact(gettext("because"), row.void_reason),
                ]
            sections.append(Section(gettext("Issued"), facts, "verified"))
        return sections

    def extra_urls(self) -> list[Any]:
        name = "billing_statement"
        return [
            path("<int:object_id>/csv/", self.own(downloads.as_csv), name=f"{name}_csv"),
            path("<int:object_id>/xlsx/", self.own(downloads.as_xlsx), name=f"{name}_xlsx"),
            path("<int:object_id>/pdf/", self.own(downloads.as_pdf), name=f"{name}_pdf"),
            path("<int:object_id>/print/", self.own(downloads.to_print), name=f"{name}_print"),
            *super().extra_urls(),
        ]


def _ready_at(row: Statement) -> datetime | None:
    """When a job will be done with it, if the rest takes as long as what is done did; None: it just began."""
    if row.making_since is None or not row.making_done:
        return None
    return row.making_since + (database_now() - row.making_since) * row.making_total / row.making_done


def _lines(request: HttpRequest, row: Statement) -> Panel:
    rows = StatementLine.objects.filter(statement=row).order_by("position")
    lines = [] if row.making else list(rows[:LINES_SHOWN])
    context = {
        "row": row,
        "lines": lines,
        "left_out": max(0, row.lines_count - len(lines)),
        "may_export": request.user.has_perm(downloads.EXPORT) and not row.making,
    }
    return Panel(gettext("Lines"), "billing/statement_lines.html", context, "list_alt", order=20)


PARTS = PageParts(Statement, verbs=VERBS, panels=(_lines,))
NAVIGATION = (Entry(306, _("Billing"), _("Statements"), "request_quote", "billing.statement"),)
ROLES = (
    Grant(VIEWER, (VIEW,)),
    Grant(
        ENGINEER,
        (
            "billing.add_statement",
            "billing.change_statement",
            "billing.delete_statement",
            "billing.issue_statement",
            "billing.void_statement",
            downloads.EXPORT,
        ),
    ),
)
