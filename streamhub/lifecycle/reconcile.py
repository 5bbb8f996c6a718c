"""One step on one row: claim it, let its driver observe, decide and act, and plan the next step."""

from __future__ import annotations

import logging

from django.apps import apps
from django.db import Error

from streamhub.errors import AwsError, NotSent, Refused
from streamhub.lifecycle import awaiting, settling, wake
from streamhub.lifecycle.claim import Claim, ClaimLost, StateChanged, after, take
from streamhub.lifecycle.driver import Driver, driver_of
from streamhub.lifecycle.outages import insist
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

_DATABASE_AWAY = "The database could not be used during this step, so its outcome is looked up first."


def reconcile(label: str, pk: int) -> bool:
    """Take one step on the row if it is due and free. Returns whether a step was taken.

    A row with more to do goes back to its queue at once; all other waits are in `not_before`.
    """
    driver = driver_of(label)
    claim = take(driver.model, pk)
    if claim is None:
        # Another worker holds it and may be dead: the sweep queues it when that claim has expired.
        driver.model._default_manager.filter(pk=pk, queued_until__isnull=False).update(queued_until=None)
        return False
    try:
        with driver.context(claim.row):
            _step(driver, claim)
    except StateChanged as error:
        log.info("%s", error)
        insist(claim.step_aside, f"{claim.row.KIND} {pk}")
    except ClaimLost as error:
        log.warning("%s", error)
    _wake_if_due_soon(label, pk)
    return True


def _step(driver: Driver, claim: Claim) -> None:
    try:
        with settling.patience(claim):
            seconds = driver.step(claim)
    except ClaimLost:
        raise
    except NotSent as unsent:
        log.debug("%s %s: %s", claim.row.KIND, claim.row.pk, unsent)
        claim.wait_turn(unsent.after, unsent.throttle)
    except Refused as error:
        claim.fail(driver.failed_state, driver.doing(claim.row), error)
    except AwsError as error:
        log.info("%s %s waits: %s", claim.row.KIND, claim.row.pk, error)
        claim.postpone(error)
    except Error as error:
        if not unavailable(error):
            _defect(claim, error)
            return
        log.warning("Step on %s %s ended early: %s", claim.row.KIND, claim.row.pk, error)
        away = AwsError(_DATABASE_AWAY, code="database_unavailable")
        insist(lambda: claim.postpone(away), f"{claim.row.KIND} {claim.row.pk}")
    except Exception as error:  # noqa: BLE001  a bug must not stop the row: it is logged, shown and retried
        _defect(claim, error)
    else:
        insist(lambda: _release(driver, claim, seconds), f"{claim.row.KIND} {claim.row.pk}")


def _release(driver: Driver, claim: Claim, seconds: float | None) -> None:
    awaited = driver.awaited(claim.row)
    claim.release(seconds, **awaiting.after_step(claim.row, awaited))
    awaiting.record_ended(claim.row, awaited)


def _defect(claim: Claim, error: Exception) -> None:
    log.error("Step on %s %s failed", claim.row.KIND, claim.row.pk, exc_info=error)
    claim.postpone(
        AwsError(f"{type(error).__name__}: {error}", code="internal_error"),
        hint="This is a defect in StreamHub; the log has the details. StreamHub keeps trying.",
    )


def _wake_if_due_soon(label: str, pk: int) -> None:
    """Queue the row again if it has more to do within seconds, or has new intent since the step began."""
    model = apps.get_model(label)
    soon = after(wake.SOON_SECONDS)
    rows = model._default_manager.filter(pk=pk, not_before__lte=soon, claim_token__isnull=True)
    found = rows.values_list("priority", wake.seconds_left()).first()
    if found is not None and rows.update(queued_until=wake.queued_mark()):
        priority, left = found
        wake.publish(model, [pk], priority, {pk: left})
