"""The driver: observe, decide, act. A step makes one change on CloudFront and saves its outcome at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import aliases, operations, owners
from distributions.decide import Intent, Observed, Step, goes_on, next_step
from distributions.driver import aliasing, applying, creating, marks, naming, pricing, tagging
from distributions.driver.counting import counting
from distributions.driver.observing import (
    GONE,
    LIST,
    cloudfront,
    describe,
    edited_outside,
    facts_of,
    look_again,
    read_config,
)
from distributions.driver.sending import send
from distributions.driver.settling import change_state, error_columns, settle
from distributions.models import Desired, Distribution, State
from streamhub.aws.ratelimit import step_of
from streamhub.errors import NotSent, Refused, Throttled
from streamhub.lifecycle import absence, states
from streamhub.lifecycle.awaiting import Awaited
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority
from streamhub.lifecycle.refusals import TAGS_REFUSED

# Steps without a call that changes AWS: these also read the configuration when staff asked for it.
QUIET = (
    Step.WAIT_DEPLOYED,
    Step.WAIT_DISABLED,
    Step.SETTLE_DEPLOYED,
    Step.SETTLE_DISABLED,
    Step.REST,
)

# By the error code that a refused step shows.
REFUSALS = {
    naming.RECORD_LEFT: Step.UNPOINT,
    applying.SETTINGS_REFUSED: Step.SETTINGS,
    TAGS_REFUSED: Step.TAG,
    pricing.PRICE_REFUSED: Step.PRICE,
    aliasing.ALIAS_REFUSED: Step.ALIAS,
    naming.RECORD_REFUSED: Step.POINT,
}

THROTTLED_SECONDS = 1.0

ENABLED_AGAIN = "disabled outside StreamHub, enabled again"
DISABLED_OUTSIDE = (
    "disabled_outside",
    "This distribution was disabled outside StreamHub.",
    "StreamHub is enabling it again. Until CloudFront has done so everywhere, which takes some minutes, "
    "viewers may get errors. The address stays. Find out who disabled it.",
)
SHARED_MISSING = (
    "shared_missing",
    "CloudFront has no such distribution in this account.",
    "Check MEDIAMANAGER_DISTRIBUTION_ID. Without the distribution, recordings cannot be watched.",
)


class DistributionDriver:
    model: ClassVar[type[Distribution]] = Distribution
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: Distribution) -> AbstractContextManager[Any]:
        return step_of(f"{row.KIND}:{row.pk}", urgent=Priority(row.priority).urgent)

    def awaited(self, row: Distribution) -> Awaited | None:
        return operations.awaited(row)

    def doing(self, row: Distribution) -> str:
        return str(self.decide(row))

    def step(self, claim: Claim) -> float | None:
        if claim.row.state != State.DELETING:
            return self._step(claim)
        with counting(claim.row):
            return self._step(claim)

    def _step(self, claim: Claim) -> float | None:
        row: Distribution = claim.row
        if row.aws_distribution_id and (row.observe_requested or row.outcome_unknown or edited_outside(row)):
            asked = row.observe_requested
            describe(claim)
            if asked:
                aliasing.look(claim)
        marks.read(claim)
        marks.record(claim)
        step = self.decide(row)
        seconds = ACTIONS[step](claim)
        if REFUSALS.get(row.error_code) is step and goes_on(*self._known(row)):
            seconds = AT_ONCE
        if seconds is None and row.handed_over_at is not None:
            # Tags that come back are in no list.
            seconds = float(settings.FULL_OBSERVE_SECONDS)
        if step in QUIET and row.config_requested and row.aws_distribution_id:
            read_config(claim)
        return seconds

    @staticmethod
    def _known(row: Distribution) -> tuple[Intent, Observed]:
        observed = Observed(
            known=bool(row.aws_distribution_id),
            create_sent=row.create_sent_at is not None,
            enabled=row.enabled,
            status=row.status,
            suspected=row.suspect_since is not None,
            gone=row.gone_at is not None,
            delete_accepted=row.delete_accepted_at is not None,
            handed_over=marks.is_handed_over(row),
            tags_due=row.tags_pending and bool(row.arn),
            settings_due=row.desired != Desired.DELETED and applying.is_due(row),
            price_due=row.price_class_pending and row.desired != Desired.DELETED,
            alias_due=aliases.is_addable(row),
            point_due=aliases.point_due(row),
            unpoint_due=aliases.unpoint_due(row) and not applying.waits(row),
            refused=REFUSALS.get(row.error_code),
        )
        return Intent(row.desired, row.state, row.protected), observed

    def decide(self, row: Distribution) -> Step:
        return next_step(*self._known(row))


# --- writing -------------------------------------------------------------------------------


def _enable(claim: Claim) -> float | None:
    """Enable it. If it was disabled outside StreamHub, say so and show it as an error.

    It is said, and no longer called deployed, before the call: its answer may be lost, or come late.
    """
    row: Distribution = claim.row
    if row.state not in (State.DEPLOYED, State.DEPLOYING):
        return _set_enabled(claim, State.DEPLOYING, "enabling")
    if not states.said_last(row, ENABLED_AGAIN):
        shown = error_columns(claim, DISABLED_OUTSIDE)
        with transaction.atomic():
            if row.state == State.DEPLOYED:
                claim.change_state(State.DEPLOYING, why=ENABLED_AGAIN, **shown)
            else:
                claim.note(ENABLED_AGAIN, request_id=None, **shown)
            owners.owner().changed_outside(row, ENABLED_AGAIN)
    return _set_enabled(claim, State.DEPLOYING, "enabling it again", error=DISABLED_OUTSIDE)


def _disable(claim: Claim) -> float | None:
    outside = claim.row.state == State.DISABLED
    return _set_enabled(
        claim, State.DISABLING, "enabled outside: disabling it again" if outside else "disabling"
    )


def _set_enabled(
    claim: Claim, state: str, why: str, *, error: tuple[str, str, str] | None = None
) -> float | None:
    """Send the change.

    `error`: the change from outside that this undoes, to be shown until CloudFront has deployed.
    """
    enabled = state == State.DEPLOYING
    info = send(claim, lambda api, id, ours: api.set_enabled(id, enabled, is_ours=ours))
    if info is None:
        return AT_ONCE
    claim.change_state(
        state,
        why=why,
        request_id=info.request_id,
        polled_list=LIST,
        observed_at=Now(),
        own_etag=info.etag or "",
        **facts_of(info),
        **(error_columns(claim, error) if error else {}),
    )
    return AT_ONCE if info.deployed else None


def _delete(claim: Claim) -> float | None:
    row: Distribution = claim.row
    if owners.owner().holds(row) or row.attached or row.protected:
        raise Refused("The distribution is in use and will not be deleted.", code="in_use")
    try:
        request_id = absence.observe_on_conflict(
            claim, lambda: cloudfront().delete(row.aws_distribution_id or "", row.etag)
        )
    except Throttled as throttled:
        # It had no effect, and the rate is lower now: take a turn in the line again.
        raise NotSent(throttled.operation, THROTTLED_SECONDS) from throttled
    claim.note(
        "CloudFront accepted the deletion",
        request_id=request_id,
        delete_accepted_at=Now(),
        polled_list=LIST,
        # Nothing is left to describe: not for a list that lacks it already, nor for an edit from outside.
        observe_requested=False,
        own_etag="",
    )
    return None


def _leave_alone(claim: Claim) -> float | None:
    """It was handed over: wait. What the reaper had taken is no longer the reaper's."""
    if claim.row.state == State.DELETING:
        claim.change_state(State.DISABLED, why="handed over to others: it is not deleted")
    claim.save(polled_list="")
    return None


