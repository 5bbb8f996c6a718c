"""The forms with which staff add and edit channels."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from channels_app.models.channel import PUSH_TYPES, ChannelClass, InputType
from channels_app.profiles import PROFILE_OUTPUTS
from channels_app.services.sources import KINDS
from channels_app.services.tags import tags_error

CLASSES = {
    ChannelClass.SINGLE_PIPELINE: "single pipeline: one encoder",
    ChannelClass.STANDARD: "standard: two encoders, each takes over from the other",
}
INPUTS = {
    InputType.RTMP_PUSH: "RTMP push: the encoder in the room sends",
    InputType.RTP_PUSH: "RTP push: the encoder in the room sends",
    InputType.RTMP_PULL: "RTMP pull: MediaLive fetches from an RTMP server",
    InputType.URL_PULL: "URL pull: MediaLive fetches live HLS",
    InputType.MP4_FILE: "MP4 file: MediaLive plays it again and again",
    InputType.SRT_CALLER: "SRT caller: MediaLive calls an SRT listener",
}


def profile_label(name: str) -> str:
    """Name and outputs, such as "1080p50: 4 outputs"; only the name if it is not offered any more."""
    outputs = PROFILE_OUTPUTS.get(name)
    if outputs is None:
        return name
    return f"{name}: {outputs} outputs" + (", the source's frame rate" if name.endswith("p") else "")


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
                raise forms.ValidationError(f"{line.strip()!r} is not a tag. Write one key=value per line.")
            tags[key.strip()] = value_text.strip()
        return tags


def shown_for(*input_types: str) -> dict[str, str]:
    """The widget's attributes of a field that only these inputs have.

    A script hides it while another input is chosen. Without the script all are shown, and the service refuses
    what does not belong to the input.
    """
    return {"data-sh-shown-for": "input_type", "data-sh-shown-values": " ".join(input_types)}


_EXAMPLES = "; ".join(f"{name}: {kind.example}" for name, kind in KINDS.items()) + "."
_WITH_CREDENTIALS = [name for name, kind in KINDS.items() if kind.credentials]


class ChannelForm(forms.Form):
    """A new channel. The service validates the values; its messages are shown at the fields."""

    name = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        help_text="1 to 64 characters. No other channel has this name.",
    )
    input_type = forms.ChoiceField(
        choices=list(INPUTS.items()), initial=InputType.RTMP_PUSH, widget=UnfoldAdminSelectWidget
    )
    allowed_cidrs = LinesField(
        label="Allowed CIDRs",
        required=False,
        help_text="For push inputs: 1 to 10 networks that may send, one per line, e.g. 203.0.113.7/32.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, **shown_for(*PUSH_TYPES)}),
    )
    source_urls = LinesField(
        label="Source URLs",
        required=False,
        help_text=f"For the other inputs: what MediaLive fetches. {_EXAMPLES} A standard channel needs two, "
        "one per line.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, **shown_for(*KINDS)}),
    )
    source_username = forms.CharField(
        label="Source user name",
        required=False,
        help_text="If the source asks for one. Not for SRT.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **shown_for(*_WITH_CREDENTIALS)}),
    )
    source_password_param = forms.CharField(
        label="Parameter with the source's password",
        required=False,
        help_text="The name of the parameter in AWS Systems Manager's Parameter Store, such as "
        "/streamhub/stage; never the password itself. It is not shown again.",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", **shown_for(*_WITH_CREDENTIALS)}),
    )
    channel_class = forms.ChoiceField(
        choices=list(CLASSES.items()), initial=ChannelClass.SINGLE_PIPELINE, widget=UnfoldAdminSelectWidget
    )
    encoding_profile = forms.ChoiceField(
        choices=[(name, profile_label(name)) for name in PROFILE_OUTPUTS],
        widget=UnfoldAdminSelectWidget,
        help_text="AWS bills each output, and bills it twice for a standard channel.",
    )
    second_input = forms.ChoiceField(
        label="Second input",
        required=False,
        choices=[("", "none"), *((kind.value, INPUTS[kind]) for kind in PUSH_TYPES)],
        widget=UnfoldAdminSelectWidget(attrs=shown_for(*PUSH_TYPES)),
        help_text="A second encoder pushes to it. When the first one is lost for 3 seconds, MediaLive reads "
        "this one. It costs one more input.",
    )
    slate_on_loss = forms.BooleanField(
        label="Slate on loss",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="While nothing is received, viewers see a slate instead of black.",
    )
    record = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Writes every session to the recording bucket.",
    )
    tags = TagsField(
        required=False,
        help_text="One key=value per line. Every AWS resource of the channel carries these tags.",
    )

    # The service's names of fields that have another name in the form.
    SERVICE_FIELDS: ClassVar = {
        "input_credentials": "source_username",
        "second_input.type": "second_input",
        "input_credentials.username": "source_username",
        "input_credentials.password": "source_password_param",
    }

    def clean(self) -> dict[str, Any]:
        """The service's arguments: the two fields for the credentials become one."""
        data = dict(self.cleaned_data)
        username, password = data.pop("source_username", ""), data.pop("source_password_param", "")
        second = data.pop("second_input", "")
        data["second_input"] = {"type": second} if second else None
        if username or password:
            data["input_credentials"] = {"username": username, "password": password}
        return data


class ChannelEditForm(ChannelForm):
    """A channel's fields that can change now: its `initial` says `runs` and `input_type`."""

    field_order = ("name", "allowed_cidrs", "encoding_profile", "record", "tags")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        editable = {"name", "tags"}
        if self.initial.get("input_type") in PUSH_TYPES:
            editable.add("allowed_cidrs")
        if not self.initial.get("runs"):
            editable |= {"encoding_profile", "record"}
        for name in set(self.fields) - editable:
            del self.fields[name]
        if "allowed_cidrs" in self.fields:
            # No other field decides whether it is shown.
            self.fields["allowed_cidrs"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        profile = self.initial.get("encoding_profile", "")
        if "encoding_profile" in self.fields and profile not in PROFILE_OUTPUTS:
            choices = self.fields["encoding_profile"].choices  # type: ignore[attr-defined]
            self.fields["encoding_profile"].choices = [(profile, profile), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class TagsForm(forms.Form):
    tags = TagsField(required=False, help_text="One key=value per line.")

    def clean_tags(self) -> dict[str, str]:
        tags: dict[str, str] = self.cleaned_data["tags"]
        if error := tags_error(tags):
            raise forms.ValidationError(error)
        return tags
