"""The forms with which staff add and edit channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from channels_app.models.channel import PUSH_TYPES, ChannelClass, InputType
from channels_app.profiles import PROFILE_NAMES, PROFILE_OUTPUTS
from channels_app.services import creation_errors
from channels_app.services.sources import KINDS
from channels_app.services.tags import tags_error
from channels_app.services.validation import UNREAD, channel_errors
from streamhub.console.edits import EditsRow
from streamhub.console.forms import SHOWN_FOR, SHOWN_VALUES, ConsoleForm, shown_for

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CLASSES = {
    ChannelClass.SINGLE_PIPELINE: _("single pipeline: one encoder"),
    ChannelClass.STANDARD: _("standard: two encoders, each takes over from the other"),
}
INPUTS = {
    InputType.RTMP_PUSH: _("RTMP push: the encoder in the room sends"),
    InputType.RTP_PUSH: _("RTP push: the encoder in the room sends"),
    InputType.RTMP_PULL: _("RTMP pull: MediaLive fetches from an RTMP server"),
    InputType.URL_PULL: _("URL pull: MediaLive fetches live HLS"),
    InputType.MP4_FILE: _("MP4 file: MediaLive plays it again and again"),
    InputType.SRT_CALLER: _("SRT caller: MediaLive calls an SRT listener"),
}


def profile_label(name: str) -> str:
    """Name and outputs, such as "1080p50: 4 outputs"; only the name if it is not offered any more."""
    outputs = PROFILE_OUTPUTS.get(name)
    if outputs is None:
        return name
    return gettext("%(name)s: %(outputs)s outputs") % {"name": name, "outputs": outputs} + (
        gettext(", the source's frame rate") if name.endswith("p") else ""
    )


class LinesField(forms.CharField):
    """One value per line; cleans to a list."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class TagsField(forms.CharField):
    """One `key=value` per line; cleans to a dict."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def clean(self, value: Any) -> dict[str, str]:
        tags = {}
        for line in super().clean(value).splitlines():
            if not line.strip():
                continue
            key, equals, value_text = line.partition("=")
            if not equals:
                raise forms.ValidationError(
                    _("%(strip)s is not a tag. Write one key=value per line.") % {"strip": repr(line.strip())}
                )
            tags[key.strip()] = value_text.strip()
        return tags


def _for_inputs(*input_types: str) -> dict[str, str]:
    return shown_for("input_type", *input_types)


def _only(choice: str, value: str, text: StrOrPromise) -> SafeString:
    """A part of a help text that the script shows while this value is chosen."""
    return format_html('<span {}="{}" {}="{}">{}</span> ', SHOWN_FOR, choice, SHOWN_VALUES, value, text)


def _example(name: str) -> SafeString:
    """Of a source, shown while the input is chosen."""
    return _only("input_type", name, f"{INPUTS[InputType(name)].partition(':')[0]}: {KINDS[name].example}")


def _sources() -> SafeString:
    return format_html(
        "{} {}{}{}",
        gettext("For the inputs that pull: what MediaLive fetches."),
        _only("channel_class", ChannelClass.SINGLE_PIPELINE, gettext("A single pipeline needs one URL.")),
        _only(
            "channel_class",
            ChannelClass.STANDARD,
            gettext("A standard channel needs two URLs, one per line."),
        ),
        format_html_join("", "{}", ((_example(name),) for name in KINDS)),
    )


_WITH_CREDENTIALS = [name for name, kind in KINDS.items() if kind.credentials]


class ChannelForm(ConsoleForm):
    """A new channel. The service validates the values; its messages are shown at the fields."""

    name = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        help_text=_("1 to 64 characters. No other channel has this name."),
    )
    input_type = forms.ChoiceField(
        choices=list(INPUTS.items()), initial=InputType.RTMP_PUSH, widget=UnfoldAdminSelectWidget
    )
    allowed_cidrs = LinesField(
        label=_("Allowed CIDRs"),
        required=False,
        help_text=_("For push inputs: 1 to 10 networks that may send, one per line, e.g. 203.0.113.7/32."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, **_for_inputs(*PUSH_TYPES)}),
    )
    source_urls = LinesField(
        label=_("Source URLs"),
        required=False,
        help_text=lazy(_sources, SafeString)(),
        # Off: an address may hold a stream key.
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off", **_for_inputs(*KINDS)}),
    )
    source_username = forms.CharField(
        label=_("Source user name"),
        required=False,
        help_text=_("If the source asks for one. Not for SRT."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **_for_inputs(*_WITH_CREDENTIALS)}),
    )
    source_password_param = forms.CharField(
        label=_("Parameter with the source's password"),
        required=False,
        help_text=_(
            "The name of the parameter in AWS Systems Manager's Parameter Store, such as "
            "/streamhub/stage; never the password itself. It is not shown again."
        ),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", **_for_inputs(*_WITH_CREDENTIALS)}),
    )
    channel_class = forms.ChoiceField(
        choices=list(CLASSES.items()), initial=ChannelClass.SINGLE_PIPELINE, widget=UnfoldAdminSelectWidget
    )
    encoding_profile = forms.ChoiceField(
        choices=[(name, profile_label(name)) for name in PROFILE_OUTPUTS],
        widget=UnfoldAdminSelectWidget,
        help_text=_("AWS bills each output, and bills it twice for a standard channel."),
    )
    second_input = forms.ChoiceField(
        label=_("Second input"),
        required=False,
        choices=[("", "none"), *((kind.value, INPUTS[kind]) for kind in PUSH_TYPES)],
        widget=UnfoldAdminSelectWidget(attrs=_for_inputs(*PUSH_TYPES)),
        help_text=_(
            "A second encoder pushes to it. When the first one is lost for 3 seconds, MediaLive reads "
            "this one. It costs one more input."
        ),
    )
    slate_on_loss = forms.BooleanField(
        label=_("Slate on loss"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("While nothing is received, viewers see a slate instead of black."),
    )
    record = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Writes every session to the recording bucket."),
    )
    tags = TagsField(
        required=False,
        help_text=_("One key=value per line. Every AWS resource of the channel carries these tags."),
    )

    # The service's names of fields that have another name in the form.
    service_fields: ClassVar = {
        "input_credentials": "source_username",
        "second_input.type": "second_input",
        "input_credentials.username": "source_username",
        "input_credentials.password": "source_password_param",
    }

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        """Also of several fields together; a choice that could not be read counts as the usual one."""
        return creation_errors({**UNREAD, **data})[0]

    def clean(self) -> dict[str, Any]:
        """The service's arguments: the two fields for the credentials become one."""
        data = dict(self.cleaned_data)
        username, password = data.pop("source_username", ""), data.pop("source_password_param", "")
        second = data.pop("second_input", "")
        data["second_input"] = {"type": second} if second else None
        if username or password:
            data["input_credentials"] = {"username": username, "password": password}
        return data


