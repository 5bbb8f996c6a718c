"""Input security groups: one per set of CIDRs. There is no idempotency token: list and match first."""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.db.models.functions import Now

from channels_app.driver.parts import live
from channels_app.models import Channel, SecurityGroup
from streamhub.aws.medialive import SecurityGroupInfo
from streamhub.aws.ownership import is_ours, mark_of_tags
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.aws.ratelimit import urgency
from streamhub.errors import Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle import intent
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority

Desired, State = SecurityGroup.Desired, SecurityGroup.State
RESOURCE = "security-group"


class Step(StrEnum):
    """Each value completes the sentence "could not …"."""

    FIND_OR_CREATE = "find or create the security group"
    SETTLE = "note that the security group is ready"
    DELETE = "delete the security group"
    FORGET = "remove the security group's row"
    REST = "rest"


def next_step(desired: str, state: str, *, known: bool, sent: bool, gone: bool) -> Step:
    """The one step that brings MediaLive nearer to the intent."""
    if desired == Desired.DELETED:
        if gone or not (known or sent):
            return Step.FORGET
        return Step.DELETE if known else Step.FIND_OR_CREATE
    if state == State.FAILED:
        return Step.REST
    return Step.SETTLE if known and not gone else Step.FIND_OR_CREATE


class SecurityGroupDriver:
    model: ClassVar[type[SecurityGroup]] = SecurityGroup
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: SecurityGroup) -> AbstractContextManager[Any]:
        return urgency(Priority(row.priority).urgent)

    def doing(self, row: SecurityGroup) -> str:
        return str(self.decide(row))

    @staticmethod
    def decide(row: SecurityGroup) -> Step:
        return next_step(
            row.desired,
            row.state,
            known=bool(row.aws_id),
            sent=row.create_sent_at is not None,
            gone=row.gone_at is not None,
        )

    def step(self, claim: Claim) -> float | None:
        acts = {
            Step.FIND_OR_CREATE: self._find_or_create,
            Step.SETTLE: self._settle,
            Step.DELETE: self._delete,
            Step.FORGET: self._forget,
            Step.REST: lambda claim: None,
        }
        return acts[self.decide(claim.row)](claim)

    def _find_or_create(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        if row.gone_at:
            claim.save(aws_id="", create_sent_at=None, gone_at=None, delete_accepted_at=None)
        found = find(row)
        if found is None and row.desired == Desired.DELETED:
            claim.save(create_sent_at=None)
            return AT_ONCE
        if found is None:
            found = self._create(claim)
        claim.change_state(
            State.READY,
            why="created" if row.create_sent_at else "found by our tags",
            request_id=found.request_id,
            aws_id=found.id,
            observed_at=Now(),
        )
        return self._settle(claim)

    def _create(self, claim: Claim) -> SecurityGroupInfo:
        row: SecurityGroup = claim.row
        claim.save(create_sent_at=Now())
        try:
            return live().create_security_group(row.cidr_list, tags_of(row))
        except (Refused, Retryable) as error:
            if isinstance(error, Refused) or not error.effect_unknown:
                claim.save(create_sent_at=None)
            raise

    def _settle(self, claim: Claim) -> float | None:
        """Ready: wake the channels that wait for it."""
        row: SecurityGroup = claim.row
        claim.change_state(State.READY, why="present")
        waiting = Channel.objects.filter(security_group=row, ml_input_id="").exclude(state="failed")
        intent.nudge(Channel, list(waiting.values_list("pk", flat=True)))
        return AT_ONCE if row.desired == Desired.DELETED else None

    def _delete(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        if row.channels.exists():
            claim.save(desired=Desired.PRESENT)
            return AT_ONCE
        claim.change_state(State.DELETING, why="no channel uses it")
        try:
            live().delete_security_group(row.aws_id)
        except NotFound:
            # One NotFound is a suspicion; the complete list is the second opinion.
            if find(row) is not None:
                raise Retryable("MediaLive says NotFound but lists it.", code="NotFound") from None
            claim.save(gone_at=Now())
            return AT_ONCE
        except (Conflict, Refused) as error:
            # "In use" is a 400 here, and an input counts as a user a moment longer than it is shown.
            raise Retryable(error.message, operation=error.operation, code=error.code) from error
        claim.save(gone_at=Now(), delete_accepted_at=Now())
        return AT_ONCE

    def _forget(self, claim: Claim) -> float | None:
        claim.forget(why="no channel uses it; gone from MediaLive")
        return None


def tags_of(row: SecurityGroup) -> dict[str, str]:
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, RESOURCE, row.uid)


def find(row: SecurityGroup) -> SecurityGroupInfo | None:
    """Our group in MediaLive's list: by the tag that names this row."""
    for page in live().security_group_pages():
        for info in page.items:
            mark = mark_of_tags(info.tags)
            ours = is_ours(mark, settings.STREAMHUB_ENVIRONMENT)
            if ours and mark is not None and mark.owner == row.uid and not info.gone:
                return info
    return None
