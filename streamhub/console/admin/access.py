"""API tokens: a form issues a token and shows it once, a verb revokes it; tokens are never edited."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from streamhub.access.actors import Actor
from streamhub.access.models import ApiToken
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue, token_revoke
from streamhub.console.badges import Badge, Tone
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Fact, Section
from streamhub.console.registry import PageParts
from streamhub.console.templatetags.console import when
from streamhub.console.verbs import Verb
from streamhub.errors import Invalid

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Issued:
    """A new token and its plain text, which is in the response to this request and nowhere else."""

    row: ApiToken
    plain: str

    def __str__(self) -> str:
        return str(self.row)


class IssueForm(forms.Form):
    name = forms.CharField(
        label="Service",
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text="The service that will use the token, e.g. event-site.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {description}") for scope, description in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Select only what the service needs.",
    )
    days = forms.IntegerField(
        label="Expires after (days)",
        required=False,
        min_value=1,
        max_value=3650,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Leave empty for a token that does not expire.",
    )


@admin.register(ApiToken)
class ApiTokenAdmin(CreatingAdmin):
    icon = "key"
    kind = "API token"
    has_timeline = False
    state_badges = {
        "usable": Badge(Tone.GOOD, "check_circle"),
        "expired": Badge(Tone.CALM, "timer_off"),
        "revoked": Badge(Tone.CALM, "block"),
    }
    list_display = ("title", "state_shown", "scopes_shown", "expires", "last_used")
    search_fields = ("service", "prefix")
    search_help_text = "Service, or first characters of the token"
    ordering = ("-id",)
    creation_form = IssueForm
    asks_again = True
    creation_note = "The next page shows the token once. StreamHub stores only its SHA-256 hash."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(read_at=Now())

    def state(self, row: ApiToken) -> str:
        if row.revoked_at is not None:
            return "revoked"
        return "expired" if row.expired else "usable"

    def since(self, row: ApiToken) -> Any:
        return row.revoked_at or (row.expires_at if row.expired else row.created_at)

    @display(description="scopes")
    def scopes_shown(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description="expires")
    def expires(self, row: ApiToken) -> str:
        return when(row.expires_at, "never")

    @display(description="last used")
    def last_used(self, row: ApiToken) -> str:
        return when(row.last_used_at)

    def facts(self, request: HttpRequest, row: ApiToken) -> list[Section]:
        facts = [
            Fact("service", row.service),
            Fact("begins with", row.prefix, "code", hint="The rest of the token is not stored."),
            Fact("scopes", row.scopes, "list"),
            Fact("issued", row.created_at, "when"),
            Fact("issued by", row.created_by or "command line"),
            Fact("expires", row.expires_at, "when") if row.expires_at else Fact("expires", "never"),
            Fact("last used", row.last_used_at, "when", hint="Updated at most once a minute."),
            Fact("revoked", row.revoked_at, "when"),
        ]
        return [Section("Token", facts, "key", wide=True)]

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Issued:
        expires_in = timedelta(days=data["days"]) if data["days"] else None
        try:
            row, plain = token_issue(data["name"], data["scopes"], expires_in, created_by=request.user)  # type: ignore[arg-type]
        except Invalid as invalid:
            errors = {
                ("days" if field == "expires_in" else field): message
                for field, message in invalid.errors.items()
            }
            raise Invalid(errors) from invalid
        return Issued(row, plain)

    def after_creation(self, request: HttpRequest, created: Issued) -> HttpResponse:
        """The only page that shows the token. It must not be cached."""
        context = self.page_context(
            request,
            created.row,
            title="New token",
            plain=created.plain,
            back=self.url("change", created.row.pk),
        )
        response = TemplateResponse(request, "console/token.html", context)
        add_never_cache_headers(response)
        return response


def _revoke(row: ApiToken, who: Actor) -> None:
    token_revoke(row)
    log.info("Token %s revoked by %s", row, who)


REVOKE = Verb(
    name="revoke",
    label="Revoke",
    icon="block",
    permission="access.revoke_apitoken",
    run=_revoke,
    refusal=lambda row, _situation: "The token is already revoked." if row.revoked_at else None,
    consequences=lambda row: [
        f"From now on, every request with this token is refused: {row.service} gets 401.",
        "This cannot be undone. If the service still needs access, issue a new token.",
    ],
    done="revoked.",
    danger=True,
    irreversible=True,
)

PARTS = PageParts(ApiToken, verbs=(REVOKE,))
