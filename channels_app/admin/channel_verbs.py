"""The verbs of channels, and what their confirmations say."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import breakout_sync, services
from channels_app.admin import handed_over
from channels_app.admin.forms import ChannelEditForm, TagsForm
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import PUSH_TYPES
from channels_app.services.applied_settings import CLOSED_ORIGIN
from streamhub.console.verbs import Verb, guarded
from streamhub.quotas.catalogue import (
    DISTRIBUTIONS,
)
from streamhub.quotas.room import before_creating


def _delete_consequences(row: Channel) -> list[str]:
    cancelled = Breakout.objects.filter(channel=row, state=BreakoutState.IDLE).values_list("name", flat=True)[
        :5
    ]
    sentences = [
        gettext("Its MediaLive channel and input and its MediaPackage channel and endpoint are deleted."),
        gettext("Its ingest URLs stop working. A new channel will have different ones."),
    ]
    if row.distribution is not None:
        sentences.append(
            gettext(
                "Its distribution %(distribution)s is detached and disabled. The reaper deletes it later."
            )
            % {"distribution": row.distribution}
        )
    if cancelled:
        sentences.append(
            gettext("Its planned breakouts are cancelled: %(cancelled)s.")
            % {"cancelled": ", ".join(cancelled)}
        )
    return [*sentences, gettext("Past breakouts and their usage are kept.")]


def _settings_consequences(row: Channel) -> list[str]:
    names = services.settings_differing(row)
    closes = CLOSED_ORIGIN in names
    return [
        gettext("To be applied: %(names)s.") % {"names": ", ".join(names)},
        gettext(
            "Its distribution is deployed again, which takes CloudFront some minutes. MediaLive "
            "takes its part "
            "only while the channel is idle, and is busy for some seconds then."
        ),
        *([gettext("Nobody can watch until its origin and CloudFront have both changed.")] if closes else []),
        gettext("Do it well before the next show."),
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
        gettext(
            "Its ingest and playback URLs stay. AWS's own names of its resources do not follow its name."
        ),
    ]
    push, runs = row.input_type in PUSH_TYPES, breakout_sync.runs(row)
    if push and runs:
        sentences.append(
            gettext(
                "It runs now. MediaLive takes another security group only while its channel is idle, "
                "so other "
                "CIDRs let an encoder in after the stop, not now."
            )
        )
    elif push:
        sentences.append(
            gettext(
                "For other CIDRs its input gets another security group. Channels that share the "
                "present one keep it."
            )
        )
    if runs:
        sentences.append(gettext("Profile and recording can be changed only while it is idle."))
    else:
        sentences.append(
            gettext("Another profile or recording takes MediaLive up to a minute. A start waits for it.")
        )
    return sentences


VERBS = (
    Verb(
        name="retry",
        label=_("Retry"),
        icon="refresh",
        permission="channels_app.retry_channel",
        run=lambda row, who: services.channel_retry(row, who=who),
        refusal=guarded(guards.refusal, "retry"),
        consequences=lambda row: [
            gettext("StreamHub retries now what has failed or is waiting."),
            gettext("Lost AWS resources are created again. The ingest URLs may change."),
        ],
        done=_("it is being retried."),
        primary=True,
        order=10,
    ),
    Verb(
        name="stop",
        label=_("Stop"),
        icon="stop_circle",
        permission="channels_app.stop_channel",
        run=lambda row, who: services.channel_stop(row, who=who),
        refusal=guarded(guards.refusal, "stop"),
        typed=handed_over.id_to_type,
        run_typed=lambda row, who: services.channel_stop(row, who=who, confirmed=True),
        consequences=lambda row: [
            gettext("MediaLive is stopped. StreamHub asks again until AWS reports that it is idle."),
            gettext("No breakout needs the channel. Starting a breakout starts it again."),
            *([gettext("It is not kept warm any longer.")] if row.warm_until else []),
            *handed_over.stop_consequences(row),
        ],
        done=_("it is being stopped."),
        now=channel_now,
        danger=True,
        order=15,
    ),
    Verb(
        name="edit",
        label=_("Edit"),
        icon="edit",
        permission="channels_app.edit_channel",
        run=lambda row, who, **given: services.channel_edit(row, who=who, **given),
        refusal=guarded(guards.refusal, "edit"),
        form=ChannelEditForm,
        initial=_editable,
        consequences=_edit_consequences,
        done=_("it is changed. What AWS does not have yet is marked on its page."),
        now=channel_now,
        bulk=False,
        order=17,
    ),
    Verb(
        name="tags",
        label=_("Edit tags"),
        icon="sell",
        permission="channels_app.tag_channel",
        run=lambda row, who, tags: services.channel_tags_change(row, tags, who=who),
        refusal=guarded(guards.refusal, "tags"),
        form=TagsForm,
        initial=lambda row: {"tags": _tag_lines(row)},
        consequences=lambda row: [
            gettext(
                "Its MediaLive and MediaPackage resources and its distribution get these tags instead "
                "of those "
                "that were given before. The stream is not interrupted."
            ),
            gettext("A creation that AWS refused is tried again with them."),
        ],
        done=_("its tags are being changed."),
        bulk=False,
        order=18,
    ),
    Verb(
        name="apply-settings",
        label=_("Apply settings"),
        icon="published_with_changes",
        permission="channels_app.apply_settings_channel",
        run=lambda row, who: services.channel_apply_settings(row, who=who),
        refusal=guarded(guards.refusal, "apply-settings"),
        consequences=_settings_consequences,
        done=_("it is being brought up to date."),
        now=channel_now,
        order=19,
    ),
    Verb(
        name="create-distribution",
        label=_("Create distribution"),
        icon="add_link",
        permission="distributions.add_distribution",
        run=lambda row, who: services.distribution_create_and_attach(row, who=who),
        refusal=guarded(guards.refusal, "create-distribution"),
        consequences=lambda row: [
            gettext(
                "A new CloudFront distribution is created in front of its origin endpoint and attached to it."
            ),
            gettext("CloudFront needs some minutes to deploy it."),
            *before_creating((DISTRIBUTIONS,)),
        ],
        done=_("a distribution is being created."),
        order=20,
    ),
    Verb(
        name="delete",
        label=_("Delete"),
        icon="delete",
        permission="channels_app.delete_channel",
        run=lambda row, who: services.channel_delete(row, who=who),
        refusal=guarded(guards.refusal, "delete"),
        consequences=_delete_consequences,
        done=_("it is being deleted."),
        now=channel_now,
        danger=True,
        irreversible=True,
        order=90,
    ),
)
