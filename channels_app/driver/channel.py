"""Channels on AWS: observe, decide, act. One AWS write a step, its outcome saved at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from channels_app import follow
from channels_app.decide import Intent, Observed, Step, next_step
from channels_app.driver import parts
from channels_app.driver.parts import ENDPOINT, INPUT, KIND_OF, KINDS, ML_CHANNEL, MP_CHANNEL, Kind
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import State
from channels_app.services import (
    DISTRIBUTION_GONE,
    channel_intent,
    channel_wanted,
    distribution_add,
    distribution_replace,
    security_group_release,
)
from streamhub.aws.ratelimit import urgency
from streamhub.errors import AwsError, Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle.claim import Claim, error_fields
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority, database_now

log = logging.getLogger(__name__)

STOPPED_OUTSIDE = (
    "stopped_outside",
    "MediaLive's channel was stopped outside StreamHub while it was wanted.",
    "It is being started again; find out who stopped it.",
)
STARTED_OUTSIDE = (
    "started_outside",
    "MediaLive's channel was started outside StreamHub; a running channel costs money.",
    "It is being stopped. To have it run, start a breakout.",
)


class ChannelDriver:
    model: ClassVar[type[Channel]] = Channel
    failed_state: ClassVar[str] = State.FAILED

    def __init__(self) -> None:
        build, gone = partial(partial, self._create), partial(partial, self._wait_gone)
        find, delete = partial(partial, self._find), partial(partial, self._delete)
        self._acts: dict[Step, Callable[[Claim], float | None]] = {
            Step.CREATE_MP_CHANNEL: build(MP_CHANNEL),
            Step.CREATE_ENDPOINT: build(ENDPOINT),
            Step.CREATE_INPUT: build(INPUT),
            Step.CREATE_ML_CHANNEL: build(ML_CHANNEL),
            Step.ADD_DISTRIBUTION: self._add_distribution,
            Step.REPLACE_DISTRIBUTION: self._replace_distribution,
            Step.WAIT_GROUP: lambda claim: float(settings.OBSERVE_SECONDS),
            Step.CLEAR_FAILED: self._clear_failed,
            Step.FAIL_START: self._fail_start,
            Step.FAIL_LOST: self._fail_lost,
            Step.WAIT_CREATED: partial(self._wait, None, "MediaLive prepares the channel"),
            Step.START: self._start,
            Step.WAIT_STARTED: partial(self._wait, State.STARTING, "MediaLive starts the channel"),
            Step.SETTLE_RUNNING: partial(self._settle, State.RUNNING, "MediaLive says RUNNING"),
            Step.STOP: self._stop,
            Step.WAIT_STOPPED: partial(self._wait, State.STOPPING, "MediaLive stops the channel"),
            Step.SETTLE_IDLE: partial(self._settle, State.IDLE, "MediaLive says IDLE"),
            Step.FIND_ML_CHANNEL: find(ML_CHANNEL),
            Step.FIND_INPUT: find(INPUT),
            Step.FIND_ENDPOINT: find(ENDPOINT),
            Step.FIND_MP_CHANNEL: find(MP_CHANNEL),
            Step.DELETE_ML_CHANNEL: delete(ML_CHANNEL),
            Step.DELETE_INPUT: delete(INPUT),
            Step.DELETE_ENDPOINT: delete(ENDPOINT),
            Step.DELETE_MP_CHANNEL: delete(MP_CHANNEL),
            Step.WAIT_ML_CHANNEL_GONE: gone(ML_CHANNEL),
            Step.WAIT_INPUT_GONE: gone(INPUT),
            Step.WAIT_ENDPOINT_GONE: gone(ENDPOINT),
            Step.WAIT_MP_CHANNEL_GONE: gone(MP_CHANNEL),
            Step.LOOK_AGAIN: self._look_again,
            Step.FORGET: self._forget,
            Step.REST: self._rest,
        }

    def context(self, row: Channel) -> AbstractContextManager[Any]:
        return urgency(Priority(row.priority).urgent)

    def doing(self, row: Channel) -> str:
        return str(self.decide(row))

    def step(self, claim: Claim) -> float | None:
        if claim.row.observe_requested or claim.row.in_doubt:
            self._describe(claim)
        step = self.decide(claim.row)
        if kind := surprising(claim.row, step):
            self._describe_part(claim, kind)
            step = self.decide(claim.row)
        try:
            return self._acts[step](claim)
        except Refused as error:
            return self._fail(claim, error)

    def _fail(self, claim: Claim, error: AwsError, hint: str = "") -> float | None:
        """Wait for a person. Breakouts follow, and what nobody needs any more is not kept running."""
        with transaction.atomic():
            Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
            if not follow.encoding(claim.row):
                claim.save(watching="")
            claim.fail(State.FAILED, self.doing(claim.row), error, hint=hint)
            self._follow(claim.row)
        return None

    @staticmethod
    def _follow(row: Channel) -> None:
        """Move the breakout on; if that ends what the channel runs for, say so. Its row is locked."""
        follow.follow(row)
        wanted = channel_wanted(row)
        if row.desired != wanted:
            channel_intent(row)

    @staticmethod
    def decide(row: Channel) -> Step:
        return next_step(Intent(row.desired, row.state), observed(row))

    # --- observing -------------------------------------------------------------------------

    def _describe(self, claim: Claim) -> None:
        """Read the part that is waited on; with none (sync, drift, doubt), all that are known."""
        watched = [kind for kind in KINDS if kind.prefix == claim.row.watching]
        for kind in watched or KINDS:
            if kind.observed(claim.row).present:
                self._describe_part(claim, kind)
        claim.save(observe_requested=claim.row.suspect_since is not None, observed_at=Now())

    def _describe_part(self, claim: Claim, kind: Kind) -> None:
        row: Channel = claim.row
        try:
            info = kind.describe(kind.get(row, "id"))
        except NotFound:
            self._suspect(claim, kind)
            return
        cleared = {"suspect_since": None, "suspect_part": ""} if row.suspect_part == kind.prefix else {}
        claim.save(**kind.facts(info), **cleared)

    def _suspect(self, claim: Claim, kind: Kind) -> None:
        """One NotFound is a suspicion; a second one, late enough, is proof; our own delete needs one."""
        row: Channel = claim.row
        now = database_now()
        if kind.get(row, "deleted_at") is not None or self._proven(row, kind):
            claim.save(**kind.columns(gone=True), suspect_since=None, suspect_part="")
        elif not row.suspect_part:
            claim.save(suspect_since=now, suspect_part=kind.prefix)

    @staticmethod
    def _proven(row: Channel, kind: Kind) -> bool:
        now = database_now()
        return (
            row.suspect_part == kind.prefix
            and row.suspect_since is not None
            and now - row.suspect_since >= timedelta(seconds=settings.OBSERVE_SECONDS)
            and now - row.created_at >= timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
        )

    def _look_again(self, claim: Claim) -> float | None:
        row: Channel = claim.row
        said: dict[str, Any] = {}
        if row.suspect_part:
            claim.keep_error = True
            lost = KIND_OF[row.suspect_part]
            error = AwsError(f"AWS answers that the {lost.words} does not exist.", code="suspected_missing")
            said = error_fields(error, "StreamHub looks once more to be sure, before it believes that.")
        claim.save(observe_requested=True, watching="", **said)
        return float(settings.OBSERVE_SECONDS)

    # --- building --------------------------------------------------------------------------

    def _create(self, kind: Kind, claim: Claim) -> float | None:
        """Create a part, or adopt what an earlier attempt created under the same id or token."""
        row: Channel = claim.row
        if kind.get(row, "sent_at") and not kind.has_token and self._adopt(claim, kind):
            return AT_ONCE
        claim.save(**kind.columns(sent_at=Now()))
        try:
            info = kind.create(row)
        except Conflict:
            # The token was spent on something that was deleted since: draw the next one.
            if not kind.has_token:
                raise
            claim.save(**kind.renewed(row))
            return AT_ONCE
        except (Refused, Retryable) as error:
            if isinstance(error, Refused) and not kind.has_token and self._adopt(claim, kind):
                return AT_ONCE
            if isinstance(error, Refused) or not error.effect_unknown:
                claim.save(**kind.columns(sent_at=None))
            raise
        return self._created(claim, kind, info)

    def _created(self, claim: Claim, kind: Kind, info: Any) -> float | None:
        if getattr(info, "gone", False) or not parts.belongs(claim.row, info):
            claim.save(**kind.renewed(claim.row))
            return AT_ONCE
        claim.save(**kind.known(info))
        if claim.row.state == State.PENDING:
            claim.change_state(State.PROVISIONING, why=f"{kind.prefix} created", request_id=info.request_id)
        return AT_ONCE

    def _adopt(self, claim: Claim, kind: Kind) -> bool:
        """Take what stands under our id already, if it carries our mark."""
        try:
            info = kind.find(claim.row)
        except NotFound:
            return False
        if info is None or not parts.belongs(claim.row, info):
            return False
        self._created(claim, kind, info)
        return True

    def _add_distribution(self, claim: Claim) -> float | None:
        """As soon as the endpoint exists, in parallel with MediaLive: an intent, not an AWS call."""
        distribution_add(claim.row, who="StreamHub", why="created with its channel")
        claim.row.refresh_from_db()
        return AT_ONCE

    def _replace_distribution(self, claim: Claim) -> float | None:
        distribution_replace(claim.row, who="StreamHub", why="its origin endpoint is gone")
        claim.row.refresh_from_db()
        return AT_ONCE

    def _clear_failed(self, claim: Claim) -> float | None:
        """AWS could not create it: clear it away, then wait for a person and a new token."""
        row: Channel = claim.row
        self._guarded(claim, lambda: ML_CHANNEL.delete(row.ml_channel_id))
        claim.save(**ML_CHANNEL.renewed(row))
        raise Refused("MediaLive says CREATE_FAILED for the channel.", code="CREATE_FAILED")

    def _fail_lost(self, claim: Claim) -> float | None:
        lost = ", ".join(kind.words for kind in KINDS if kind.observed(claim.row).gone)
        error = Refused(f"Deleted outside StreamHub: {lost}.", code="deleted_outside")
        return self._fail(claim, error, "Retry creates it again. Its URLs change with it.")

    # --- running ---------------------------------------------------------------------------

    def _start(self, claim: Claim) -> float | None:
        row: Channel = claim.row
        outside = row.state == State.RUNNING
        info = self._guarded(claim, lambda: parts.live().start_channel(row.ml_channel_id))
        self._to(
            claim,
            State.STARTING,
            why="MediaLive had stopped: starting it again" if outside else "start sent",
            request_id=info.request_id,
            ml_channel_state=info.state,
            start_accepted_at=Now(),
            stop_accepted_at=None,
            watching=ML_CHANNEL.prefix,
            observed_at=Now(),
            **(self._outside(claim, *STOPPED_OUTSIDE) if outside else {}),
        )
        return None

    def _stop(self, claim: Claim) -> float | None:
        row: Channel = claim.row
        outside = row.state == State.IDLE and row.start_accepted_at is None and not row.in_doubt
        info = self._guarded(claim, lambda: parts.live().stop_channel(row.ml_channel_id))
        self._to(
            claim,
            State.STOPPING if row.desired != "deleted" else State.DELETING,
            why="it runs although nobody here asked for it: stopping it" if outside else "stop sent",
            request_id=info.request_id,
            ml_channel_state=info.state,
            stop_accepted_at=Now(),
            start_accepted_at=None,
            watching=ML_CHANNEL.prefix,
            observed_at=Now(),
            **(self._outside(claim, *STARTED_OUTSIDE) if outside else {}),
        )
        return None

    @staticmethod
    def _outside(claim: Claim, code: str, message: str, hint: str) -> dict[str, Any]:
        """The columns that say what somebody did in the AWS console; shown until it is put right."""
        claim.keep_error = True
        return error_fields(AwsError(message, code=code), hint)

    def _fail_start(self, claim: Claim) -> float | None:
        claim.save(start_accepted_at=None)
        error = AwsError(
            "MediaLive accepted the start and went back to IDLE without running.", code="start_failed"
        )
        with transaction.atomic():
            Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
            claim.fail(State.FAILED, str(Step.FAIL_START), error, hint="Check the input, then press Retry.")
            self._follow(claim.row)
        return None

    def _wait(self, state: str | None, why: str, claim: Claim) -> float | None:
        row: Channel = claim.row
        claim.keep_error = row.error_code in (STARTED_OUTSIDE[0], STOPPED_OUTSIDE[0])
        if state is None or row.desired == "deleted":
            claim.save(watching=ML_CHANNEL.prefix)
        else:
            self._to(claim, state, why=why, watching=ML_CHANNEL.prefix)
        if observed(row).start_settling or observed(row).stop_settling:
            # What was read may be the state before AWS took our word: look again by describing.
            claim.save(observe_requested=True)
            return float(settings.OBSERVE_SECONDS)
        return None

    def _rest(self, claim: Claim) -> float | None:
        """FAILED waits for a person; a breakout that was stopped meanwhile is over."""
        claim.keep_error = True
        if claim.row.watching and not follow.encoding(claim.row):
            claim.save(watching="")
        with transaction.atomic():
            Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
            self._follow(claim.row)
        return None

    def _settle(self, state: str, why: str, claim: Claim) -> float | None:
        row: Channel = claim.row
        claim.keep_error = row.error_code == DISTRIBUTION_GONE and row.distribution_id is None
        self._to(claim, state, why=why, watching="", start_accepted_at=None, stop_accepted_at=None)
        return None

    def _to(
        self, claim: Claim, state: str, *, why: str, request_id: str | None = None, **fields: Any
    ) -> None:
        """Change state and let the channel's breakouts follow, in one transaction."""
        with transaction.atomic():
            Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
            claim.change_state(state, why=why, request_id=request_id, **fields)
            follow.follow(claim.row)

    # --- taking down -----------------------------------------------------------------------

    def _find(self, kind: Kind, claim: Claim) -> float | None:
        """A create was sent and its outcome is unknown: adopt what is there, or make sure nothing is."""
        row: Channel = claim.row
        if self._adopt(claim, kind):
            return AT_ONCE
        sent_at = kind.get(row, "sent_at")
        if database_now() - sent_at < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
            return float(settings.OBSERVE_SECONDS)
        claim.save(**kind.columns(sent_at=None))
        return AT_ONCE

    def _delete(self, kind: Kind, claim: Claim) -> float | None:
        row: Channel = claim.row
        try:
            kind.delete(kind.get(row, "id"))
        except NotFound:
            # After a delete of ours that was cut, or somebody else's: the describe decides.
            claim.save(observe_requested=True, watching=kind.prefix)
            return AT_ONCE
        except Conflict as error:
            raise self._look_first(claim, error) from error
        claim.save(**kind.columns(deleted_at=Now()), watching=kind.prefix)
        return AT_ONCE

    def _wait_gone(self, kind: Kind, claim: Claim) -> float | None:
        claim.save(watching=kind.prefix)
        return None

    def _forget(self, claim: Claim) -> float | None:
        group: SecurityGroup | None = claim.row.security_group
        with transaction.atomic():
            # First the channel's lock, as everywhere: its breakouts are written next.
            Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
            follow.channel_gone(claim.row)
            claim.forget(why="AWS says that every part is gone")
            if group is not None:
                security_group_release(group)
        return None

    # --- both ------------------------------------------------------------------------------

    def _guarded(self, claim: Claim, call: Callable[[], Any]) -> Any:
        """Run a write; NotFound and Conflict mean that our observation is old: look again first."""
        try:
            return call()
        except (NotFound, Conflict) as error:
            raise self._look_first(claim, error) from error

    @staticmethod
    def _look_first(claim: Claim, error: AwsError) -> Retryable:
        claim.save(observe_requested=True)
        return Retryable(
            error.message,
            operation=error.operation,
            code=error.code,
            request_id=error.request_id,
            status=error.status,
        )