# What is said of a field that was sent from a page that is older than the channel's start.
ONLY_IDLE = {
    "encoding_profile": _(
        "It runs now. Its encoding profile can be changed only while it is idle. Nothing was changed."
    ),
    "record": _("It runs now. Whether it records can be changed only while it is idle. Nothing was changed."),
}


class ChannelEditForm(EditsRow, ChannelForm):
    """A channel's fields that can change now: its `initial` says `runs` and `input_type`."""

    field_order = ("name", "allowed_cidrs", "encoding_profile", "record", "tags")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        editable = {"name", "tags"}
        if self.initial.get("input_type") in PUSH_TYPES:
            editable.add("allowed_cidrs")
        if not self.initial.get("runs"):
            editable |= {"encoding_profile", "record"}
        self.take_out(set(self.fields) - editable)
        if "allowed_cidrs" in self.fields:
            # No other field decides whether it is shown.
            self.fields["allowed_cidrs"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        profile = self.initial.get("encoding_profile", "")
        if "encoding_profile" in self.fields and profile not in PROFILE_OUTPUTS:
            choices = self.fields["encoding_profile"].choices  # type: ignore[attr-defined]
            self.fields["encoding_profile"].choices = [(profile, profile), *choices]  # type: ignore[attr-defined]

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        found = channel_errors({**UNREAD, "input_type": self.initial["input_type"], **data}, PROFILE_NAMES)[0]
        refused = {name: str(ONLY_IDLE[name]) for name in self.sent_in_vain() if name in ONLY_IDLE}
        return refused | {name: text for name, text in found.items() if name in data}


class TagsForm(EditsRow):
    whole = True
    tags = TagsField(required=False, help_text=_("One key=value per line."))

    def clean_tags(self) -> dict[str, str]:
        tags: dict[str, str] = self.cleaned_data["tags"]
        if error := tags_error(tags):
            raise forms.ValidationError(error)
        return tags
