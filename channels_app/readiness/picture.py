"""Readiness of what comes in and what is kept: the input, who may push to it, and the recording bucket."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from channels_app.input_health import NOT_READ, input_health, is_listening
from channels_app.models import Channel, RecordingBucket, SecurityGroup
from channels_app.models.channel import PUSH_TYPES
from channels_app.readiness.check import Check, last_observed, readable
from channels_app.services import pending_changes
from streamhub.lifecycle.freshness import is_fresh


def attached(channel: Channel) -> Check:
    """Whether MediaLive's channel reads our inputs and no other."""
    observed_at = last_observed(channel, "ml_channel")
    if not channel.ml_channel_id or not channel.ml_input_id:
        return Check("input_attached", False, _("Its MediaLive channel and input are not created yet."))
    if not channel.attached_inputs:
        return Check("input_attached", None, _("Not read yet. Prepare reads it."), observed_at)

    ours = channel.input_ids

    def judge() -> tuple[bool, str]:
        if channel.attached_inputs == ours:
            return True, _("MediaLive reads the input %(ours)s.") % {"ours": " and ".join(ours)}
        if channel.second_waits:
            return True, _("The new second input is attached as soon as the channel is idle.")
        if channel.second_unattached:
            return True, _("MediaLive does not read the new second input. Shows go on with the main one.")
        found = ", ".join(map(str, channel.attached_inputs))
        return False, (
            _(
                "MediaLive reads %(found)s instead of the input %(ours)s: somebody changed it "
                "outside StreamHub, which attaches it again while the channel is idle."
            )
            % {"found": found, "ours": " and ".join(ours)}
        )

    return readable(channel, observed_at, "input_attached", judge)


def receiving(channel: Channel) -> Check:
    """Whether the input is received. Not known while the channel is idle: it does not listen then.

    Nor in the first seconds of a run: that AWS was not asked yet is no reason to wait either.
    """
    health = input_health(channel)
    unknown_is_fine = not is_listening(channel) or health.detail == NOT_READ
    return Check("receiving", health.ok, health.detail, health.observed_at, unknown_is_fine)


def cidrs(channel: Channel) -> list[Check]:
    """Whether MediaLive lets in who may push, and nobody else; nothing for inputs that pull."""
    if channel.input_type not in PUSH_TYPES:
        return []
    name, wanted = "allowed_cidrs", ", ".join(channel.allowed_cidrs)
    group = channel.security_group
    if group is None:
        return [
            Check(
                name,
                False,
                _("The input has no security group yet that lets %(wanted)s in.") % {"wanted": wanted},
            )
        ]
    observed_at = last_observed(group, "security_group")
    if name in pending_changes(channel):
        return [
            Check(
                name,
                False,
                _("AWS does not have the change to %(wanted)s yet: it is made while the channel is idle.")
                % {"wanted": wanted},
                observed_at,
            )
        ]

    def judge() -> tuple[bool, str]:
        if group.state != SecurityGroup.State.READY:
            return False, (
                _("The security group for %(wanted)s is %(state)s. %(error_message)s")
                % {"wanted": wanted, "state": _(group.state), "error_message": group.error_message}
            ).rstrip()
        if group.rules_differ:
            return False, (
                _(
                    "Somebody changed the security group %(aws_id)s outside StreamHub: it lets "
                    "%(rules)s in instead of %(wanted)s. Restore it on its page."
                )
                % {"aws_id": group.aws_id, "rules": group.rules, "wanted": wanted}
            )
        return True, _("MediaLive lets %(wanted)s in.") % {"wanted": wanted}

    return [readable(group, observed_at, name, judge)]


def bucket(channel: Channel) -> list[Check]:
    """Whether MediaLive can write the recording; nothing where the channel does not record."""
    if not channel.record:
        return []
    name, wanted = "recording_bucket", settings.RECORDING_BUCKET
    if not wanted:
        return [Check(name, False, _("RECORDING_BUCKET is not set. Whoever deploys StreamHub can set it."))]
    row = RecordingBucket.objects.filter(name=wanted).first()
    if row is None:
        detail = _("The bucket %(wanted)s was not looked at yet. StreamHub looks each minute.") % {
            "wanted": wanted
        }
        return [Check(name, None, detail)]
    observed_at = row.checked_at if is_fresh(row.checked_at) else None
    if observed_at is None:
        return [
            Check(
                name,
                None,
                _("The last look at the bucket %(wanted)s is too old. Is its job switched on?")
                % {"wanted": wanted},
            )
        ]
    return [Check(name, row.writable, row.detail, observed_at)]
