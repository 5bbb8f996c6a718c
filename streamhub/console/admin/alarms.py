"""Alarms in the admin: the list with its filters, the page with the log, and the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from streamhub.access.actors import Actor
from streamhub.alerts import evaluation, guards, services
from streamhub.alerts.models import Alarm, Notice, State, open_alarms
from streamhub.alerts.rules import Severity
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone
from streamhub.console.facts import Fact, Link, Panel, Section
from streamhub.console.finding import Search
from streamhub.console.registry import PageParts
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView
from streamhub.console.templatetags.console import badge as badge_context
from streamhub.console.templatetags.console import since
from streamhub.console.verbs import Verb

SEVERITIES = {
    Severity.CRITICAL: Badge(Tone.BAD, "emergency_home"),
    Severity.WARNING: Badge(Tone.WARN, "warning"),
}
UNRESOLVED = Q(resolved_at__isnull=True)


class SeverityFilter(admin.SimpleListFilter):
    title = "severity"
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(severity.value, severity.value) for severity in Severity]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        return queryset.filter(severity=self.value()) if self.value() else queryset


class RuleFilter(admin.SimpleListFilter):
    """The rules of what is open; the rules of all alarms would cost a scan of the table."""

    title = "rule"
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rules = set(open_alarms().values_list("rule", flat=True)) | {request.GET.get("rule") or ""}
        return [(rule, rule) for rule in sorted(rules - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(Alarm)
class AlarmAdmin(ResourceAdmin):
    icon = "notification_important"
    state_badges = {
        State.OPEN: Badge(Tone.BAD, "notification_important"),
        State.ACKNOWLEDGED: Badge(Tone.WARN, "done"),
        State.SILENCED: Badge(Tone.CALM, "notifications_off"),
        State.RESOLVED: Badge(Tone.GOOD, "check_circle"),
    }
    saved_views = (
        SavedView("open", "Open", "notification_important", lambda: UNRESOLVED, 10),
        SavedView(
            "unseen", "Nobody has it", "person_off", lambda: UNRESOLVED & Q(acknowledged_at__isnull=True), 20
        ),
    )
    list_display = ("title", "state_shown", "severity_shown", "about", "owner_shown", "began")
    list_filter = (SeverityFilter, RuleFilter)
    search = Search(names=("name", "detail", "rule", "owner", "acknowledged_by"))
    search_help_text = "Name, text, rule or person"
    # What is open comes first.
    ordering = (F("resolved_at").desc(nulls_first=True), "-id")

    def marked(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the database's time, by which silence ends."""
        return rows.annotate(now=Now())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Stores what is the case first, so that the list is true without a worker."""
        evaluation.store_now()
        return super().changelist_view(request, extra_context)

    def state(self, row: Alarm) -> str:
        return row.state_at(getattr(row, "now", None) or database_now()).value

    def since(self, row: Alarm) -> datetime | None:
        return row.resolved_at or row.since

    @display(description="alarm")
    def title(self, row: Alarm) -> str:
        return row.detail

    @display(description="severity", ordering="severity")
    def severity_shown(self, row: Alarm) -> str:
        badge = SEVERITIES[Severity(row.severity)]
        return render_to_string("console/badge.html", badge_context(badge, row.severity))

    @display(description="about")
    def about(self, row: Alarm) -> SafeString | str:
        label = f"{row.kind} {row.name}"
        return format_html('<a class="sh-link" href="{}">{}</a>', row.url, label) if row.url else label

    @display(description="owner", ordering="owner")
    def owner_shown(self, row: Alarm) -> str:
        return row.owner or (f"seen by {row.acknowledged_by}" if row.acknowledged_by else "nobody")

    @display(description="since", ordering="since")
    def began(self, row: Alarm) -> SafeString:
        return since(row.since)

    def situation(self, row: Alarm) -> guards.Situation:
        return services.situation_of(row)

    def headline(self, row: Alarm) -> str:
        return f"{row.owner} has it" if row.owner else ""

    def links(self, request: HttpRequest, row: Alarm) -> list[Link]:
        return [Link("Open its page", row.url, "arrow_forward")] if row.url else []

    def facts(self, request: HttpRequest, row: Alarm) -> list[Section]:
        alarm = [
            Fact("what is wrong", row.detail),
            Fact("what to do", row.hint),
            Fact("the error", row.aws_error, "code"),
            Fact("severity", row.severity),
            Fact("rule", row.rule, "code"),
            Fact("about", f"{row.kind} {row.name}", href=row.url),
            Fact("since", row.since, "when"),
            Fact("first seen", row.opened_at, "when"),
            _moment("resolved", row.resolved_at),
        ]
        people = [
            Fact("owner", row.owner or "nobody"),
            Fact("acknowledged by", row.acknowledged_by or "nobody"),
            _moment("acknowledged", row.acknowledged_at),
            Fact("note", row.note),
            _moment("silenced until", row.silenced_until),
        ]
        return [
            Section("Alarm", alarm, "notification_important", wide=True),
            Section("People", people, "group"),
        ]


def _moment(label: str, moment: datetime | None) -> Fact:
    """A time that may never come."""
    return Fact(label, moment, "when") if moment else Fact(label, "no")


def _notices(request: HttpRequest, row: Alarm) -> Panel | None:
    notices = list(row.notices.order_by("pk")[:50])
    return Panel("Notices", "console/notices.html", {"notices": [_notice(each) for each in notices]}, "send")


def _notice(row: Notice) -> dict[str, Any]:
    word, tone = ("sent", Tone.GOOD) if row.sent_at else ("waits", Tone.BUSY)
    if row.given_up:
        word, tone = "given up", Tone.CALM
    elif row.error and not row.sent_at:
        word, tone = "failing", Tone.BAD
    icon = {"sent": "check_circle", "waits": "schedule", "given up": "block", "failing": "error"}[word]
    return {"row": row, "badge": Badge(tone, icon), "word": word}


class NoteForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=services.NOTE_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What you found or will do, for those who see the alarm after you.",
    )


class SilenceForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        initial=60,
        choices=[(15, "15 minutes"), (60, "1 hour"), (240, "4 hours"), (1440, "1 day"), (10080, "1 week")],
        widget=UnfoldAdminRadioSelectWidget,
    )


def _silence(row: Alarm, who: Actor, minutes: int) -> None:
    services.alarm_silence(row, who=who, until=database_now() + timedelta(minutes=minutes))


def _refusal(verb: str) -> Any:
    return lambda _row, situation: guards.refusal(verb, situation)


VERBS = (
    Verb(
        name="acknowledge",
        label="Acknowledge",
        icon="done",
        permission="alerts.acknowledge_alarm",
        run=lambda row, who, note="": services.alarm_acknowledge(row, who=who, note=note),
        refusal=_refusal("acknowledge"),
        consequences=lambda row: [
            "Everybody sees that you have seen it, and it is not escalated.",
            "It stays open until its reason is gone.",
        ],
        done="it is acknowledged.",
        primary=True,
        order=10,
        form=NoteForm,
    ),
    Verb(
        name="take",
        label="Take",
        icon="person_add",
        permission="alerts.take_alarm",
        run=lambda row, who: services.alarm_take(row, who=who),
        refusal=_refusal("take"),
        consequences=lambda row: [
            f"It is yours instead of {row.owner}'s." if row.owner else "It is yours: you look after it.",
            "It counts as acknowledged, and is not escalated.",
        ],
        done="it is yours.",
        order=20,
    ),
    Verb(
        name="silence",
        label="Silence",
        icon="notifications_off",
        permission="alerts.silence_alarm",
        run=_silence,
        refusal=_refusal("silence"),
        consequences=lambda row: [
            "Until then nobody is sent a notice about it, and pages show it more calmly.",
            "Its reason stays. If it is still there afterwards, notices are sent again.",
        ],
        done="it is silenced.",
        order=30,
        bulk=False,
        form=SilenceForm,
    ),
)

PARTS = PageParts(Alarm, verbs=VERBS, panels=(_notices,))