def surprising(row: Channel, step: Step) -> Kind | None:
    """A list may tell old news: what contradicts what we know of is described before it is acted on."""
    if step is Step.REPLACE_DISTRIBUTION:
        return ENDPOINT
    surprises = {
        Step.START: row.state == State.RUNNING,
        Step.STOP: row.state == State.IDLE or row.stop_accepted_at is not None,
        Step.SETTLE_IDLE: row.start_accepted_at is not None,
        Step.SETTLE_RUNNING: row.stop_accepted_at is not None,
        Step.FAIL_START: True,
    }
    return ML_CHANNEL if surprises.get(step) else None


def group_of(group: SecurityGroup | None) -> str:
    if group is None:
        return "none"
    known = group.aws_id and not group.gone_at and not group.suspect_since
    return "ready" if known else "waiting"


def observed(row: Channel) -> Observed:
    """The row's columns as the pure decision sees them."""
    settling = timedelta(seconds=2 * settings.OBSERVE_SECONDS)
    now = database_now()

    def settles(moment: Any) -> bool:
        return moment is not None and now - moment < settling

    return Observed(
        mp_channel=MP_CHANNEL.observed(row),
        endpoint=ENDPOINT.observed(row),
        input=INPUT.observed(row),
        ml_channel=ML_CHANNEL.observed(row),
        group=group_of(row.security_group),
        distribution_due=row.distribution_wanted and row.distribution_id is None,
        distribution_elsewhere=row.distribution is not None
        and bool(row.endpoint_url)
        and row.distribution.origin_url != row.endpoint_url,
        start_accepted=row.start_accepted_at is not None,
        start_settling=settles(row.start_accepted_at),
        stop_settling=settles(row.stop_accepted_at),
        suspected=row.suspect_since is not None,
    )
