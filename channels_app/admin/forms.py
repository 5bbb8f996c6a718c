"""The forms by which staff add channels and breakouts: the services' arguments, in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from channels_app.models import Breakout, Channel
from channels_app.models.channel import ChannelClass, Desired, InputType
from channels_app.profiles import PROFILE_OUTPUTS

CLASSES = {
    ChannelClass.SINGLE_PIPELINE: "single pipeline: one encoder",
    ChannelClass.STANDARD: "standard: two encoders, one takes over from the other",
}
INPUTS = {
    InputType.RTMP_PUSH: "RTMP push: the encoder in the room sends",
    InputType.RTP_PUSH: "RTP push: the encoder in the room sends",
    InputType.URL_PULL: "URL pull: MediaLive fetches",
}


def profile_label(name: str) -> str:
    """ "1080p: 4 outputs"; only the name of a profile that is no longer offered."""
    outputs = PROFILE_OUTPUTS.get(name)
    return name if outputs is None else f"{name}: {outputs} outputs"


class LinesField(forms.CharField):
    """One value a line; cleans to the list of them."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class TagsField(forms.CharField):
    """`key=value` a line; cleans to the map of them."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def clean(self, value: Any) -> dict[str, str]:
        tags = {}
        for line in super().clean(value).splitlines():
            if not line.strip():
                continue
            key, equals, text = line.partition("=")
            if not equals:
                raise forms.ValidationError(f"{line.strip()!r}: write key=value, one a line.")
            tags[key.strip()] = text.strip()
        return tags


class ChannelForm(forms.Form):
    """What may be in the fields is the service's to say; it is shown at the field."""

    name = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        help_text="1 to 64 characters, unique among the channels that are there.",
    )
    input_type = forms.ChoiceField(
        choices=list(INPUTS.items()), initial=InputType.RTMP_PUSH, widget=UnfoldAdminSelectWidget
    )
    allowed_cidrs = LinesField(
        label="Allowed CIDRs",
        required=False,
        help_text="For push inputs: who may send, one a line, e.g. 203.0.113.7/32. 1 to 10, never everybody.",
    )
    source_urls = LinesField(
        label="Source URLs",
        required=False,
        help_text="For URL pull: where MediaLive fetches from, one a line; two for a standard channel.",
    )
    channel_class = forms.ChoiceField(
        choices=list(CLASSES.items()), initial=ChannelClass.SINGLE_PIPELINE, widget=UnfoldAdminSelectWidget
    )
    encoding_profile = forms.ChoiceField(
        choices=[(name, profile_label(name)) for name in PROFILE_OUTPUTS],
        widget=UnfoldAdminSelectWidget,
        help_text="AWS bills each output, and twice for a standard channel.",
    )
    record = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Writes an archive of every session to the recording bucket.",
    )
    tags = TagsField(
        required=False, help_text="key=value, one a line; put on every AWS resource of the channel."
    )


class BreakoutForm(forms.Form):
    channel = forms.ModelChoiceField(
        queryset=Channel.objects.exclude(desired=Desired.DELETED),
        help_text="The channel that will carry it; one breakout at a time.",
    )
    name = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="1 to 128 characters.")
    starts_at = forms.DateTimeField(
        label="Starts at (UTC)",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "data-sh-utc-input": ""}),
        help_text="For the schedule only: nothing starts by itself.",
    )
    duration_minutes = forms.IntegerField(
        label="Duration (minutes)", required=False, widget=UnfoldAdminIntegerFieldWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Searches as one types: there may be ten thousand channels.
        field = self.fields["channel"]
        widget = AutocompleteSelect(Breakout._meta.get_field("channel"), admin.site)
        widget.choices = field.choices  # type: ignore[attr-defined]
        field.widget = widget
