"""Input security groups: one per set of CIDRs. There is no idempotency token: list and match first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from channels_app.decide.security_group import Intent, Observed, Step, next_step
from channels_app.driver.parts import live
from channels_app.models import Channel, SecurityGroup
from streamhub.aws.medialive import SecurityGroupInfo
from streamhub.aws.ownership import mark_of_tags
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.aws.paging import ListPage
from streamhub.aws.ratelimit import urgency
from streamhub.errors import Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle import absence, intent, states
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority, database_now
from streamhub.lifecycle.observe import PolledList

Desired, State = SecurityGroup.Desired, SecurityGroup.State
RESOURCE = "security-group"


class SecurityGroupDriver:
    model: ClassVar[type[SecurityGroup]] = SecurityGroup
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: SecurityGroup) -> AbstractContextManager[Any]:
        return urgency(Priority(row.priority).urgent)

    def doing(self, row: SecurityGroup) -> str:
        return str(self.decide(row))

    @staticmethod
    def decide(row: SecurityGroup) -> Step:
        observed = Observed(
            known=bool(row.aws_id),
            sent=row.create_sent_at is not None,
            gone=row.gone_at is not None,
            suspected=row.suspect_since is not None,
        )
        return next_step(Intent(row.desired, row.state), observed)

    def step(self, claim: Claim) -> float | None:
        if claim.row.aws_id and claim.row.observe_requested:
            self._describe(claim)
        acts = {
            Step.LOOK_AGAIN: self._look_again,
            Step.FIND_OR_CREATE: self._find_or_create,
            Step.SETTLE: self._settle,
            Step.DELETE: self._delete,
            Step.FORGET: self._forget,
            Step.REST: lambda claim: None,
        }
        return acts[self.decide(claim.row)](claim)

    def _describe(self, claim: Claim) -> None:
        """Look at it. One NotFound is a suspicion; a second one, late enough, is proof."""
        row: SecurityGroup = claim.row
        now = database_now()
        try:
            gone = live().describe_security_group(row.aws_id).gone
        except NotFound:
            gone = absence.is_confirmed(row, now, row.create_sent_at)
            if not gone:
                claim.save(suspect_since=row.suspect_since or now, observed_at=Now())
                return
        claim.save(
            gone_at=now if gone else None, suspect_since=None, observe_requested=False, observed_at=Now()
        )

    def _look_again(self, claim: Claim) -> float | None:
        claim.keep_error = True
        said = absence.suspicion(
            f"MediaLive answers that the security group {claim.row.aws_id} does not exist.",
            "StreamHub looks once more to be sure, then creates it again.",
        )
        claim.save(observe_requested=True, **said)
        return float(settings.OBSERVE_SECONDS)

    def _find_or_create(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        if row.gone_at:
            states.record(
                row, row.state, row.state, why=f"{row.aws_id} is gone from MediaLive: making another"
            )
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
            # What was doubted was the one before.
            suspect_since=None,
            observe_requested=False,
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
        intent.requeue(Channel, list(waiting.values_list("pk", flat=True)))
        return AT_ONCE if row.desired == Desired.DELETED else None

    def _delete(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        # First the state, then the question: a channel that comes now sees the one or is seen by the other.
        claim.change_state(State.DELETING, why="no channel uses it")
        if row.channels.exists():
            claim.save(desired=Desired.PRESENT)
            return AT_ONCE
        try:
            request_id = live().delete_security_group(row.aws_id)
        except NotFound:
            # One NotFound is a suspicion; the complete list is the second opinion.
            if find(row) is not None:
                raise Retryable("MediaLive says NotFound but lists it.", code="NotFound") from None
            claim.save(gone_at=Now())
            return AT_ONCE
        except (Conflict, Refused) as error:
            # "In use" is a 400 here, and an input counts as a user a moment longer than it is shown.
            raise Retryable(error.message, operation=error.operation, code=error.code) from error
        claim.note(
            f"{row.aws_id}: MediaLive deleted it",
            request_id=request_id,
            gone_at=Now(),
            delete_accepted_at=Now(),
        )
        return AT_ONCE

    def _forget(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        with transaction.atomic():
            now = SecurityGroup.objects.select_for_update().get(pk=row.pk)
            if now.desired == Desired.DELETED and not now.channels.exists():
                claim.forget(why="no channel uses it; gone from MediaLive")
                return None
        # Somebody wants it again meanwhile.
        claim.save(aws_id="", create_sent_at=None, gone_at=None, desired=Desired.PRESENT)
        return AT_ONCE


def pages() -> Iterator[ListPage[SecurityGroupInfo]]:
    """The list, without those that are deleted and only still described."""
    for page in live().security_group_pages():
        yield replace(page, items=tuple(info for info in page.items if not info.gone))


POLLED_LIST = PolledList(
    key="security_group",
    model=SecurityGroup,
    id_field="aws_id",
    pages=pages,
    facts=lambda info: {},
    gone=lambda row, listed_at: None,
)


def tags_of(row: SecurityGroup) -> dict[str, str]:
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, RESOURCE, row.uid)


def find(row: SecurityGroup) -> SecurityGroupInfo | None:
    """Our group in MediaLive's list: by the tag that names this row."""
    for page in live().security_group_pages():
        for info in page.items:
            if belongs(row, info) and not info.gone:
                return info
    return None


def belongs(row: SecurityGroup, info: SecurityGroupInfo) -> bool:
    """Whether a group carries this row's mark."""
    mark = mark_of_tags(info.tags)
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=RESOURCE, owner=row.uid)
