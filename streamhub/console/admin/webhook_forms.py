"""The forms of webhook endpoints."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from streamhub.webhooks.destination import URL_MAX
from streamhub.webhooks.kinds import event_kinds
from streamhub.webhooks.models import Endpoint, Format
from streamhub.webhooks.services import LONGEST_OVERLAP, OVERLAP, Wanted


def _kinds() -> list[tuple[str, str]]:
    return [(kind.name, f"{kind.name}: {kind.label}") for kind in event_kinds().values()]


def _text(label: str, help_text: str, most: int, *, required: bool = False, **widget: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=most,
        widget=UnfoldAdminTextInputWidget(attrs=widget),
        help_text=help_text,
    )


class EditForm(forms.Form):
    name = _text("Name", "The receiver, as staff know it.", 64, required=True)
    url = _text(
        "URL",
        "https://… on the internet, or a host of WEBHOOK_INTERNAL_HOSTS.",
        URL_MAX,
        required=True,
        inputmode="url",
        autocomplete="off",
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=_kinds,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Stripe and OpenMeter get all usage and nothing else.",
    )
    event_name = _text(
        "Event name of the meter",
        "For Stripe, where it is required; for OpenMeter the type of its events (empty: streamhub.usage).",
        100,
    )
    default_customer = _text(
        "Customer of usage without one",
        "For Stripe (cus_…) and OpenMeter. Empty: such usage is not sent, and is an alarm.",
        256,
    )
    api_key = forms.CharField(
        label="Key of Stripe or OpenMeter",
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Of Stripe: a restricted one that may only write meter events. It is stored encrypted.",
    )


class AddForm(EditForm):
    format = forms.ChoiceField(
        label="Format",
        choices=Format.choices,
        initial=Format.CLOUDEVENTS,
        widget=UnfoldAdminRadioSelectWidget,
        help_text="How events are written (docs/webhooks.md). It cannot be changed afterwards.",
    )
    field_order = ("name", "url", "format", "kinds")


class ChangeForm(EditForm):
    """As `EditForm`, for an endpoint that has its key."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["api_key"].help_text = "Empty: the one that it has stays."


class RotateForm(forms.Form):
    overlap_hours = forms.IntegerField(
        label="Events carry both signatures for another (hours)",
        required=False,
        initial=OVERLAP.days * 24,
        min_value=0,
        max_value=LONGEST_OVERLAP.days * 24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=f"Long enough for the receiver to change over. Empty: {OVERLAP.days * 24}.",
    )


def _moment(label: str, help_text: str, *, required: bool) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=required,
        widget=UnfoldAdminTextInputWidget(
            attrs={"type": "datetime-local", "data-sh-utc-input": "", "data-sh-past": ""}
        ),
        help_text=help_text,
    )


class ReplayForm(forms.Form):
    since = _moment("From (UTC)", "What happened from then on.", required=True)
    until = _moment("Until (UTC)", "Empty: until now.", required=False)
    which = forms.ChoiceField(
        label="Which",
        choices=[
            ("missed", "Only what it did not get"),
            ("everything", "Everything, with the ids that it had"),
        ],
        initial="missed",
        widget=UnfoldAdminRadioSelectWidget,
    )


def wanted(data: dict[str, Any]) -> Wanted:
    return Wanted(
        name=data["name"],
        url=data["url"],
        kinds=data["kinds"],
        event_name=data["event_name"],
        default_customer=data["default_customer"],
        api_key=data["api_key"],
    )


def held(row: Endpoint) -> dict[str, Any]:
    """What the form of an endpoint holds at first."""
    names = ("name", "url", "kinds", "event_name", "default_customer")
    return {name: getattr(row, name) for name in names}
