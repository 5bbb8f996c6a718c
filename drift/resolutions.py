"""Resolve a finding: adopt, repair or delete. Each reads row and AWS again before it changes anything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from channels_app.driver.parts import PART_DRIVER_OF
from channels_app.models import Attachment
from distributions import owners
from distributions.models import Desired, Distribution
from drift import teardown
from drift.aws_lists import ResourceKind
from drift.compare import RESOLUTIONS, Difference, Finding, Resolution
from drift.expected import Expected, all_expected
from drift.models import DriftSighting
from drift.report import too_young
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Conflict, NotPossible
from streamhub.lifecycle import driver, intent, states
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.models import Transition

log = logging.getLogger(__name__)


def preview(finding: Finding, resolution: str) -> str:
    """What `resolve` would do now, in a sentence. Changes nothing. Raises `NotPossible`, `AwsError`."""
    return _plan(finding, Resolution(resolution))[0]


def _subject(finding: Finding, resolution: str, who: Actor) -> audit.Subject:
    """For the audit: the resource on AWS, which may have no row."""
    return audit.Subject("drift", name=f"{resolution} {finding.kind} {finding.aws_id}")


@audit.verb("drift.resolve_drift", about=_subject)
def resolve(finding: Finding, resolution: str, who: Actor) -> str:
    """Take one step; returns what was done, in a sentence. Raises `Forbidden`, `NotPossible`, `AwsError`."""
    _, do = _plan(finding, Resolution(resolution))
    outcome = do(who)
    log.warning("Drift: %s %s %s for %s: %s", resolution, finding.kind, finding.aws_id, who, outcome)
    return outcome


def _plan(finding: Finding, resolution: Resolution) -> tuple[str, Callable[[Actor], str]]:
    """The sentence for the step that comes next, and the function that takes it."""
    difference = finding.difference
    if resolution not in RESOLUTIONS[difference]:
        raise NotPossible(
            gettext('"%(resolution)s" does not resolve a finding "%(difference)s".')
            % {"resolution": resolution, "difference": difference},
            state=difference,
        )
    if resolution is Resolution.REPAIR:
        return _repair(finding)
    return _adopt(finding) if resolution is Resolution.ADOPT else _delete(finding)


def _row_of(finding: Finding) -> Expected:
    for row in all_expected():
        about = (finding.kind, finding.model, finding.pk, finding.part)
        if (row.kind, row.model, row.pk, row.part) == about:
            return row
    raise NotPossible(gettext("The row of %(name)s is gone.") % {"name": finding.name}, state=Desired.DELETED)


# --- repair ----------------------------------------------------------------------------------


def _repair(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    row = _row_of(finding)
    sentence = gettext("%(name)s reads its %(label)s again and repairs what it can.") % {
        "name": row.name,
        "label": row.kind.label,
    }

    def do(who: Actor) -> str:
        model = driver.driver_of(row.model).model
        with transaction.atomic():
            _record(row, who, f"repair: {finding.detail}")
            # Off the polled list, so that the next step describes everything.
            model._default_manager.filter(pk=row.pk).update(polled_list="", **_to_restore(finding, row))
            intent.requeue(model, [row.pk], observe=True)
        return sentence

    return sentence, do


def _to_restore(finding: Finding, row: Expected) -> dict[str, Any]:
    """The columns by which the repair also gives the resource its tags and its price class again."""
    if finding.difference is not Difference.DIFFERENT:
        return {}
    if finding.kind is ResourceKind.DISTRIBUTION:
        price_class = {"price_class_pending": True} if row.facts.get("price class") else {}
        return {"tags_pending": True, **price_class}
    key = finding.part or finding.kind.value
    return {"tags_pending": [key]} if key in PART_DRIVER_OF else {}


# --- adopt -----------------------------------------------------------------------------------


def _adopt(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    row = _row_of(finding)
    described = teardown.describe(finding.kind, finding.aws_id)
    if row.aws_id or not row.settled:
        raise NotPossible(
            gettext("%(name)s is in transition, or has its %(label)s by now. Read AWS again.")
            % {"name": row.name, "label": row.kind.label}
        )
    if described is None or (described.owner, described.part) != (row.owner, row.part):
        raise NotPossible(
            gettext("%(aws_id)s is gone, or does not carry the mark of %(name)s.")
            % {"aws_id": finding.aws_id, "name": row.name}
        )
    sentence = gettext("%(name)s takes the %(label)s %(aws_id)s as its own.") % {
        "name": row.name,
        "label": row.kind.label,
        "aws_id": finding.aws_id,
    }

    def do(who: Actor) -> str:
        with transaction.atomic():
            _write_id(row, finding)
            _record(row, who, f"adopted {finding.aws_id}")
        return sentence

    return sentence, do


def _write_id(row: Expected, finding: Finding) -> None:
    """Write the id if the row still has none and is not claimed; then have the row read the resource."""
    model = driver.driver_of(row.model).model
    column = _id_column(row)
    free = model._default_manager.filter(FREE, pk=row.pk)
    empty = free.filter(**{f"{column}__isnull": True}) | free.filter(**{column: ""})
    if not empty.update(**{column: finding.aws_id}):
        raise NotPossible(gettext("%(name)s changed meanwhile. Read AWS again.") % {"name": row.name})
    if row.kind is ResourceKind.DISTRIBUTION:
        owners.owner().identified(Distribution.objects.get(pk=row.pk))
    intent.requeue(model, [row.pk], observe=True)


def _id_column(row: Expected) -> str:
    key = row.part or row.kind.value
    if key in PART_DRIVER_OF:
        return PART_DRIVER_OF[key].columns.aws_id.attname
    return "aws_distribution_id" if row.kind is ResourceKind.DISTRIBUTION else "aws_id"


# --- delete ----------------------------------------------------------------------------------


def _delete(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    step = deletion_step(finding)
    return step.sentence, partial(take_step, finding, step)


def deletion_step(finding: Finding) -> teardown.TeardownStep:
    """The next teardown step. Raises `NotPossible`, `AwsError`.

    All conditions are checked here again; nothing is taken from the finding.
    """
    since = DriftSighting.objects.filter(kind=finding.kind, aws_id=finding.aws_id)
    if wait_reason := too_young(since.values_list("first_seen_at", flat=True).first(), database_now()):
        raise NotPossible(wait_reason, state=finding.difference)
    described = teardown.describe(finding.kind, finding.aws_id)
    if described is None:
        return teardown.wait(gettext("%(aws_id)s is already gone.") % {"aws_id": finding.aws_id})
    _refuse_if_needed(finding, described.owner)
    return teardown.next_step(described)


def take_step(finding: Finding, step: teardown.TeardownStep, who: Actor) -> str:
    """Take the step, and record it if it changed AWS. Raises `NotPossible`, `AwsError`."""
    try:
        step.do()
    except Conflict as error:
        raise NotPossible(
            gettext("AWS refuses this now: %(message)s") % {"message": error.message}
        ) from error
    if step.writes:
        _record_surplus(finding, who, step.sentence)
    return step.sentence


def _refuse_if_needed(finding: Finding, owner: str) -> None:
    """Raise `NotPossible` unless it is ours and no row, breakout or distribution needs it."""
    if not owner:
        raise NotPossible(
            gettext("%(aws_id)s does not carry this environment's mark; it is not ours.")
            % {"aws_id": finding.aws_id}
        )
    if Attachment.objects.filter(aws_distribution_id=finding.aws_id, ended_at__isnull=True).exists():
        raise NotPossible(
            gettext("A breakout is on air on %(aws_id)s. Stop it first.") % {"aws_id": finding.aws_id}
        )
    if finding.kind is ResourceKind.ENDPOINT and teardown.is_origin(finding.aws_id):
        raise NotPossible(gettext("A distribution pulls from %(aws_id)s.") % {"aws_id": finding.aws_id})
    for row in all_expected():
        if row.kind is not finding.kind or (finding.aws_id not in (row.aws_id,) and row.owner != owner):
            continue
        if row.aws_id == finding.aws_id:
            raise NotPossible(
                gettext("%(aws_id)s now belongs to %(name)s.") % {"aws_id": finding.aws_id, "name": row.name}
            )
        if not row.settled or not row.present or finding.difference is not Difference.DUPLICATE:
            raise NotPossible(
                gettext("%(name)s has the same mark and is in transition. Read AWS again.")
                % {"name": row.name}
            )
        if teardown.describe(row.kind, row.aws_id) is None:
            raise NotPossible(
                gettext("%(name)s has lost its own %(label)s; it may need this one.")
                % {"name": row.name, "label": row.kind.label}
            )


def _record(row: Expected, who: Actor, why: str) -> None:
    """Record it in the row's history, in the caller's transaction."""
    resource = driver.driver_of(row.model).model._default_manager.get(pk=row.pk)
    states.record(resource, resource.state, resource.state, who=who, why=f"drift: {why}")


def _record_surplus(finding: Finding, who: Actor, why: str) -> None:
    """Record it under kind and AWS id, because a surplus resource has no row."""
    Transition.objects.create(
        resource_type=finding.kind.value,
        resource_id=0,
        resource_name=finding.aws_id[:128],
        who=str(who),
        why=f"drift: {why}",
        from_state=finding.difference.value,
        to_state=finding.difference.value,
    )
