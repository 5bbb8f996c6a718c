"""One step on one row: claim, let the driver observe, decide and act, say when to look again."""

from __future__ import annotations

import logging

from django.apps import apps

from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import driver, wake
from streamhub.lifecycle.claim import Claim, ClaimLost, take

log = logging.getLogger(__name__)


def reconcile(label: str, pk: int) -> bool:
    """Take one step on the row if it is due and free; whether a step was taken.

    A step with more to do re-queues its row at once; every other wait stands in `not_before`.
    """
    its = driver.driver_of(label)
    claim = take(its.model, pk)
    if claim is None:
        # Held by another worker, who may be dead: leave it to the sweep as soon as the claim has run out.
        its.model._default_manager.filter(pk=pk, queued_until__isnull=False).update(queued_until=None)
        return False
    try:
        with its.context(claim.row):
            _step(its, claim)
    except ClaimLost as lost:
        log.warning("%s", lost)
    _wake_if_due(label, pk)
    return True


def _step(its: driver.Driver, claim: Claim) -> None:
    try:
        seconds = its.step(claim)
    except ClaimLost:
        raise
    except Refused as error:
        claim.fail(its.failed_state, its.doing(claim.row), error)
    except AwsError as error:
        log.info("%s %s waits: %s", claim.row.KIND, claim.row.pk, error)
        claim.postpone(error)
    except Exception as error:  # a bug must neither lose the row nor hide: logged, shown, retried
        log.exception("Step on %s %s failed", claim.row.KIND, claim.row.pk)
        claim.postpone(
            AwsError(f"{type(error).__name__}: {error}", code="internal_error"),
            hint="This is a defect in StreamHub. The log has the details; it keeps trying.",
        )
    else:
        claim.release(seconds)


def _wake_if_due(label: str, pk: int) -> None:
    """More to do, or intent that came in during the step: straight back to the queue."""
    from django.db.models.functions import Now

    model = apps.get_model(label)
    rows = model._default_manager.filter(pk=pk, not_before__lte=Now(), claim_token__isnull=True)
    priority = rows.values_list("priority", flat=True).first()
    if priority is not None and rows.update(queued_until=wake.queued_mark()):
        wake.publish(model, [pk], priority)
