"""Channels in the admin: list, page, form and verbs."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html

from channels_app import breakout_sync, services
from channels_app.admin import badges, channel_breakouts, control_room, handed_over, input_panel, thumbnails
from channels_app.admin.calendar_place import calendar_url
from channels_app.admin.facts import channel_sections
from channels_app.admin.forms import INPUTS, ChannelEditForm, ChannelForm, TagsForm
from channels_app.admin.list_filters import CHANNEL_FILTERS
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.input_health import with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import PUSH_TYPES, Desired, InputType
from channels_app.services.applied_settings import CLOSED_ORIGIN
from distributions.models import Distribution
from streamhub.access.actors import Actor
from streamhub.console.creation import CreatingAdmin
from streamhub.console.facts import Link, Section
from streamhub.console.finding import Search
from streamhub.console.pasted import tags_in
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import SavedView
from streamhub.console.verbs import Verb
from streamhub.errors import Invalid
from streamhub.quotas.catalogue import (
    DISTRIBUTIONS,
    ML_CHANNELS,
    MP_CHANNELS,
    PULL_INPUTS,
    PUSH_INPUTS,
    SECURITY_GROUPS,
)
from streamhub.quotas.room import before_creating

HEADLINES = {
    Desired.IDLE: "desired: idle, ready for a breakout",
    Desired.RUNNING: "desired: running",
    Desired.DELETED: "desired: deleted",
}


def _delivered_through(spellings: list[str]) -> QuerySet[Any, int]:
    """The channels of the distribution with this id, domain or ARN."""
    named = Q(aws_distribution_id__in=spellings) | Q(domain_name__in=spellings) | Q(arn__in=spellings)
    distributions = Distribution.objects.filter(named, channel__isnull=False).order_by("-id")
    return distributions.values_list("channel", flat=True)


def _tagged(texts: list[str]) -> QuerySet[Any, int]:
    """The channels with a tag that a text names as `key=value`. Reads the table only if one does."""
    pairs = {pair for text in texts for pair in tags_in(text)}
    tagged = reduce(
        or_, (Q(Exact(KeyTextTransform(key, "tags"), value)) for key, value in pairs), Q(pk__in=[])
    )
    return Channel.objects.filter(tagged).order_by("-id").values_list("pk", flat=True)


@admin.register(Channel)
class ChannelAdmin(CreatingAdmin):
    icon = "settings_input_antenna"
    state_badges = badges.CHANNEL
    deferred_columns = ("distribution__config",)
    creation_form = ChannelForm
    creation_note = (
        "StreamHub then creates its AWS resources and its distribution. It is ready when it is idle."
    )
    saved_views = (
        SavedView("live", "Live now", "sensors", badges.channels_on_air, 10),
        SavedView("running", "Running", "stream", services.running, 15),
        SavedView(
            "moving", "In transition", "progress_activity", lambda: Q(state__in=badges.CHANNEL_MOVING), 20
        ),
        SavedView("failed", "Failed", "error", badges.in_trouble, 30),
        SavedView("outdated", "Outdated settings", "history_toggle_off", services.settings_outdated, 40),
    )
    list_display = ("title", "state_shown", "on_air", "distribution_shown", "input_shown", "encoding_profile")
    list_filter = ("state", "desired", "input_type", "channel_class", "record", *CHANNEL_FILTERS)
    search = Search(
        ids=("uid", "ml_channel_id", "ml_input_id", "ml_second_id", "mp_channel_id", "mp_endpoint_id"),
        names=("name",),
        elsewhere=(_delivered_through, _tagged),
    )
    search_help_text = "Name, tag (team=events), or a whole AWS id, ARN or URL"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """Rows with everything that list and page show: a list costs a constant number of queries."""
        on_air = Breakout.objects.filter(state__in=ON_AIR).order_by("state")  # stopping comes last
        rows = super().get_queryset(request).select_related("distribution", "security_group")
        rows = with_facts(rows)
        return rows.prefetch_related(Prefetch("breakouts", queryset=on_air, to_attr="on_air_breakouts"))

    @display(description="on air")
    def on_air(self, row: Channel) -> str:
        return ", ".join(breakout.name for breakout in row.on_air_breakouts) or "-"  # type: ignore[attr-defined]

    @display(description="distribution")
    def distribution_shown(self, row: Channel) -> str:
        if row.distribution is None:
            return "none"
        url = reverse("admin:distributions_distribution_change", args=[row.distribution.pk])
        return format_html('<a class="sh-link" href="{}">{}</a>', url, row.distribution)

    @display(description="input")
    def input_shown(self, row: Channel) -> str:
        return INPUTS[InputType(row.input_type)].partition(":")[0]

    def back_url(self, request: HttpRequest, row: Channel) -> str:
        """To the control room of the show on air, for who came from there."""
        on_air = breakout_sync.on_air(row) if request.GET.get("from") == control_room.FROM else None
        return control_room.url_of(on_air) if on_air else super().back_url(request, row)

    def situation(self, row: Channel) -> guards.Situation:
        return services.channel_situation(row)

    def headline(self, row: Channel) -> str:
        return HEADLINES[Desired(row.desired)]

    def facts(self, request: HttpRequest, row: Channel) -> list[Section]:
        return channel_sections(row, request.user)

    def extra_urls(self) -> list[Any]:
        image = self.own(thumbnails.image)
        route = "<int:object_id>/thumbnail/<int:pipeline>/"
        return [path(route, image, name="channels_app_channel_thumbnail"), *super().extra_urls()]

    def links(self, request: HttpRequest, row: Channel) -> list[Link]:
        permitted = request.user.has_perm("channels_app.add_breakout")
        possible = permitted and guards.refusal("create-breakout", self.situation(row)) is None
        url = f"{reverse('admin:channels_app_breakout_add')}?channel={row.pk}"
        series = f"{reverse('admin:channels_app_breakout_series')}?channel={row.pk}"
        links = [Link("New breakout", url, "add_circle"), Link("Plan a series", series, "date_range")]
        sees = request.user.has_perm("channels_app.view_breakout")
        week = [Link("Calendar", calendar_url(view="week", channel=row.pk), "calendar_month")]
        return (links if possible else []) + (week if sees else [])

    def creation_notes(self) -> list[str]:
        return before_creating(
            (DISTRIBUTIONS, MP_CHANNELS, ML_CHANNELS, PUSH_INPUTS, PULL_INPUTS, SECURITY_GROUPS)
        )

    def creation_refusal(self, request: HttpRequest) -> str | None:
        return services.creation_refusal()

    def create(self, request: HttpRequest, data: dict[str, Any], who: Actor) -> Channel:
        try:
            return services.channel_create(**data, who=who)
        except Invalid as invalid:
            names = ChannelForm.SERVICE_FIELDS
            raise Invalid({names.get(field, field): text for field, text in invalid.errors.items()}) from None


def _refusal(verb: str) -> Any:
    return lambda _row, situation: guards.refusal(verb, situation)


def _delete_consequences(row: Channel) -> list[str]:
    cancelled = Breakout.objects.filter(channel=row, state=BreakoutState.IDLE).values_list("name", flat=True)[
        :5
    ]
    sentences = [
        "Its MediaLive channel and input and its MediaPackage channel and endpoint are deleted.",
        "Its ingest URLs stop working. A new channel will have different ones.",
    ]
    if row.distribution is not None:
        sentences.append(
            f"Its distribution {row.distribution} is detached and disabled. The reaper deletes it later."
        )
    if cancelled:
        sentences.append(f"Its idle breakouts are cancelled: {', '.join(cancelled)}.")
    return [*sentences, "Past breakouts and their usage are kept."]


def _settings_consequences(row: Channel) -> list[str]:
    names = services.settings_differing(row)
    closes = CLOSED_ORIGIN in names
    return [
        f"To be applied: {', '.join(names)}.",
        "Its distribution is deployed again, which takes CloudFront some minutes. MediaLive takes its part "
        "only while the channel is idle, and is busy for some seconds then.",
        *(["Nobody can watch until its origin and CloudFront have both changed."] if closes else []),
        "Do it well before the next show.",
    ]


def _tag_lines(row: Channel) -> str:
    return "\n".join(f"{key}={value}" for key, value in row.tags.items())


def _editable(row: Channel) -> dict[str, Any]:
    return {
        "name": row.name,
        "input_type": row.input_type,
        "allowed_cidrs": "\n".join(row.allowed_cidrs),
        "encoding_profile": row.encoding_profile,
        "record": row.record,
        "tags": _tag_lines(row),
        "runs": breakout_sync.runs(row),
    }


def _edit_consequences(row: Channel) -> list[str]:
    sentences = [
        "Its ingest and playback URLs stay. AWS's own names of its resources do not follow its name.",
    ]
    push, runs = row.input_type in PUSH_TYPES, breakout_sync.runs(row)
    if push and runs:
        sentences.append(
            "It runs now. MediaLive takes another security group only while its channel is idle, so other "
            "CIDRs let an encoder in after the stop, not now."
        )
    elif push:
        sentences.append(
            "For other CIDRs its input gets another security group. Channels that share the "
            "present one keep it."
        )
    if runs:
        sentences.append("Profile and recording can be changed only while it is idle.")
    else:
        sentences.append("Another profile or recording takes MediaLive up to a minute. A start waits for it.")
    return sentences


VERBS = (
    Verb(
        name="retry",
        label="Retry",
        icon="refresh",
        permission="channels_app.retry_channel",
        run=lambda row, who: services.channel_retry(row, who=who),
        refusal=_refusal("retry"),
        consequences=lambda row: [
            "StreamHub retries now what has failed or is waiting.",
            "Lost AWS resources are created again. The ingest URLs may change.",
        ],
        done="it is being retried.",
        primary=True,
        order=10,
    ),
    Verb(
        name="stop",
        label="Stop",
        icon="stop_circle",
        permission="channels_app.stop_channel",
        run=lambda row, who: services.channel_stop(row, who=who),
        refusal=_refusal("stop"),
        typed=handed_over.id_to_type,
        run_typed=lambda row, who: services.channel_stop(row, who=who, confirmed=True),
        consequences=lambda row: [
            "MediaLive is stopped. StreamHub asks again until AWS reports that it is idle.",
            "No breakout needs the channel. Starting a breakout starts it again.",
            *(["It is not kept warm any longer."] if row.warm_until else []),
            *handed_over.stop_consequences(row),
        ],
        done="it is being stopped.",
        now=channel_now,
        danger=True,
        order=15,
    ),
    Verb(
        name="edit",
        label="Edit",
        icon="edit",
        permission="channels_app.edit_channel",
        run=lambda row, who, **given: services.channel_edit(row, who=who, **given),
        refusal=_refusal("edit"),
        form=ChannelEditForm,
        initial=_editable,
        consequences=_edit_consequences,
        done="it is changed. What AWS does not have yet is marked on its page.",
        now=channel_now,
        bulk=False,
        order=17,
    ),
    Verb(
        name="tags",
        label="Edit tags",
        icon="sell",
        permission="channels_app.tag_channel",
        run=lambda row, who, tags: services.channel_tags_change(row, tags, who=who),
        refusal=_refusal("tags"),
        form=TagsForm,
        initial=lambda row: {"tags": _tag_lines(row)},
        consequences=lambda row: [
            "Its MediaLive and MediaPackage resources and its distribution get these tags instead of those "
            "that were given before. The stream is not interrupted.",
            "A creation that AWS refused is tried again with them.",
        ],
        done="its tags are being changed.",
        bulk=False,
        order=18,
    ),
    Verb(
        name="apply-settings",
        label="Apply settings",
        icon="published_with_changes",
        permission="channels_app.apply_settings_channel",
        run=lambda row, who: services.channel_apply_settings(row, who=who),
        refusal=_refusal("apply-settings"),
        consequences=_settings_consequences,
        done="it is being brought up to date.",
        now=channel_now,
        order=19,
    ),
    Verb(
        name="create-distribution",
        label="Create distribution",
        icon="add_link",
        permission="distributions.add_distribution",
        run=lambda row, who: services.distribution_create_and_attach(row, who=who),
        refusal=_refusal("create-distribution"),
        consequences=lambda row: [
            "A new CloudFront distribution is created in front of its origin endpoint and attached to it.",
            "CloudFront needs some minutes to deploy it.",
            *before_creating((DISTRIBUTIONS,)),
        ],
        done="a distribution is being created.",
        order=20,
    ),
    Verb(
        name="delete",
        label="Delete",
        icon="delete",
        permission="channels_app.delete_channel",
        run=lambda row, who: services.channel_delete(row, who=who),
        refusal=_refusal("delete"),
        consequences=_delete_consequences,
        done="it is being deleted.",
        now=channel_now,
        danger=True,
        irreversible=True,
        order=90,
    ),
)

PARTS = PageParts(Channel, verbs=VERBS, panels=(input_panel.of_channel, channel_breakouts.panel))
