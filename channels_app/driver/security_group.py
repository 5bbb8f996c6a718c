"""Input security groups, one per set of CIDRs.

MediaLive has no idempotency token for them: list the groups and match our tags first (AWS_RULES 16).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.decide.security_group import Intent, Observed, Step, next_step
from channels_app.driver.parts import live
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import Desired as ChannelDesired
from channels_app.models.channel import SecondRenewal
from channels_app.models.channel import State as ChannelState
from channels_app.models.security_group import NOBODY
from streamhub.aws.medialive import SecurityGroupInfo
from streamhub.aws.ownership import Mark, is_still, mark_of_tags, text_of
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.aws.paging import ListPage
from streamhub.aws.ratelimit import step_of, urgency
from streamhub.clock import database_now
from streamhub.errors import AwsError, Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle import absence, handed_over, intent, refusals, states
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority, error_fields
from streamhub.lifecycle.polled_lists import PolledList, Watch
from streamhub.quotas import places
from streamhub.quotas.catalogue import SECURITY_GROUPS

Desired, State = SecurityGroup.Desired, SecurityGroup.State
RESOURCE = "security-group"
NOT_RESTORED = "rules_not_restored"
NOT_RESTORED_HINT = (
    "StreamHub does not send them again for this change. Look whether the encoder is let in, and correct the "
    "rules in MediaLive's console."
)
CHANGED_FOREIGN = (
    "rules_changed_outside",
    "The rules of this security group were changed outside StreamHub, and it no longer carries our tags.",
    "StreamHub leaves it as it is. Find out who changed it, and whether the encoder is still let in.",
)


class SecurityGroupDriver:
    model: ClassVar[type[SecurityGroup]] = SecurityGroup
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: SecurityGroup) -> AbstractContextManager[Any]:
        return step_of(f"{row.KIND}:{row.pk}", urgent=Priority(row.priority).urgent)

    def awaited(self, row: SecurityGroup) -> None:
        """Nothing: MediaLive answers when it is done."""

    def doing(self, row: SecurityGroup) -> str:
        return str(self.decide(row))

    @staticmethod
    def decide(row: SecurityGroup) -> Step:
        observed = Observed(
            known=bool(row.aws_id),
            sent=row.create_sent_at is not None,
            gone=row.gone_at is not None,
            suspected=row.suspect_since is not None,
            handed_over=is_handed_over(row),
            rules_differ=row.rules_differ and row.error_code != NOT_RESTORED,
        )
        return next_step(Intent(row.desired, row.state), observed)

    def step(self, claim: Claim) -> float | None:
        if claim.row.aws_id and claim.row.observe_requested:
            self._describe(claim)
        if self._must_read_mark(claim):
            self._describe(claim)
        self._record_mark(claim)
        functions = {
            Step.LOOK_AGAIN: self._look_again,
            Step.FIND_OR_CREATE: self._find_or_create,
            Step.RESTORE_RULES: self._restore_rules,
            Step.SETTLE: self._settle,
            Step.DELETE: self._delete,
            Step.HANDED_OVER: lambda claim: None,
            Step.FORGET: self._forget,
            Step.REST: lambda claim: None,
        }
        return functions[self.decide(claim.row)](claim)

    def _describe(self, claim: Claim) -> None:
        """Read the group. A second NotFound, late enough after the first, confirms that it is gone."""
        row: SecurityGroup = claim.row
        now = database_now()
        claim.looked_at.add(POLLED_LIST.key)
        facts: dict[str, Any] = {}
        try:
            info = live().describe_security_group(row.aws_id)
            gone, facts = info.gone, facts_of(info)
        except NotFound:
            gone = absence.is_confirmed(row, now, row.create_sent_at)
            if not gone:
                claim.save(suspect_since=row.suspect_since or now, observed_at=Now())
                return
        claim.save(
            gone_at=now if gone else None,
            suspect_since=None,
            observe_requested=False,
            observed_at=Now(),
            **facts,
        )

    def _must_read_mark(self, claim: Claim) -> bool:
        """Whether a deletion, or a first sign that the group is no longer ours, needs a fresh mark."""
        row: SecurityGroup = claim.row
        if self.decide(row) is Step.DELETE and not claim.looked_at:
            return not row.mark or not handed_over.mark_is_fresh(claim, POLLED_LIST.key)
        return is_handed_over(row) and row.handed_over_at is None and not claim.looked_at

    def _record_mark(self, claim: Claim) -> None:
        """Show that the group was handed over, or that it is ours again."""
        row: SecurityGroup = claim.row
        if is_handed_over(row):
            tags = ", ".join(f"{key}={value}" for key, value in tags_of(row).items())
            handed_over.show(
                claim,
                f"No longer marked as StreamHub's: the MediaLive input security group {row.aws_id}. "
                "StreamHub does not change it any more.",
                f"If StreamHub should go on with it, put these tags on it again: {tags}. If others have "
                "taken it over, leave it so: this row goes once they have deleted it.",
            )
        elif row.handed_over_at is not None:
            handed_over.given_back(claim)

    def _look_again(self, claim: Claim) -> float | None:
        claim.keep_error = True
        error = absence.suspicion(
            f"MediaLive answered that the security group {claim.row.aws_id} does not exist.",
            "StreamHub reads it once more to be sure, then creates another one.",
        )
        claim.save(observe_requested=True, **error)
        return float(settings.OBSERVE_SECONDS)

    def _find_or_create(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        if row.gone_at:
            states.record(
                row, row.state, row.state, why=f"{row.aws_id} is gone from MediaLive: creating another one"
            )
            claim.save(
                aws_id="", mark="", rules="", create_sent_at=None, gone_at=None, delete_accepted_at=None
            )
        if row.desired != Desired.DELETED:
            live().prepay_security_group()
        group = find(row)
        if group is None and row.desired == Desired.DELETED:
            if _sent_lately(row):
                return float(settings.OBSERVE_SECONDS)
            claim.save(create_sent_at=None)
            return AT_ONCE
        if group is None:
            group = self._create(claim)
        claim.change_state(
            State.READY,
            why="created" if row.create_sent_at else "found by our tags",
            request_id=group.request_id,
            aws_id=group.id,
            observed_at=Now(),
            **facts_of(group),
            # The suspicion was about the previous group.
            suspect_since=None,
            observe_requested=False,
        )
        return self._settle(claim)

    def _create(self, claim: Claim) -> SecurityGroupInfo:
        row: SecurityGroup = claim.row
        in_doubt = row.create_sent_at is not None
        with places.place(SECURITY_GROUPS, row, in_doubt=in_doubt), claim.creating(create_sent_at=Now()):
            return live().create_security_group(row.cidr_list, tags_of(row))

    def _restore_rules(self, claim: Claim) -> float | None:
        """Somebody changed the rules: read them again, since a list may be stale, and put ours back."""
        row: SecurityGroup = claim.row
        info: SecurityGroupInfo = absence.observe_on_conflict(
            claim, lambda: live().describe_security_group(row.aws_id)
        )
        claim.save(**facts_of(info), observed_at=Now())
        if not row.rules_differ:
            return AT_ONCE
        if not belongs(row, info):
            claim.keep_error = True
            code, message, hint = CHANGED_FOREIGN
            claim.save(**error_fields(AwsError(message, code=code), hint))
            return None
        _tell_changed(claim)
        what = "the rules of the security group"
        try:
            info = absence.observe_on_conflict(
                claim, lambda: live().update_security_group(row.aws_id, row.cidr_list)
            )
        except Refused as refused:
            refusals.show(claim, refused, what, code=NOT_RESTORED, hint=NOT_RESTORED_HINT)
            return AT_ONCE
        claim.note("rules sent again", request_id=info.request_id, **facts_of(info), observed_at=Now())
        if row.rules_differ:
            refusals.show_not_taken(
                claim,
                what,
                row.rules,
                code=NOT_RESTORED,
                hint=NOT_RESTORED_HINT,
                request_id=info.request_id,
            )
        return AT_ONCE

    def _settle(self, claim: Claim) -> float | None:
        """Record that the group is ready, and wake the channels that wait for it."""
        row: SecurityGroup = claim.row
        claim.keep_error |= row.error_code == NOT_RESTORED and row.rules_differ
        claim.change_state(State.READY, why="present")
        waits = Q(ml_input_id="") | Q(leaving_group__isnull=False) | Q(second_renewal=SecondRenewal.DUE)
        waiting = Channel.objects.filter(waits, security_group=row).exclude(state=ChannelState.FAILED)
        intent.requeue(Channel, list(waiting.values_list("pk", flat=True)))
        return AT_ONCE if row.desired == Desired.DELETED else None

    def _delete(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        # Change the state before the check: a new channel sees DELETING, or the check sees the channel.
        claim.change_state(State.DELETING, why="no channel uses it")
        if row.in_use:
            claim.save(desired=Desired.PRESENT)
            return AT_ONCE
        try:
            request_id = live().delete_security_group(row.aws_id)
        except NotFound:
            # One NotFound does not prove that the group is gone; its absence from the complete list does.
            if find(row) is not None:
                raise Retryable("MediaLive answered NotFound but lists the group.", code="NotFound") from None
            claim.save(gone_at=Now())
            return AT_ONCE
        except (Conflict, Refused) as error:
            # "In use" is a 400 here, and a deleted input counts as a user for a moment longer.
            raise Retryable(error.message, **error.about) from error
        claim.note(
            f"MediaLive deleted {row.aws_id}",
            request_id=request_id,
            gone_at=Now(),
            delete_accepted_at=Now(),
        )
        return AT_ONCE

    def _forget(self, claim: Claim) -> float | None:
        row: SecurityGroup = claim.row
        with transaction.atomic():
            locked = SecurityGroup.objects.select_for_update().get(pk=row.pk)
            if locked.desired == Desired.DELETED and not locked.in_use:
                claim.forget(why="no channel uses it and it is gone from MediaLive")
                return None
        # A new channel uses it meanwhile.
        claim.save(aws_id="", mark="", create_sent_at=None, gone_at=None, desired=Desired.PRESENT)
        return AT_ONCE


def pages() -> Iterator[ListPage[SecurityGroupInfo]]:
    """The pages of MediaLive's list, without deleted groups, which it still shows for a while."""
    for page in live().security_group_pages():
        yield replace(page, items=tuple(info for info in page.items if not info.gone))


