"""Distributions on CloudFront: observe, decide, act. One AWS operation a step, its outcome saved at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import owners
from distributions.decide import Intent, Observed, Step, next_step
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import CloudFront, DistributionInfo, DistributionSpec
from streamhub.aws.ownership import Mark, comment_marker, is_ours, mark_of_tags, parse_comment
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.aws.ratelimit import urgency
from streamhub.aws.session import current_session
from streamhub.errors import AlreadyExists, AwsError, Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle.claim import Claim, error_fields
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority, database_now
from streamhub.lifecycle.observe import Watch

log = logging.getLogger(__name__)

LIST = "distribution"

# Steps that only wait or note: there is time to read the configuration for people.
QUIET = (
    Step.WAIT_DEPLOYED,
    Step.WAIT_DISABLED,
    Step.SETTLE_DEPLOYED,
    Step.SETTLE_DISABLED,
    Step.REST,
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


def cloudfront() -> CloudFront:
    return CloudFront(current_session())


def facts_of(info: DistributionInfo) -> dict[str, Any]:
    """The columns that CloudFront's own words fill."""
    facts: dict[str, Any] = {
        "status": info.status,
        "enabled": info.enabled,
        "domain_name": info.domain_name,
        "arn": info.arn,
    }
    if info.etag:
        facts["etag"] = info.etag
    return facts


def gone_facts(row: Distribution, listed_at: datetime) -> dict[str, Any] | None:
    """Absence from a list proves something only after our own accepted delete."""
    if row.delete_accepted_at and row.delete_accepted_at < listed_at:
        return {"gone_at": listed_at}
    return None


WATCH = Watch(
    key=LIST,
    model=Distribution,
    id_field="aws_distribution_id",
    pages=lambda: cloudfront().pages(),
    facts=facts_of,
    gone=gone_facts,
)


