"""What is done about a finding: adopt, repair, delete. Each looks again at row and AWS just before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.utils import timezone

from channels_app.driver.parts import PART_DRIVER_OF
from channels_app.models import Attachment
from distributions import owners
from distributions.models import Distribution
from drift import teardown
from drift.aws_lists import ResourceKind
from drift.compare import RESOLUTIONS, Difference, Finding, Resolution
from drift.expected import Expected, all_expected
from drift.models import DriftSighting
from drift.report import too_young
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit
from streamhub.errors import Conflict, NotPossible
from streamhub.lifecycle import driver, intent, states
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.models import Transition

log = logging.getLogger(__name__)


def preview(finding: Finding, verb: str) -> str:
    """What `act` would do now, in a sentence. Changes nothing. Raises `NotPossible`, `AwsError`."""
    return _plan(finding, Resolution(verb))[0]


def act(finding: Finding, verb: str, who: Actor) -> str:
    """Do it, one step; what was done, in a sentence. Raises `Forbidden`, `NotPossible`, `AwsError`."""
    who = permit(who, "drift.resolve_drift")
    _, do = _plan(finding, Resolution(verb))
    done = do(who)
    log.warning("Drift: %s %s %s, asked by %s: %s", verb, finding.kind, finding.aws_id, who, done)
    return done


def _plan(finding: Finding, verb: Resolution) -> tuple[str, Callable[[Actor], str]]:
    if verb not in RESOLUTIONS[finding.problem]:
        raise NotPossible(f"A {finding.problem} finding cannot be mended by {verb}.", state=finding.problem)
    if verb is Resolution.REPAIR:
        return _repair(finding)
    return _adopt(finding) if verb is Resolution.ADOPT else _delete(finding)


def _row_of(finding: Finding) -> Expected:
    for row in all_expected():
        if (row.kind, row.model, row.pk) == (finding.kind, finding.model, finding.pk):
            return row
    raise NotPossible(f"The row of {finding.name} is gone.", state="deleted")


# --- repair ----------------------------------------------------------------------------------


def _repair(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    row = _row_of(finding)
    said = f"{row.name} looks at its {row.kind.words} and puts right what it can."

    def do(who: Actor) -> str:
        model = driver.driver_of(row.model).model
        with transaction.atomic():
            _record(row, who, f"repair: {finding.detail}")
            # Whatever it polled_lists: all of it is to be described.
            model._default_manager.filter(pk=row.pk).update(polled_list="")
            intent.requeue(model, [row.pk], observe=True)
        return said

    return said, do


# --- adopt -----------------------------------------------------------------------------------


def _adopt(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    row = _row_of(finding)
    seen = teardown.look(finding.kind, finding.aws_id)
    if row.aws_id or not row.settled:
        raise NotPossible(f"{row.name} is on its way, or knows its {row.kind.words} by now; look again.")
    if seen is None or seen.owner != row.owner:
        raise NotPossible(f"{finding.aws_id} is gone, or does not carry the mark of {row.name}.")
    said = f"{row.name} takes the {row.kind.words} {finding.aws_id} as its own."

    def do(who: Actor) -> str:
        with transaction.atomic():
            _take(row, finding)
            _record(row, who, f"adopted {finding.aws_id}")
        return said

    return said, do


def _take(row: Expected, finding: Finding) -> None:
    """Write the id, if the row still has none and no step is on it; then the row looks at it."""
    model = driver.driver_of(row.model).model
    column = _id_column(row.kind)
    free = model._default_manager.filter(FREE, pk=row.pk)
    empty = free.filter(**{f"{column}__isnull": True}) | free.filter(**{column: ""})
    if not empty.update(**{column: finding.aws_id}):
        raise NotPossible(f"{row.name} changed meanwhile; look again.")
    if row.kind is ResourceKind.DISTRIBUTION:
        owners.owner().identified(Distribution.objects.get(pk=row.pk))
    intent.requeue(model, [row.pk], observe=True)


def _id_column(kind: ResourceKind) -> str:
    if kind in PART_DRIVER_OF:
        return PART_DRIVER_OF[kind].columns.aws_id.attname
    return "aws_distribution_id" if kind is ResourceKind.DISTRIBUTION else "aws_id"


# --- delete ----------------------------------------------------------------------------------


def _delete(finding: Finding) -> tuple[str, Callable[[Actor], str]]:
    step = deletion_step(finding)
    return step.said, partial(take_step, finding, step)


def deletion_step(finding: Finding) -> teardown.TeardownStep:
    """The next step of taking it down. Raises `NotPossible`, `AwsError`.

    Everything that must hold is looked up here, not taken from the finding.
    """
    since = DriftSighting.objects.filter(kind=finding.kind, aws_id=finding.aws_id)
    if waits := too_young(since.values_list("first_seen_at", flat=True).first(), timezone.now()):
        raise NotPossible(waits, state=finding.problem)
    seen = teardown.look(finding.kind, finding.aws_id)
    if seen is None:
        return teardown.wait(f"{finding.aws_id} is gone already.")
    _refuse_wanted(finding, seen.owner)
    return teardown.next_step(seen)


def take_step(finding: Finding, step: teardown.TeardownStep, who: Actor) -> str:
    """Take it, and note it if it changed AWS; what was done. Raises `NotPossible`, `AwsError`."""
    try:
        step.do()
    except Conflict as error:
        raise NotPossible(f"AWS does not let it go now: {error.message}") from error
    if step.writes:
        _note(finding, who, step.said)
    return step.said


def _refuse_wanted(finding: Finding, owner: str) -> None:
    """Raise unless it is ours, and neither a row nor a breakout has to do with it."""
    if not owner:
        raise NotPossible(f"{finding.aws_id} does not carry this environment's mark; it is not ours.")
    if Attachment.objects.filter(aws_distribution_id=finding.aws_id, ended_at__isnull=True).exists():
        raise NotPossible(f"A breakout is on air on {finding.aws_id}.")
    if finding.kind is ResourceKind.ENDPOINT and teardown.is_origin(finding.aws_id):
        raise NotPossible(f"A distribution pulls from {finding.aws_id}.")
    for row in all_expected():
        if row.kind is not finding.kind or (finding.aws_id not in (row.aws_id,) and row.owner != owner):
            continue
        if row.aws_id == finding.aws_id:
            raise NotPossible(f"{finding.aws_id} belongs to {row.name} by now.")
        if not row.settled or not row.present or finding.problem is not Difference.DUPLICATE:
            raise NotPossible(f"{row.name} carries the same mark and is on its way; look again.")
        if teardown.look(row.kind, row.aws_id) is None:
            raise NotPossible(f"{row.name} has lost its own; this one may be needed.")


def _record(row: Expected, who: Actor, why: str) -> None:
    """In the row's own history, in the caller's transaction."""
    found = driver.driver_of(row.model).model._default_manager.get(pk=row.pk)
    states.record(found, found.state, found.state, who=who, why=f"drift: {why}")


def _note(finding: Finding, who: Actor, why: str) -> None:
    """A surplus resource has no row: its history stands under its kind and AWS id."""
    Transition.objects.create(
        resource_type=finding.kind.value,
        resource_id=0,
        resource_name=finding.aws_id[:128],
        who=str(who),
        why=f"drift: {why}",
        from_state=finding.problem.value,
        to_state=finding.problem.value,
    )