def _watched() -> Q:
    """Groups of channels that start, run or are kept warm: their rules let the encoder in."""
    on_air = Channel.objects.filter(desired=ChannelDesired.RUNNING, security_group__isnull=False)
    return Q(gone_at=None, pk__in=on_air.values("security_group_id"))


def _describe(aws_id: str) -> SecurityGroupInfo:
    """Raises `NotFound`, also for a deleted group that MediaLive still shows."""
    with urgency():
        info = live().describe_security_group(aws_id)
    if info.gone:
        raise NotFound(f"The security group {aws_id} is deleted.", code="DELETED")
    return info


POLLED_LIST = PolledList(
    key="security_group",
    model=SecurityGroup,
    id_field="aws_id",
    pages=pages,
    facts=lambda info: facts_of(info),
    gone=lambda row, listed_at: None,
    title="MediaLive input security groups",
    service="MediaLive",
    watch=Watch(_watched, _describe),
    counts=lambda info: ((SECURITY_GROUPS.key, ""),),
    needed=lambda: places.waits_for("security_group"),
    first=True,
)


def facts_of(info: SecurityGroupInfo) -> dict[str, Any]:
    """The columns that an AWS answer fills: its rules, and what the tags say about ownership."""
    return {"rules": ",".join(sorted(info.cidrs)) or NOBODY, "mark": text_of(info.tags)}