class DistributionDriver:
    model: ClassVar[type[Distribution]] = Distribution
    failed_state: ClassVar[str] = State.FAILED

    def __init__(self) -> None:
        self._acts: dict[Step, Callable[[Claim], float | None]] = {
            Step.CREATE: self._create,
            Step.FIND: self._find,
            Step.ENABLE: self._enable,
            Step.DISABLE: self._disable,
            Step.DELETE: self._delete,
            Step.LOOK_AGAIN: self._look_again,
            Step.LOSE: self._lose,
            Step.FORGET: self._forget,
            Step.WAIT_DEPLOYED: lambda c: self._wait(c, State.DEPLOYING, "CloudFront deploys it"),
            Step.WAIT_DISABLED: lambda c: self._wait(c, State.DISABLING, "CloudFront deploys the disable"),
            Step.WAIT_GONE: lambda c: self._wait(c, State.DELETING, "CloudFront deletes it"),
            Step.SETTLE_DEPLOYED: lambda c: self._settle(c, State.DEPLOYED, "deployed everywhere"),
            Step.SETTLE_DISABLED: lambda c: self._settle(c, State.DISABLED, "disabled everywhere"),
            Step.NOTE_MISSING: self._note_missing,
            Step.REST: lambda c: None,
        }

    def context(self, row: Distribution) -> AbstractContextManager[Any]:
        return urgency(Priority(row.priority).urgent)

    def doing(self, row: Distribution) -> str:
        return str(self.decide(row))

    def step(self, claim: Claim) -> float | None:
        row: Distribution = claim.row
        if row.aws_distribution_id and (row.observe_requested or row.in_doubt or edited_outside(row)):
            self._describe(claim)
        step = self.decide(row)
        seconds = self._acts[step](claim)
        if step in QUIET and row.config_requested and row.aws_distribution_id:
            self._read_config(claim)
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

    # --- observing -------------------------------------------------------------------------

    def _describe(self, claim: Claim) -> None:
        row: Distribution = claim.row
        try:
            info = cloudfront().get(row.aws_distribution_id or "")
        except NotFound:
            self._suspect(claim)
            return
        claim.save(
            **facts_of(info), observe_requested=False, observed_at=Now(), suspect_since=None, gone_at=None
        )

    def _read_config(self, claim: Claim) -> None:
        """CloudFront's whole configuration, for people to read. Missing is the describe's business."""
        row: Distribution = claim.row
        try:
            config, _etag, _request_id = cloudfront().get_config(row.aws_distribution_id or "")
        except NotFound:
            claim.save(config_requested=False, observe_requested=True)
            return
        claim.save(config=config, config_observed_at=Now(), config_requested=False)

    def _suspect(self, claim: Claim) -> None:
        """One NotFound is a suspicion; a second one, late enough, is proof; our own delete needs one."""
        row: Distribution = claim.row
        now = database_now()
        proven = row.delete_accepted_at is not None or (
            row.suspect_since is not None
            and now - row.suspect_since >= timedelta(seconds=settings.OBSERVE_SECONDS)
            and now - row.created_at >= timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
        )
        claim.save(
            suspect_since=row.suspect_since or now,
            gone_at=now if proven else None,
            observe_requested=not proven,
            observed_at=Now(),
        )

    def _look_again(self, claim: Claim) -> float | None:
        claim.keep_error = True
        error = AwsError(
            f"CloudFront answers that {claim.row.aws_distribution_id} does not exist.",
            code="suspected_missing",
        )
        hint = "StreamHub looks once more to be sure, before it believes that."
        claim.save(observe_requested=True, **error_fields(error, hint))
        return float(settings.OBSERVE_SECONDS)

    def _note_missing(self, claim: Claim) -> float | None:
        """A shared distribution is not there: say so and keep the row; only a person can mend that."""
        claim.keep_error = True
        code, message, hint = SHARED_MISSING
        claim.change_state(
            State.MISSING,
            why="CloudFront confirmed twice that it does not exist",
            watching="",
            **error_fields(AwsError(message, code=code), hint),
        )
        return None

    # --- acting ----------------------------------------------------------------------------

    def _create(self, claim: Claim) -> float | None:
        row: Distribution = claim.row
        claim.save(create_sent_at=Now())
        try:
            info = cloudfront().create(spec_of(row))
        except AlreadyExists as taken:
            return self._adopt(claim, taken)
        except (Refused, Retryable) as error:
            if isinstance(error, Refused) or not error.effect_unknown:
                claim.save(create_sent_at=None)
            raise
        self._born(claim, info, "created")
        return AT_ONCE if info.deployed else None

    def _born(self, claim: Claim, info: DistributionInfo, why: str) -> None:
        with transaction.atomic():
            claim.change_state(
                State.DEPLOYING,
                why=why,
                request_id=info.request_id,
                aws_distribution_id=info.id,
                watching=LIST,
                suspect_since=None,
                observed_at=Now(),
                own_etag=info.etag or "",
                **facts_of(info),
            )
            owners.owner().born(claim.row)

    def _adopt(self, claim: Claim, taken: AlreadyExists) -> float | None:
        """The reference was sent before: adopt what stands under it if it is ours, else draw a new one."""
        row: Distribution = claim.row
        if not taken.existing_id:
            return self._find(claim)
        try:
            info = cloudfront().get(taken.existing_id)
        except NotFound:
            return self._spent(claim)
        if not carries_mark(row, info):
            claim.save(reference_serial=row.reference_serial + 1, create_sent_at=None)
            return AT_ONCE
        self._born(claim, info, f"adopted {info.id}, which an earlier attempt had created")
        return AT_ONCE

    def _spent(self, claim: Claim) -> float | None:
        """The reference's distribution is not to be found: once is a suspicion, twice draws a new one."""
        row: Distribution = claim.row
        now = database_now()
        waited = timedelta(seconds=settings.OBSERVE_SECONDS)
        if row.create_sent_at and row.error_code == "reference_spent" and row.error_at is not None:
            if now - row.error_at >= waited:
                claim.save(
                    reference_serial=row.reference_serial + 1, create_sent_at=None, **error_fields(None)
                )
                return AT_ONCE
        else:
            claim.save(
                **error_fields(AwsError("The creation reference was used before.", code="reference_spent"))
            )
        claim.keep_error = True
        return float(settings.OBSERVE_SECONDS)

    def _find(self, claim: Claim) -> float | None:
        """A create was sent, its outcome is unknown and there is no id: look for our mark in the list."""
        row: Distribution = claim.row
        for page in cloudfront().pages():
            for info in page.items:
                if is_this(row, parse_comment(info.comment)):
                    self._born(claim, info, f"found {info.id}, which an earlier attempt had created")
                    return AT_ONCE
        age = database_now() - row.create_sent_at if row.create_sent_at else timedelta.max
        if age < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
            return float(settings.OBSERVE_SECONDS)
        claim.save(create_sent_at=None)
        return AT_ONCE

    def _enable(self, claim: Claim) -> float | None:
        """Enable (again). Attached and disabled although nobody here asked for it: say so."""
        outside = claim.row.state in (State.DEPLOYED, State.DEPLOYING)
        info = self._set_enabled(claim, enabled=True)
        error: dict[str, Any] = {}
        if outside:
            claim.keep_error = True
            error = error_fields(
                AwsError("Somebody disabled this distribution outside StreamHub.", code="disabled_outside"),
                "It is being enabled again; find out who disabled it.",
            )
        claim.change_state(
            State.DEPLOYING,
            why="disabled outside: enabling it again" if outside else "enabling",
            request_id=info.request_id,
            watching=LIST,
            observed_at=Now(),
            own_etag=info.etag or "",
            **facts_of(info),
            **error,
        )
        return AT_ONCE if info.deployed else None

    def _disable(self, claim: Claim) -> float | None:
        outside = claim.row.state == State.DISABLED
        info = self._set_enabled(claim, enabled=False)
        claim.change_state(
            State.DISABLING,
            why="enabled outside: disabling it again" if outside else "disabling",
            request_id=info.request_id,
            watching=LIST,
            observed_at=Now(),
            own_etag=info.etag or "",
            **facts_of(info),
        )
        return AT_ONCE if info.deployed else None

    def _set_enabled(self, claim: Claim, *, enabled: bool) -> DistributionInfo:
        row: Distribution = claim.row
        claim.save(own_etag="")
        return self._guarded(claim, lambda: cloudfront().set_enabled(row.aws_distribution_id or "", enabled))

    def _delete(self, claim: Claim) -> float | None:
        row: Distribution = claim.row
        if owners.owner().holds(row) or row.attached or row.protected:
            raise Refused("The distribution is in use and will not be deleted.", code="in_use")
        request_id = self._guarded(
            claim, lambda: cloudfront().delete(row.aws_distribution_id or "", row.etag)
        )
        claim.save(delete_accepted_at=Now(), watching=LIST)
        log.info("%s: deletion accepted (%s)", row, request_id)
        return None

    def _guarded(self, claim: Claim, call: Callable[[], Any]) -> Any:
        """Run a write; NotFound and Conflict mean that our observation is old: look again first."""
        try:
            return call()
        except (NotFound, Conflict) as error:
            claim.save(observe_requested=True)
            raise Retryable(
                str(error.message),
                operation=error.operation,
                code=error.code,
                request_id=error.request_id,
                status=error.status,
            ) from error

    def _lose(self, claim: Claim) -> float | None:
        """Proven gone although it is wanted: detach it, which closes its attachment; the row goes next."""
        with transaction.atomic():
            owners.owner().lock(claim.row)
            owners.owner().lost(claim.row)
            claim.change_state(
                State.MISSING,
                why="CloudFront confirmed twice that it does not exist",
                attached=False,
                watching="",
            )
        return AT_ONCE

    def _forget(self, claim: Claim) -> float | None:
        claim.forget(why="gone from CloudFront" if claim.row.aws_distribution_id else "never created")
        return None

    def _wait(self, claim: Claim, state: str, why: str) -> float | None:
        claim.change_state(state, why=why, watching=LIST)
        claim.keep_error = bool(claim.row.error_code == "disabled_outside")
        return None

    def _settle(self, claim: Claim, state: str, why: str) -> float | None:
        row: Distribution = claim.row
        # A protected one is others' to edit.
        fields: dict[str, Any] = {"own_etag": "" if row.protected else row.own_etag or row.etag}
        if edited_outside(row):
            claim.keep_error = True
            if row.error_code != EDITED_OUTSIDE[0]:
                code, message, hint = EDITED_OUTSIDE
                fields |= error_fields(AwsError(message, code=code), hint)
        claim.change_state(state, why=why, watching="", **fields)
        return None


