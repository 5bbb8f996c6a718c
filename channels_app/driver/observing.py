"""Reads a channel's parts one by one. A part counts as gone only after NotFound is confirmed."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.decide.channel import goes_on, next_step
from channels_app.decide.observed import Intent, Observed
from channels_app.decide.steps import Step
from channels_app.driver import closing, edits, input_settings, maintenance, tagging
from channels_app.driver.parts import (
    ENDPOINT,
    INPUT,
    ML_CHANNEL,
    MP_CHANNEL,
    PART_DRIVER_OF,
    PART_DRIVERS,
    SECOND,
    PartDriver,
)
from channels_app.driver.polled_lists import ENCODERS, INPUTS, SECOND_INPUTS
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import SecondRenewal, State
from streamhub.aws.ratelimit import patient_step
from streamhub.clock import database_now
from streamhub.errors import NotFound, NotSent, Retryable
from streamhub.lifecycle import absence, reading
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.freshness import is_recent, last_answer
from streamhub.lifecycle.polled_lists import PolledList, identified, pages_of
from streamhub.lifecycle.refusals import TAGS_REFUSED

log = logging.getLogger(__name__)


def describe(claim: Claim) -> None:
    """Read the part whose list is polled; if none is, read every known part."""
    polled = [part for part in PART_DRIVERS if part.key == claim.row.polled_list]
    for number, part in enumerate(polled or reversed(PART_DRIVERS)):
        if part.observed(claim.row).present:
            # What has begun is read to its end: a step that comes back would read the first parts again.
            with patient_step() if number else nullcontext():
                describe_part(claim, part)
        if decided(claim.row) is Step.STOP:
            return  # stop first: reading the other parts may fail, and a running channel costs money
    claim.save(observe_requested=claim.row.suspect_since is not None, observed_at=Now())


def describe_part(claim: Claim, part: PartDriver) -> None:
    """Read one part and save what AWS answered, or that the part may be gone."""
    row: Channel = claim.row
    claim.looked_at.add(part.key)
    try:
        info = part.describe(part.of(row).aws_id)
    except NotFound:
        _suspect(claim, part)
        return
    cleared = {"suspect_since": None, "suspect_part": ""} if row.suspect_part == part.key else {}
    read_now = {"encoder_read_at": Now()} if part is ML_CHANNEL else {}
    claim.save(**part.facts(info), **cleared, **read_now)


def _suspect(claim: Claim, part: PartDriver) -> None:
    """One NotFound confirms our own accepted delete; anything else needs two."""
    row: Channel = claim.row
    now, stored = database_now(), part.of(row)
    confirmed = row.suspect_part == part.key and absence.is_confirmed(row, now, stored.sent_at)
    if stored.deleted_at is not None or confirmed:
        claim.save(**part.columns.proven_gone(), suspect_since=None, suspect_part="")
    elif not row.suspect_part:
        claim.save(suspect_since=now, suspect_part=part.key)


def look_again(claim: Claim) -> float | None:
    """Show which part may be gone, and read all parts again after `OBSERVE_SECONDS`."""
    row: Channel = claim.row
    error: dict[str, Any] = {}
    if row.suspect_part:
        claim.keep_error = True
        error = absence.suspicion(
            f"AWS answered that the {PART_DRIVER_OF[row.suspect_part].label} does not exist.",
            "StreamHub reads it once more to be sure. You need not do anything yet.",
        )
    claim.save(observe_requested=True, polled_list="", **error)
    return float(settings.OBSERVE_SECONDS)


def contradicted_part(row: Channel, step: Step) -> PartDriver | None:
    """The part to describe before this step: what was read contradicts the row, and a list may be stale."""
    if step is Step.REPLACE_DISTRIBUTION:
        return ENDPOINT
    contradictions = {
        Step.START: row.state == State.RUNNING,
        Step.EDIT_INPUT: row.state != State.IDLE,
        Step.RESTORE_INPUT: row.state != State.IDLE,
        Step.RESTORE_ATTACHMENT: row.state != State.IDLE,
        Step.STOP: row.state == State.IDLE or row.stop_accepted_at is not None,
        # It ran when last observed and we did not stop it: a read from before its start also shows IDLE.
        Step.SETTLE_IDLE: row.start_accepted_at is not None or row.state == State.RUNNING,
        Step.SETTLE_RUNNING: row.stop_accepted_at is not None,
        Step.FAIL_START: True,
        # The breakout ends only if the encoder does not run. One that is itself gone is not read for ever.
        Step.FAIL_LOST: row.state == State.RUNNING
        and row.ml_channel_state == "IDLE"
        and ML_CHANNEL.observed(row).present,
    }
    return ML_CHANNEL if contradictions.get(step) else None


# By the error code that a refused step shows.
REFUSALS = {TAGS_REFUSED: Step.TAG, maintenance.WINDOW_REFUSED: Step.MOVE_MAINTENANCE}
# The steps whose call AWS takes in some states of the MediaLive channel only.
NEED_STATE = (Step.START, Step.STOP, Step.EDIT_INPUT, Step.RESTORE_INPUT, Step.RESTORE_ATTACHMENT)
# An input that was deleted can be attached no more.
NEED_INPUTS = (Step.START, Step.RESTORE_ATTACHMENT)


def look_before(claim: Claim, step: Step) -> None:
    """Before a start, a stop or a restoring: describe MediaLive's channel if that was not done lately.

    Lately: within `OBSERVE_SECONDS`. AWS answers these calls with an error if the channel is in the wrong
    state. If the channel cannot be read, a stop is sent all the same, because a running channel costs money;
    the others wait. Before a start the inputs are read too: what somebody changed cannot be restored any more
    once the channel runs. Before they are attached as well: what was deleted cannot be attached. If more
    channels are to start or stop now than a list has pages, the list is read once for all of them.
    """
    row: Channel = claim.row
    if step in NEED_STATE and not _encoder_is_known(row):
        try:
            _look_for_all(row, step, ENCODERS)
            if not _encoder_is_known(row):
                describe_part(claim, ML_CHANNEL)
        except Retryable as error:
            if step is not Step.STOP:
                raise
            log.warning("Channel %s is stopped without a fresh look: %s", row.pk, error)
    with reading.observing(lambda: None):  # both inputs are in one list of AWS
        for part, polled_list in ((INPUT, INPUTS), (SECOND, SECOND_INPUTS)):
            if decided(row) in NEED_INPUTS and not _input_is_known(claim, part):
                _look_for_all(row, step, polled_list)
                if not _input_is_known(claim, part):
                    describe_part(claim, part)


def _input_is_known(claim: Claim, part: PartDriver) -> bool:
    """Whether there is no such input, or it was read lately."""
    absent = not part.observed(claim.row).present
    return absent or part.key in claim.looked_at or _list_is_known(claim.row, part)


def _look_for_all(row: Channel, step: Step, polled_list: PolledList) -> None:
    """Read MediaLive's list if more channels are to start now, or to stop, than it has pages.

    While another step reads it, a start waits (`NotSent`); a stop does not, and reads its own channel.
    """
    alike = identified(polled_list).filter(priority=row.priority, not_before__lte=Now())
    alike = alike.exclude(ml_channel_id="")
    if step not in (Step.START, Step.STOP) or alike.count() <= pages_of(polled_list.key):
        return
    try:
        reading.read_for_all(polled_list)
    except NotSent:
        if step is Step.START:
            raise


def _encoder_is_known(row: Channel) -> bool:
    """Whether the row says what AWS answered about the encoder lately."""
    return is_recent(row.encoder_read_at) or _list_is_known(row, ML_CHANNEL)


def _list_is_known(row: Channel, part: PartDriver) -> bool:
    """Whether the row says what the list of the part answered lately.

    A list writes nothing into a row that a step holds: it asks for an observation of it before it counts as
    read. So a list that was read during this very step counts only if it asked for none.
    """
    listed = is_recent(last_answer(None, part.key))
    return listed and not Channel.objects.filter(pk=row.pk, observe_requested=True).exists()


def observed(row: Channel) -> Observed:
    """The row's columns as input for `next_step`."""
    settling = timedelta(seconds=2 * settings.OBSERVE_SECONDS)
    now = database_now()

    def settles(moment: Any) -> bool:
        return moment is not None and now - moment < settling

    return Observed(
        mp_channel=MP_CHANNEL.observed(row),
        endpoint=ENDPOINT.observed(row),
        input=INPUT.observed(row),
        second=SECOND.observed(row),
        second_wanted=bool(row.second_input_type) and row.second_renewal != SecondRenewal.REFUSED,
        second_untold=row.second_input_lost and input_settings.is_untold(row),
        switch_wanted=bool(row.switch_wanted),
        restart_wanted=row.restart_wanted,
        ml_channel=ML_CHANNEL.observed(row),
        group=_group(row.security_group),
        distribution_due=row.distribution_wanted and row.distribution_id is None,
        distribution_elsewhere=row.distribution is not None
        and bool(row.endpoint_url)
        and row.distribution.origin_url != row.endpoint_url,
        endpoint_closed=closing.opening_is_due(row),
        authorization_due=closing.is_due(row),
        distribution_untold=closing.is_untold(row),
        settings_due=row.settings_pending,
        input_changed=input_settings.is_restorable(row),
        attachment_changed=input_settings.is_reattachable(row),
        input_untold=input_settings.is_untold(row),
        start_accepted=row.start_accepted_at is not None,
        start_settling=settles(row.start_accepted_at),
        stop_settling=settles(row.stop_accepted_at),
        suspected=row.suspect_since is not None,
        ml_channel_suspected=row.suspect_part == ML_CHANNEL.key,
        update_wanted=row.update_wanted,
        encoder_edited=edits.encoder_is_due(row),
        input_edited=edits.input_is_due(row) and _group(row.security_group) == "ready",
        edit_waits=edits.input_is_due(row) and edits.group_is_coming(row.security_group),
        maintenance_due=maintenance.is_due(row),
        tags_due=tagging.next_part(row) is not None,
        refused=refused_step(row),
        stop_confirmed=bool(row.ml_channel_id) and row.stop_confirmed_id == row.ml_channel_id,
    )


def decided(row: Channel) -> Step:
    """The next step for the row as it is now."""
    return next_step(Intent(row.desired, row.state), observed(row))


def refused_step(row: Channel) -> Step | None:
    """The step whose refusal the row shows, if other work goes on after it."""
    if row.error_code == input_settings.INPUT_NOT_RESTORED:
        of_input = row.error_operation == "medialive:UpdateInput"
        return Step.RESTORE_INPUT if of_input else Step.RESTORE_ATTACHMENT
    return REFUSALS.get(row.error_code)


def is_held_up(row: Channel, step: Step) -> bool:
    """Whether AWS has just refused this step, and other work waits behind it."""
    return refused_step(row) is step and goes_on(Intent(row.desired, row.state), observed(row))


def _group(group: SecurityGroup | None) -> str:
    if group is None:
        return "none"
    # A group that is being deleted does not count, although AWS may still accept it for an input.
    ready = group.aws_id and group.state == SecurityGroup.State.READY
    ready = ready and not group.gone_at and not group.suspect_since
    return "ready" if ready else "waiting"