# --- recording -----------------------------------------------------------------------------


def _wait(state: str, why: str, claim: Claim) -> float | None:
    change_state(claim, state, why, polled_list=LIST)
    claim.keep_error |= claim.row.error_code == DISABLED_OUTSIDE[0]
    return None


def _note_missing(claim: Claim) -> float | None:
    """A shared distribution does not exist: show that and keep the row. Only staff can fix it."""
    claim.change_state(
        State.MISSING,
        why="CloudFront confirmed twice that it does not exist",
        polled_list="",
        **error_columns(claim, SHARED_MISSING),
    )
    return None


def _release_lost(claim: Claim) -> float | None:
    """Proven gone but still wanted: detach it, which closes its attachment. The next step removes the row."""
    with transaction.atomic():
        owners.owner().lock(claim.row)
        owners.owner().lost(claim.row)
        claim.change_state(
            State.MISSING,
            why="CloudFront confirmed twice that it does not exist",
            attached=False,
            polled_list="",
        )
    return AT_ONCE


def _forget(claim: Claim) -> float | None:
    claim.forget(why=GONE if claim.row.aws_distribution_id else "never created")
    return None


# The action of each step; it returns the seconds until the next step (lifecycle.driver).
ACTIONS: dict[Step, Callable[[Claim], float | None]] = {
    Step.CREATE: creating.create,
    Step.FIND: creating.find,
    Step.ENABLE: _enable,
    Step.DISABLE: _disable,
    Step.DELETE: _delete,
    Step.LOOK_AGAIN: look_again,
    Step.RELEASE_LOST: _release_lost,
    Step.FORGET: _forget,
    Step.HANDED_OVER: _leave_alone,
    Step.WAIT_DEPLOYED: partial(_wait, State.DEPLOYING, "CloudFront is deploying it"),
    Step.WAIT_DISABLED: partial(_wait, State.DISABLING, "CloudFront is deploying the disable"),
    Step.WAIT_GONE: partial(_wait, State.DELETING, "CloudFront is deleting it"),
    Step.SETTLE_DEPLOYED: partial(settle, State.DEPLOYED, "deployed everywhere"),
    Step.SETTLE_DISABLED: partial(settle, State.DISABLED, "disabled everywhere"),
    Step.TAG: tagging.tag,
    Step.SETTINGS: applying.apply,
    Step.PRICE: pricing.change,
    Step.ALIAS: aliasing.give,
    Step.POINT: aliasing.point,
    Step.UNPOINT: aliasing.unpoint,
    Step.NOTE_MISSING: _note_missing,
    Step.REST: lambda claim: None,
}