def edited_outside(row: Distribution) -> bool:
    """Whether its configuration is another one than our last write left behind (AWS_RULES 2)."""
    return bool(row.own_etag) and row.etag != row.own_etag


def spec_of(row: Distribution) -> DistributionSpec:
    """Everything CloudFront is told about a distribution."""
    environment = settings.STREAMHUB_ENVIRONMENT
    return DistributionSpec(
        caller_reference=row.caller_reference,
        comment=comment_marker(environment, row.uid, row.owner_label),
        origin_url=row.origin_url,
        price_class=settings.CLOUDFRONT_PRICE_CLASS,
        response_headers_policy_id=settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID or None,
        key_group_id=settings.CLOUDFRONT_KEY_GROUP_ID or None,
        tags=ownership_tags(environment, Distribution.KIND, row.uid, row.tags),
    )


def is_this(row: Distribution, mark: Mark | None) -> bool:
    return is_ours(mark, settings.STREAMHUB_ENVIRONMENT) and mark is not None and mark.owner == row.uid


def carries_mark(row: Distribution, info: DistributionInfo) -> bool:
    """Whether a distribution is this row's own: by its Comment, else (edited by hand) by its tags."""
    if is_this(row, parse_comment(info.comment)):
        return True
    return is_this(row, mark_of_tags(cloudfront().tags(info.arn)))