def _sent_lately(row: SecurityGroup) -> bool:
    """Whether a create was sent so lately that no list has to show its effect yet."""
    youngest = timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
    return row.create_sent_at is not None and database_now() - row.create_sent_at < youngest


def is_handed_over(row: SecurityGroup) -> bool:
    """Whether the group exists and, as last read, carries no mark of ours any more."""
    own = Mark(settings.STREAMHUB_ENVIRONMENT, RESOURCE, row.uid)
    exists = bool(row.aws_id) and row.gone_at is None
    return exists and bool(row.mark) and not is_still(row.mark, own)


def tags_of(row: SecurityGroup) -> dict[str, str]:
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, RESOURCE, row.uid)


def find(row: SecurityGroup) -> SecurityGroupInfo | None:
    """This row's group in MediaLive's list, found by its ownership tags; None if there is none."""
    for page in live().security_group_pages():
        for info in page.items:
            if belongs(row, info) and not info.gone:
                return info
    return None


def belongs(row: SecurityGroup, info: SecurityGroupInfo) -> bool:
    """Whether the group carries this row's ownership tags."""
    mark = mark_of_tags(info.tags)
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=RESOURCE, owner=row.uid)


def _tell_changed(claim: Claim) -> None:
    """Say what the rules are now, once: before the call that restores them, whose answer may be lost."""
    row: SecurityGroup = claim.row
    what = f"changed outside StreamHub to {row.rules}, StreamHub restores them"
    if states.said_last(row, f"rules {what}"):
        return
    with transaction.atomic():
        claim.note(f"rules {what}", request_id=None)
        for channel in Channel.objects.filter(security_group=row, desired=ChannelDesired.RUNNING):
            breakout_sync.tell(channel, f"the rules of the security group {row.aws_id} were {what}")
