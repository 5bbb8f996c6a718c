"""Security groups: channels with the same CIDRs share one; the last of them releases it."""

from __future__ import annotations

from django.db import transaction

from channels_app.models import SecurityGroup
from streamhub.access.actors import Actor
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.models import Priority, error_fields

Desired, State = SecurityGroup.Desired, SecurityGroup.State


def security_group_for(cidrs: list[str], *, who: Actor) -> SecurityGroup:
    """The shared group for these normalised CIDRs, created if need be, with desired state `present`."""
    group, created = _locked(",".join(cidrs))
    if created:
        states.record_created(group, who=who, why="first channel with these CIDRs")
    _retry(group, who=who)
    if created or group.desired == Desired.DELETED:
        intent.set_desired(group, desired=Desired.PRESENT, priority=Priority.CREATE)
    return group


def security_group_retry(group: SecurityGroup, *, who: Actor) -> None:
    """Retry a group that AWS refused; no effect on any other. Locks the group's row."""
    _retry(SecurityGroup.objects.select_for_update().get(pk=group.pk), who=who)


def _retry(group: SecurityGroup, *, who: Actor) -> None:
    """`security_group_retry` for a locked row."""
    if group.state == State.FAILED:
        states.change(group, State.PENDING, who=who, why="retried", failed_step="", **error_fields(None))
        intent.set_desired(group, priority=Priority.CREATE)


def security_group_release(group: SecurityGroup) -> None:
    """Delete the group if no channel and no input uses it any more. Locks the group's row."""
    group = SecurityGroup.objects.select_for_update().get(pk=group.pk)
    if not group.in_use:
        intent.set_desired(group, desired=Desired.DELETED, priority=Priority.DELETE)


def security_groups_release_unused() -> int:
    """Delete every group that no channel uses and that was not released yet; returns their number."""
    unused = SecurityGroup.objects.filter(desired=Desired.PRESENT, channels=None, leaving_channels=None)
    for group in unused:
        with transaction.atomic():
            security_group_release(group)
    return len(unused)


def _locked(cidrs: str) -> tuple[SecurityGroup, bool]:
    """The locked row, and whether it is new. Waits for a row that is being deleted, then creates another."""
    while True:
        group, created = SecurityGroup.objects.get_or_create(cidrs=cidrs)
        locked = SecurityGroup.objects.select_for_update().filter(pk=group.pk).first()
        if locked is not None:
            return locked, created
