"""Readiness of what comes in and what is kept: the input, who may push to it, and the recording bucket."""

from __future__ import annotations

from django.conf import settings

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
        return Check("input_attached", False, "Its MediaLive channel and input are not created yet.")
    if not channel.attached_inputs:
        return Check("input_attached", None, "Not read yet. Prepare reads it.", observed_at)

    ours = [channel.ml_input_id] + ([channel.ml_second_id] if channel.ml_second_id else [])

    def judge() -> tuple[bool, str]:
        if channel.attached_inputs == ours:
            return True, f"MediaLive reads the input {' and '.join(ours)}."
        found = ", ".join(map(str, channel.attached_inputs))
        return False, (
            f"MediaLive reads {found} instead of the input {' and '.join(ours)}: somebody changed it "
            "outside StreamHub, which attaches it again while the channel is idle."
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
        return [Check(name, False, f"The input has no security group yet that lets {wanted} in.")]
    observed_at = last_observed(group, "security_group")
    if name in pending_changes(channel):
        return [
            Check(
                name,
                False,
                f"AWS does not have the change to {wanted} yet: it is made while the channel is idle.",
                observed_at,
            )
        ]

    def judge() -> tuple[bool, str]:
        if group.state != SecurityGroup.State.READY:
            return False, f"The security group for {wanted} is {group.state}. {group.error_message}".rstrip()
        if group.rules_differ:
            return False, (
                f"Somebody changed the security group {group.aws_id} outside StreamHub: it lets "
                f"{group.rules} in instead of {wanted}. Restore it on its page."
            )
        return True, f"MediaLive lets {wanted} in."

    return [readable(group, observed_at, name, judge)]


def bucket(channel: Channel) -> list[Check]:
    """Whether MediaLive can write the recording; nothing where the channel does not record."""
    if not channel.record:
        return []
    name, wanted = "recording_bucket", settings.RECORDING_BUCKET
    if not wanted:
        return [Check(name, False, "RECORDING_BUCKET is not set. Whoever deploys StreamHub can set it.")]
    row = RecordingBucket.objects.filter(name=wanted).first()
    if row is None:
        detail = f"The bucket {wanted} was not looked at yet. StreamHub looks each minute."
        return [Check(name, None, detail)]
    observed_at = row.checked_at if is_fresh(row.checked_at) else None
    if observed_at is None:
        return [
            Check(name, None, f"The last look at the bucket {wanted} is too old. Is its job switched on?")
        ]
    return [Check(name, row.writable, row.detail, observed_at)]
