"""Reading a channel's parts one by one, and believing a NotFound only when it is proven."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.decide.channel import Intent, Observed, Step, next_step
from channels_app.driver.parts import (
    ENDPOINT,
    INPUT,
    ML_CHANNEL,
    MP_CHANNEL,
    PART_DRIVER_OF,
    PART_DRIVERS,
    PartDriver,
)
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import State
from streamhub.errors import NotFound
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import database_now


def describe(claim: Claim) -> None:
    """Read the part that is waited on; with none (sync, drift, doubt), all that are known."""
    watched = [kind for kind in PART_DRIVERS if kind.key == claim.row.polled_list]
    for kind in watched or reversed(PART_DRIVERS):
        if kind.observed(claim.row).present:
            describe_part(claim, kind)
        if decided(claim.row) is Step.STOP:
            return  # it costs, and AWS may not let us read the others: the full observation has them
    claim.save(observe_requested=claim.row.suspect_since is not None, observed_at=Now())


def describe_part(claim: Claim, kind: PartDriver) -> None:
    """Read one part; its columns, or the suspicion that it is gone, are saved."""
    row: Channel = claim.row
    try:
        info = kind.describe(kind.of(row).aws_id)
    except NotFound:
        _suspect(claim, kind)
        return
    cleared = {"suspect_since": None, "suspect_part": ""} if row.suspect_part == kind.key else {}
    claim.save(**kind.facts(info), **cleared)


def _suspect(claim: Claim, kind: PartDriver) -> None:
    """Our own accepted delete needs one NotFound; anything else two."""
    row: Channel = claim.row
    now, its = database_now(), kind.of(row)
    proven = row.suspect_part == kind.key and absence.is_confirmed(row, now, its.sent_at)
    if its.deleted_at is not None or proven:
        claim.save(**kind.columns.proven_gone(), suspect_since=None, suspect_part="")
    elif not row.suspect_part:
        claim.save(suspect_since=now, suspect_part=kind.key)


def look_again(claim: Claim) -> float | None:
    """Say what is suspected, and describe everything once more a little later."""
    row: Channel = claim.row
    said: dict[str, Any] = {}
    if row.suspect_part:
        claim.keep_error = True
        said = absence.suspicion(
            f"AWS answers that the {PART_DRIVER_OF[row.suspect_part].words} does not exist.",
            "StreamHub looks once more to be sure, before it believes that.",
        )
    claim.save(observe_requested=True, polled_list="", **said)
    return float(settings.OBSERVE_SECONDS)


def surprising(row: Channel, step: Step) -> PartDriver | None:
    """A list may tell old news: what contradicts what we know of is described before it is acted on."""
    if step is Step.REPLACE_DISTRIBUTION:
        return ENDPOINT
    surprises = {
        Step.START: row.state == State.RUNNING,
        Step.STOP: row.state == State.IDLE or row.stop_accepted_at is not None,
        # It ran when last seen, and we have not stopped it: an answer from before its start says so too.
        Step.SETTLE_IDLE: row.start_accepted_at is not None or row.state == State.RUNNING,
        Step.SETTLE_RUNNING: row.stop_accepted_at is not None,
        Step.FAIL_START: True,
    }
    return ML_CHANNEL if surprises.get(step) else None


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
        group=_group(row.security_group),
        distribution_due=row.distribution_wanted and row.distribution_id is None,
        distribution_elsewhere=row.distribution is not None
        and bool(row.endpoint_url)
        and row.distribution.origin_url != row.endpoint_url,
        start_accepted=row.start_accepted_at is not None,
        start_settling=settles(row.start_accepted_at),
        stop_settling=settles(row.stop_accepted_at),
        suspected=row.suspect_since is not None,
        ml_channel_suspected=row.suspect_part == ML_CHANNEL.key,
    )


def decided(row: Channel) -> Step:
    """What comes next, by all that is known of the row now."""
    return next_step(Intent(row.desired, row.state), observed(row))


def _group(group: SecurityGroup | None) -> str:
    if group is None:
        return "none"
    # Not one that is just being deleted: AWS may know it for a moment longer than is good for an input.
    known = group.aws_id and group.state == SecurityGroup.State.READY
    known = known and not group.gone_at and not group.suspect_since
    return "ready" if known else "waiting"
