"""Distributions on CloudFront: observe, decide, act. One AWS operation a step, its outcome saved at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models.functions import Now

from distributions import owners
from distributions.decide import Intent, Observed, Step, next_step
from distributions.driver import creating
from distributions.driver.observing import (
    LIST,
    cloudfront,
    describe,
    edited_outside,
    facts_of,
    look_again,
    read_config,
)
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.aws.ratelimit import urgency
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority, error_fields

# Steps that only wait or note: there is time to read the configuration for people.
QUIET = (
    Step.WAIT_DEPLOYED,
    Step.WAIT_DISABLED,
    Step.SETTLE_DEPLOYED,
    Step.SETTLE_DISABLED,
    Step.REST,
)

DISABLED_OUTSIDE = (
    "disabled_outside",
    "Somebody disabled this distribution outside StreamHub.",
    "It is being enabled again; find out who disabled it.",
)
EDITED_OUTSIDE = (
    "edited_outside",
    "Somebody edited this distribution in CloudFront outside StreamHub.",
    "StreamHub leaves the edit as it is. Read its configuration; Retry accepts it.",
)
SHARED_MISSING = (
    "shared_missing",
    "CloudFront has no such distribution in this account.",
    "Is MEDIAMANAGER_DISTRIBUTION_ID right? If it was deleted, recordings cannot be watched any more.",
)


class DistributionDriver:
    model: ClassVar[type[Distribution]] = Distribution
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: Distribution) -> AbstractContextManager[Any]:
        return urgency(Priority(row.priority).urgent)

    def doing(self, row: Distribution) -> str:
        return str(self.decide(row))

    def step(self, claim: Claim) -> float | None:
        row: Distribution = claim.row
        if row.aws_distribution_id and (row.observe_requested or row.in_doubt or edited_outside(row)):
            describe(claim)
        step = self.decide(row)
        seconds = ACTS[step](claim)
        if step in QUIET and row.config_requested and row.aws_distribution_id:
            read_config(claim)
        return seconds

    @staticmethod
    def decide(row: Distribution) -> Step:
        observed = Observed(
            known=bool(row.aws_distribution_id),
            create_sent=row.create_sent_at is not None,
            enabled=row.enabled,
            status=row.status,
            suspected=row.suspect_since is not None,
            gone=row.gone_at is not None,
            delete_accepted=row.delete_accepted_at is not None,
        )
        return next_step(Intent(row.desired, row.state, row.protected), observed)


# --- writing -------------------------------------------------------------------------------


def _enable(claim: Claim) -> float | None:
    """Enable (again). Attached and disabled although nobody here asked for it: say so."""
    outside = claim.row.state in (State.DEPLOYED, State.DEPLOYING)
    why = "disabled outside: enabling it again" if outside else "enabling"
    return _set_enabled(claim, State.DEPLOYING, why, said=_says(claim, DISABLED_OUTSIDE) if outside else {})


def _disable(claim: Claim) -> float | None:
    outside = claim.row.state == State.DISABLED
    return _set_enabled(
        claim, State.DISABLING, "enabled outside: disabling it again" if outside else "disabling", said={}
    )


def _set_enabled(claim: Claim, state: str, why: str, *, said: dict[str, Any]) -> float | None:
    """Send it; on the way, whatever CloudFront answers becomes our own last word (`own_etag`)."""
    row: Distribution = claim.row
    claim.save(own_etag="")
    enabled = state == State.DEPLOYING
    info: DistributionInfo = absence.observe_on_conflict(
        claim, lambda: cloudfront().set_enabled(row.aws_distribution_id or "", enabled)
    )
    claim.change_state(
        state,
        why=why,
        request_id=info.request_id,
        polled_list=LIST,
        observed_at=Now(),
        own_etag=info.etag or "",
        **facts_of(info),
        **said,
    )
    return AT_ONCE if info.deployed else None


def _delete(claim: Claim) -> float | None:
    row: Distribution = claim.row
    if owners.owner().holds(row) or row.attached or row.protected:
        raise Refused("The distribution is in use and will not be deleted.", code="in_use")
    request_id = absence.observe_on_conflict(
        claim, lambda: cloudfront().delete(row.aws_distribution_id or "", row.etag)
    )
    claim.note(
        "CloudFront accepted the deletion",
        request_id=request_id,
        delete_accepted_at=Now(),
        polled_list=LIST,
    )
    return None


# --- noting --------------------------------------------------------------------------------


def _wait(state: str, why: str, claim: Claim) -> float | None:
    claim.change_state(state, why=why, polled_list=LIST, **_edit_told(claim))
    claim.keep_error |= claim.row.error_code == DISABLED_OUTSIDE[0]
    return None


def _settle(state: str, why: str, claim: Claim) -> float | None:
    row: Distribution = claim.row
    # A protected one is others' to edit.
    own_etag = "" if row.protected else row.own_etag or row.etag
    claim.change_state(state, why=why, polled_list="", own_etag=own_etag, **_edit_told(claim))
    return None


def _edit_told(claim: Claim) -> dict[str, Any]:
    """The columns that tell of somebody's edit as soon as it is seen; shown until it is accepted."""
    if not edited_outside(claim.row):
        return {}
    said = _says(claim, EDITED_OUTSIDE)
    return {} if claim.row.error_code == EDITED_OUTSIDE[0] else said


def _note_missing(claim: Claim) -> float | None:
    """A shared distribution is not there: say so and keep the row; only a person can mend that."""
    claim.change_state(
        State.MISSING,
        why="CloudFront confirmed twice that it does not exist",
        polled_list="",
        **_says(claim, SHARED_MISSING),
    )
    return None


def _says(claim: Claim, words: tuple[str, str, str]) -> dict[str, Any]:
    """The columns that show (code, message, hint); they outlast the step."""
    code, message, hint = words
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)


def _lose(claim: Claim) -> float | None:
    """Proven gone although it is wanted: detach it, which closes its attachment; the row goes next."""
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
    claim.forget(why="gone from CloudFront" if claim.row.aws_distribution_id else "never created")
    return None


# What each step of the decision does; its answer is seconds until the next look (lifecycle.driver).
ACTS: dict[Step, Callable[[Claim], float | None]] = {
    Step.CREATE: creating.create,
    Step.FIND: creating.find,
    Step.ENABLE: _enable,
    Step.DISABLE: _disable,
    Step.DELETE: _delete,
    Step.LOOK_AGAIN: look_again,
    Step.LOSE: _lose,
    Step.FORGET: _forget,
    Step.WAIT_DEPLOYED: partial(_wait, State.DEPLOYING, "CloudFront deploys it"),
    Step.WAIT_DISABLED: partial(_wait, State.DISABLING, "CloudFront deploys the disable"),
    Step.WAIT_GONE: partial(_wait, State.DELETING, "CloudFront deletes it"),
    Step.SETTLE_DEPLOYED: partial(_settle, State.DEPLOYED, "deployed everywhere"),
    Step.SETTLE_DISABLED: partial(_settle, State.DISABLED, "disabled everywhere"),
    Step.NOTE_MISSING: _note_missing,
    Step.REST: lambda claim: None,
}
