"""The forms of webhook endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from streamhub.console.edits import EditsRow
from streamhub.console.forms import SHOWN_FOR, SHOWN_VALUES, ConsoleForm, shown_for
from streamhub.console.utc_input import UtcInput
from streamhub.translation import filled
from streamhub.webhooks.destination import URL_MAX
from streamhub.webhooks.kinds import event_kinds
from streamhub.webhooks.models import METERS, Endpoint, Format
from streamhub.webhooks.services import LONGEST_OVERLAP, OVERLAP, Wanted, endpoint_errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _kinds() -> list[tuple[str, str]]:
    return [(kind.name, f"{kind.name}: {kind.label}") for kind in event_kinds().values()]


def _text(
    label: StrOrPromise, help_text: StrOrPromise, most: int, *, required: bool = False, **widget: Any
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=most,
        widget=UnfoldAdminTextInputWidget(attrs=widget),
        help_text=help_text,
    )


_EVENTS = [kind.value for kind in Format if kind not in METERS]
_FOR_METERS: dict[str, Any] = shown_for("format", *(kind.value for kind in METERS))


class EditForm(ConsoleForm):
    name = _text("Name", _("The receiver, as staff know it."), 64, required=True)
    url = _text(
        "URL",
        _("https://… on the internet, or a host of WEBHOOK_INTERNAL_HOSTS."),
        URL_MAX,
        required=True,
        inputmode="url",
        autocomplete="off",
    )
    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        choices=_kinds,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Not for Stripe and OpenMeter: they get all usage and nothing else."),
    )
    kinds.widget.attrs |= shown_for("format", *_EVENTS)  # Unfold's widget takes no attributes
    event_name = _text(
        _("Event name of the meter"),
        _("For Stripe, where it is required; for OpenMeter the type of its events (empty: streamhub.usage)."),
        100,
        **_FOR_METERS,
    )
    default_customer = _text(
        _("Customer of usage without one"),
        _("For Stripe (cus_…) and OpenMeter. Empty: such usage is not sent, and is an alarm."),
        256,
        **_FOR_METERS,
    )
    api_key = forms.CharField(
        label=_("Key of Stripe or OpenMeter"),
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", **_FOR_METERS}),
        help_text=_("Of Stripe: a restricted one that may only write meter events. It is stored encrypted."),
    )


class AddForm(EditForm):
    format = forms.ChoiceField(
        label=_("Format"),
        choices=Format.choices,
        initial=Format.CLOUDEVENTS,
        widget=UnfoldAdminRadioSelectWidget,
        help_text=_("How events are written (docs/webhooks.md). It cannot be changed afterwards."),
    )
    field_order = ("name", "url", "format", "kinds")

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """Of the fields that could be read."""
        found = endpoint_errors(Endpoint(format=data.get("format", Format.CLOUDEVENTS)), wanted(data))
        return {name: text for name, text in found.items() if name in data}


class ChangeForm(EditsRow, EditForm):
    """As `EditForm`, for an endpoint that has its format and its key: with the fields of its format."""

    whole = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["api_key"].help_text = gettext(
            "Empty: the one that it has stays. For another host it is asked again."
        )
        for name, field in list(self.fields.items()):
            values = field.widget.attrs.pop(SHOWN_VALUES, None)
            field.widget.attrs.pop(SHOWN_FOR, None)
            if values is not None and self.initial["format"] not in values.split():
                del self.fields[name]

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """Of the fields that could be read."""
        found = endpoint_errors(self.initial["endpoint"], wanted(data))
        return {name: text for name, text in found.items() if name in data}


class RotateForm(ConsoleForm):
    overlap_hours = forms.IntegerField(
        label=_("Events carry both signatures for another (hours)"),
        required=False,
        initial=OVERLAP.days * 24,
        min_value=0,
        max_value=LONGEST_OVERLAP.days * 24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=filled(
            _("Long enough for the receiver to change over. Empty: %(days)s."), {"days": OVERLAP.days * 24}
        ),
    )


def _moment(label: StrOrPromise, help_text: StrOrPromise, *, required: bool) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=required,
        widget=UtcInput(attrs={"data-sh-past": ""}),
        help_text=help_text,
    )


class ReplayForm(ConsoleForm):
    since = _moment(_("From (UTC)"), _("What happened from then on."), required=True)
    until = _moment(_("Until (UTC)"), _("Empty: until now."), required=False)
    which = forms.ChoiceField(
        label=_("Which"),
        choices=[
            ("missed", _("Only what it did not get")),
            ("everything", _("Everything, with the ids that it had")),
        ],
        initial="missed",
        widget=UnfoldAdminRadioSelectWidget,
    )


def wanted(data: Mapping[str, Any]) -> Wanted:
    return Wanted(
        name=data.get("name", ""),
        url=data.get("url", ""),
        kinds=data.get("kinds", ()),
        event_name=data.get("event_name", ""),
        default_customer=data.get("default_customer", ""),
        api_key=data.get("api_key", ""),
    )


def held(row: Endpoint) -> dict[str, Any]:
    """What the form of an endpoint holds at first."""
    names = ("name", "format", "url", "kinds", "event_name", "default_customer")
    return {"endpoint": row, **{name: getattr(row, name) for name in names}}
