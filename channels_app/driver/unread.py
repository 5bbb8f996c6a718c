"""A show goes on while a part that it does not need cannot be read: that read stays wanted, its error shown.

A start needs MediaLive's channel and its inputs. What is known of MediaPackage's parts is on the row: a part
without an id, one that may be gone and one in other hands lead to other steps than a start.
"""

from __future__ import annotations

from django.conf import settings

from channels_app.decide.steps import Step
from channels_app.driver.moving import catch_up
from channels_app.driver.observing import decided, describe
from channels_app.driver.parts import ENDPOINT, MP_CHANNEL
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from streamhub.errors import Retryable
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields

# The reads that no start relies on. `describe` makes them last.
NOT_NEEDED = tuple(part.operation.replace(":Create", ":Describe") for part in (ENDPOINT, MP_CHANNEL))


def describe_what_counts(claim: Claim) -> None:
    """Read AWS. No show waits for a part that cannot be read once MediaLive's channel and inputs were.

    Raises `AwsError` unless the step goes on.
    """
    row: Channel = claim.row
    before, others_wait = row.encoder_read_at, bool(row.polled_list) and _is_shown(row)
    try:
        describe(claim)
    except Retryable as error:
        if row.encoder_read_at == before:
            raise
        catch_up(claim)
        if error.operation not in NOT_NEEDED or not _brings_on_air(row):
            raise
        hint = error.hint or "StreamHub tries again automatically."
        claim.save(observe_requested=True, **error_fields(error, hint))
    else:
        if others_wait:  # the polled part was read, and no other
            claim.save(observe_requested=True)


def keep_wanted(claim: Claim, seconds: float | None) -> float | None:
    """Keep the error of such a read until the part is read. Returns the seconds until the next observation.

    While a list is polled, the row waits for that; then the part is read again.
    """
    row: Channel = claim.row
    if not (row.observe_requested and _is_shown(row)):
        return seconds
    claim.keep_error = True
    if row.polled_list:
        return seconds
    again = float(settings.OBSERVE_SECONDS)
    return again if seconds is None else min(seconds, again)


def _is_shown(row: Channel) -> bool:
    """Whether the row of a show says that such a part could not be read."""
    return row.desired == Desired.RUNNING and row.error_operation in NOT_NEEDED


def _brings_on_air(row: Channel) -> bool:
    """Whether the next step starts MediaLive's channel, or follows the start to its end."""
    step = decided(row)
    return step in (Step.START, Step.WAIT_STARTED) or (
        step is Step.SETTLE_RUNNING and row.state != State.RUNNING
    )
