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
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from streamhub.access.actors import Actor
from streamhub.alerts import evaluation, guards, services
from streamhub.alerts.models import Alarm, Notice, State, open_alarms
from streamhub.alerts.rules import Severity
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone
from streamhub.console.facts import Fact, Link, Panel, Section
from streamhub.console.finding import Search
from streamhub.console.forms import ConsoleForm
from streamhub.console.registry import PageParts
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView
from streamhub.console.templatetags.console import badge as badge_of
from streamhub.console.templatetags.console import since
from streamhub.console.verbs import Verb, guarded

SEVERITIES = {
    Severity.CRITICAL: Badge(Tone.BAD, "emergency_home"),
    Severity.WARNING: Badge(Tone.WARN, "warning"),
}
UNRESOLVED = Q(resolved_at__isnull=True)


class SeverityFilter(admin.SimpleListFilter):
    title = _("severity")
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(severity.value, severity.value) for severity in Severity]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        return queryset.filter(severity=self.value()) if self.value() else queryset


class RuleFilter(admin.SimpleListFilter):
    """The rules of what is open; the rules of all alarms would cost a scan of the table."""

    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rules = set(open_alarms().values_list("rule", flat=True)) | {request.GET.get("rule") or ""}
        return [(rule, rule) for rule in sorted(rules - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(Alarm)
class AlarmAdmin(ResourceAdmin):
    purpose = _(
        "What is wrong, late or blind stands here by itself, with who looks after it. That it is empty is"
        " good news."
    )
    icon = "notification_important"
    state_badges = {
        State.OPEN: Badge(Tone.BAD, "notification_important"),
        State.ACKNOWLEDGED: Badge(Tone.WARN, "done"),
        State.SILENCED: Badge(Tone.CALM, "notifications_off"),
        State.RESOLVED: Badge(Tone.GOOD, "check_circle"),
    }
    saved_views = (
        SavedView("open", _("Open"), "notification_important", lambda: UNRESOLVED, 10),
        SavedView(
            "unseen",
            _("Nobody has it"),
            "person_off",
            lambda: UNRESOLVED & Q(acknowledged_at__isnull=True),
            20,
        ),
    )
    about_others = True
    list_display = ("title", "state_shown", "severity_shown", "about", "owner_shown", "began")
    list_filter = (SeverityFilter, RuleFilter)
    search = Search(names=("name", "detail", "rule", "owner", "acknowledged_by"))
    search_help_text = _("Name, text, rule or person")
    # What is open comes first, and of that what is critical: "critical" sorts before "warning".
    ordering = (F("resolved_at").desc(nulls_first=True), "severity", "-id")

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

    @display(description=_("alarm"))
    def title(self, row: Alarm) -> str:
        return row.detail

    @display(description=_("severity"), ordering="severity")
    def severity_shown(self, row: Alarm) -> str:
        return badge_of(SEVERITIES[Severity(row.severity)], row.severity)

    @display(description=_("about"))
    def about(self, row: Alarm) -> SafeString | str:
        if not row.url:
            return row.about
        return format_html('<a class="sh-link" href="{}">{}</a>', row.url, row.about)

    @display(description=_("owner"), ordering="owner")
    def owner_shown(self, row: Alarm) -> str:
        return row.owner or (
            gettext("seen by %(acknowledged_by)s") % {"acknowledged_by": row.acknowledged_by}
            if row.acknowledged_by
            else gettext("nobody")
        )

    @display(description=_("since"), ordering="since")
    def began(self, row: Alarm) -> SafeString:
        return since(row.since)

    def situation(self, row: Alarm) -> guards.Situation:
        return services.situation_of(row)

    def headline(self, row: Alarm) -> str:
        return gettext("%(owner)s has it") % {"owner": row.owner} if row.owner else ""

    def links(self, request: HttpRequest, row: Alarm) -> list[Link]:
        return [Link(gettext("Open its page"), row.url, "arrow_forward")] if row.url else []

    def facts(self, request: HttpRequest, row: Alarm) -> list[Section]:
        alarm = [
            Fact(gettext("what is wrong"), row.detail),
            Fact(gettext("what to do"), row.hint),
            Fact(gettext("the error"), row.aws_error, "code"),
            Fact(gettext("severity"), row.severity),
            Fact(gettext("rule"), row.rule, "code"),
            Fact(gettext("about"), row.about, href=row.url),
            Fact(gettext("since"), row.since, "when"),
            Fact(gettext("first seen"), row.opened_at, "when"),
            _moment("resolved", row.resolved_at),
        ]
        people = [
            Fact(gettext("owner"), row.owner or "nobody"),
            Fact(gettext("acknowledged by"), row.acknowledged_by or "nobody"),
            _moment("acknowledged", row.acknowledged_at),
            Fact(gettext("note"), row.note),
            _moment(gettext("silenced until"), row.silenced_until),
        ]
        return [
            Section(gettext("Alarm"), alarm, "notification_important", wide=True),
            Section(gettext("People"), people, "group"),
        ]


def _moment(label: str, moment: datetime | None) -> Fact:
    """A time that may never come."""
    return Fact(label, moment, "when") if moment else Fact(label, "no")


def _notices(request: HttpRequest, row: Alarm) -> Panel | None:
    notices = list(row.notices.order_by("pk")[:50])
    return Panel(
        gettext("Notices"), "console/notices.html", {"notices": [_notice(each) for each in notices]}, "send"
    )


def _notice(row: Notice) -> dict[str, Any]:
    word, tone = ("sent", Tone.GOOD) if row.sent_at else ("waits", Tone.BUSY)
    if row.given_up:
        word, tone = gettext("given up"), Tone.CALM
    elif row.error and not row.sent_at:
        word, tone = "failing", Tone.BAD
    icon = {"sent": "check_circle", "waits": "schedule", "given up": "block", "failing": "error"}[word]
    return {"row": row, "badge": Badge(tone, icon), "word": word}


class NoteForm(ConsoleForm):
    note = forms.CharField(
        required=False,
        max_length=services.NOTE_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("What you found or will do, for those who see the alarm after you."),
    )


class SilenceForm(ConsoleForm):
    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        initial=60,
        choices=[(15, "15 minutes"), (60, "1 hour"), (240, "4 hours"), (1440, "1 day"), (10080, "1 week")],
        widget=UnfoldAdminRadioSelectWidget,
    )


def _silence(row: Alarm, who: Actor, minutes: int) -> None:
    services.alarm_silence(row, who=who, until=database_now() + timedelta(minutes=minutes))


VERBS = (
    Verb(
        name="acknowledge",
        label=_("Acknowledge"),
        icon="done",
        permission="alerts.acknowledge_alarm",
        run=lambda row, who, note="": services.alarm_acknowledge(row, who=who, note=note),
        refusal=guarded(guards.refusal, "acknowledge"),
        consequences=lambda row: [
            gettext("Everybody sees that you have seen it, and it is not escalated."),
            gettext("It stays open until its reason is gone."),
        ],
        done=_("it is acknowledged."),
        primary=True,
        order=10,
        form=NoteForm,
    ),
    Verb(
        name="take",
        label=_("Take"),
        icon="person_add",
        permission="alerts.take_alarm",
        run=lambda row, who: services.alarm_take(row, who=who),
        refusal=guarded(guards.refusal, "take"),
        consequences=lambda row: [
            gettext("It is yours instead of %(owner)s's.") % {"owner": row.owner}
            if row.owner
            else gettext("It is yours: you look after it."),
            gettext("It counts as acknowledged, and is not escalated."),
        ],
        done=_("it is yours."),
        order=20,
    ),
    Verb(
        name="silence",
        label=_("Silence"),
        icon="notifications_off",
        permission="alerts.silence_alarm",
        run=_silence,
        refusal=guarded(guards.refusal, "silence"),
        consequences=lambda row: [
            gettext("Until then nobody is sent a notice about it, and pages show it more calmly."),
            gettext("Its reason stays. If it is still there afterwards, notices are sent again."),
        ],
        done=_("it is silenced."),
        order=30,
        bulk=False,
        form=SilenceForm,
    ),
)

PARTS = PageParts(Alarm, verbs=VERBS, panels=(_notices,))
