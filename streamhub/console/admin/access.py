"""API tokens: a form issues a token, verbs rotate and revoke it; a new one is shown once, none is edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from streamhub.access.actors import Actor
from streamhub.access.models import ApiToken
from streamhub.access.scopes import SCOPES
from streamhub.access.services import (
    EXPIRES_IN,
    LONGEST_OVERLAP,
    OVERLAP,
    DailyLimits,
    rotation_refusal,
    token_errors,
    token_issue,
    token_revoke,
    token_rotate,
)
from streamhub.console.badges import Badge, Tone
from streamhub.console.facts import Fact, Section
from streamhub.console.forms import ConsoleForm
from streamhub.console.registry import PageParts
from streamhub.console.shown_once import ShowsOnce
from streamhub.console.templatetags.console import when
from streamhub.console.verbs import Outcome, Verb
from streamhub.errors import Invalid
from streamhub.translation import filled


@dataclass(frozen=True)
class Issued:
    """A new token and its plain text, which only goes to the browser of who made it."""

    row: ApiToken
    plain: str

    def __str__(self) -> str:
        return str(self.row)


def _limit_field(name: str) -> forms.IntegerField:
    field: Any = ApiToken._meta.get_field(name)
    return forms.IntegerField(
        label=field.verbose_name.capitalize(),
        required=False,
        min_value=0,
        max_value=10_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=field.help_text,
    )


class _TokenFields(ConsoleForm):
    """What a new token has, whether it is issued or replaces another."""

    days = forms.IntegerField(
        label=_("Expires after (days)"),
        required=False,
        initial=EXPIRES_IN.days,
        min_value=1,
        max_value=3650,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=filled(_("Empty: %(days)s days."), {"days": EXPIRES_IN.days}),
    )
    never = forms.BooleanField(
        label=_("Never expires"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Only if nobody can replace it in time. The audit says so."),
    )
    max_channels_per_day = _limit_field("max_channels_per_day")
    max_starts_per_day = _limit_field("max_starts_per_day")


class IssueForm(_TokenFields):
    name = forms.CharField(
        label=_("Service"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The service that will use the token, e.g. event-site."),
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {description}") for scope, description in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Select only what the service needs."),
    )
    field_order = ("name", "scopes", "days", "never")

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """Of the fields that could be read; the others have their own messages."""
        found = token_errors(data.get("name", ""), data.get("scopes", ()), None)
        return {name: text for name, text in found.items() if name in data}


class RotateForm(_TokenFields):
    overlap_hours = forms.IntegerField(
        label=_("The old token works for another (hours)"),
        required=False,
        initial=OVERLAP.days * 24,
        min_value=0,
        max_value=LONGEST_OVERLAP.days * 24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=filled(
            _("Long enough for the service to change over. Empty: %(days)s."), {"days": OVERLAP.days * 24}
        ),
    )
    field_order = ("overlap_hours", "days", "never")


def _expires_in(days: int | None, never: bool) -> timedelta | None:
    return None if never else timedelta(days=days) if days else EXPIRES_IN


@admin.register(ApiToken)
class ApiTokenAdmin(ShowsOnce):
    purpose = _(
        "Other services call the HTTP API with them. A token belongs to one service and is shown once, "
        "when it is issued."
    )
    once_template = "console/token.html"
    once_title = _("New token")
    once_cookie = "new_token"
    icon = "key"
    kind = "API token"
    has_timeline = False
    state_badges = {
        "usable": Badge(Tone.GOOD, "check_circle"),
        "expired": Badge(Tone.CALM, "timer_off"),
        "orphaned": Badge(Tone.WARN, "person_off", word=_("owner deactivated")),
        "revoked": Badge(Tone.CALM, "block"),
    }
    list_display = ("title", "state_shown", "scopes_shown", "expires", "last_used")
    search_fields = ("service", "prefix")
    search_help_text = _("Service, or first characters of the token")
    ordering = ("-id",)
    creation_form = IssueForm
    asks_again = True
    creation_note = _(
        "The next page shows the token once. StreamHub stores only its SHA-256 hash. "
        "You answer for it: it stops working when you are deactivated, unless somebody rotates it."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("owner").annotate(read_at=Now())

    def state(self, row: ApiToken) -> str:
        if row.revoked_at is not None:
            return "revoked"
        if row.expired:
            return "expired"
        return "orphaned" if row.orphaned else "usable"

    def since(self, row: ApiToken) -> Any:
        return row.revoked_at or (row.expires_at if row.expired else row.created_at)

    @display(description=_("scopes"))
    def scopes_shown(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description=_("expires"))
    def expires(self, row: ApiToken) -> str:
        return when(row.expires_at, gettext("never"))

    @display(description=_("last used"))
    def last_used(self, row: ApiToken) -> str:
        return when(row.last_used_at)

    def facts(self, request: HttpRequest, row: ApiToken) -> list[Section]:
        facts = [
            Fact(gettext("service"), row.service),
            Fact(
                gettext("begins with"),
                row.prefix,
                "code",
                hint=gettext("The rest of the token is not stored."),
            ),
            Fact(gettext("scopes"), row.scopes, "list"),
            Fact(gettext("issued"), row.created_at, "when"),
            Fact(gettext("owner"), row.owner or gettext("nobody: issued at the command line")),
            Fact(gettext("replaces"), row.replaces or "none"),
            Fact(gettext("expires"), row.expires_at, "when")
            if row.expires_at
            else Fact(gettext("expires"), "never"),
            *(_limit_fact(row, name) for name in ("max_channels_per_day", "max_starts_per_day")),
            Fact(
                gettext("last used"), row.last_used_at, "when", hint=gettext("Updated at most once a minute.")
            ),
            Fact(gettext("revoked"), row.revoked_at, "when"),
        ]
        return [Section(gettext("Token"), facts, "key", wide=True)]

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Issued:
        try:
            row, plain = token_issue(
                data["name"],
                data["scopes"],
                _expires_in(data["days"], data["never"]),
                owner=who.user,
                limits=DailyLimits(data["max_channels_per_day"], data["max_starts_per_day"]),
                who=who,
            )
        except Invalid as invalid:
            errors = {
                ("days" if field == "expires_in" else field): message
                for field, message in invalid.errors.items()
            }
            raise Invalid(errors) from invalid
        return Issued(row, plain)

    def after_creation(self, request: HttpRequest, created: Issued) -> HttpResponse:
        return self.show_once(request, created.row, created.plain)

    def after_verb(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        issued = outcome.returned
        return self.after_creation(request, issued) if isinstance(issued, Issued) else None


def _limit_fact(row: ApiToken, name: str) -> Fact:
    field: Any = ApiToken._meta.get_field(name)
    most = getattr(row, name)
    return Fact(field.verbose_name, gettext("no limit of its own") if most is None else str(most))


def _rotate(
    row: ApiToken,
    who: Actor,
    overlap_hours: int | None = None,
    days: int | None = None,
    never: bool = False,
    max_channels_per_day: int | None = None,
    max_starts_per_day: int | None = None,
) -> Issued:
    limits = DailyLimits(max_channels_per_day, max_starts_per_day)
    overlap = OVERLAP if overlap_hours is None else timedelta(hours=overlap_hours)
    return Issued(
        *token_rotate(row, who=who, overlap=overlap, expires_in=_expires_in(days, never), limits=limits)
    )


ROTATE = Verb(
    name="rotate",
    label=_("Rotate"),
    icon="autorenew",
    permission="access.rotate_apitoken",
    run=_rotate,
    refusal=lambda row, _situation: rotation_refusal(row),
    consequences=lambda row: [
        gettext(
            "%(service)s gets a new token with the same scopes. The next page shows it once, and you own it."
        )
        % {"service": row.service},
        gettext("The old token works for as long as you say here, and is refused from then on."),
        gettext("Idempotency keys are shared by both, so requests can be repeated with the new one."),
    ],
    done=_("rotated."),
    form=RotateForm,
    initial=lambda row: {
        "max_channels_per_day": row.max_channels_per_day,
        "max_starts_per_day": row.max_starts_per_day,
    },
    bulk=False,
    primary=True,
    irreversible=True,
    order=10,
)

REVOKE = Verb(
    name="revoke",
    label=_("Revoke"),
    icon="block",
    permission="access.revoke_apitoken",
    run=lambda row, who: token_revoke(row, who=who),
    refusal=lambda row, _situation: gettext("The token is already revoked.") if row.revoked_at else None,
    consequences=lambda row: [
        gettext("From now on, every request with this token is refused: %(service)s gets 401.")
        % {"service": row.service},
        gettext("This cannot be undone. If the service still needs access, issue a new token."),
    ],
    done=_("revoked."),
    danger=True,
    irreversible=True,
)

PARTS = PageParts(ApiToken, verbs=(ROTATE, REVOKE))
