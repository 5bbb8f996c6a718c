"""Sending: one worker has an endpoint at a time and sends what is due, one after another.

Nothing is sent inside a transaction. The attempt is counted before it is made. A worker that dies between
sending and recording leaves the delivery waiting, so it is sent again with the same id: receivers drop what
they have. A failure ends the turn, and the endpoint is left alone for a while; no other one notices. An event
that the receiver refuses is no failure of the endpoint: it waits by itself, and the turn goes on.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from streamhub.clock import database_now
from streamhub.lifecycle.claim import after
from streamhub.webhooks import request
from streamhub.webhooks.formats import NotSendable, taken, written
from streamhub.webhooks.keys import keys_of
from streamhub.webhooks.models import Attempt, Delivery, DeliveryState, Endpoint
from streamhub.webhooks.patience import GONE, OUTAGE, delivery_wait, endpoint_wait, refuses
from streamhub.webhooks.told import REFUSED, customer_of

log = logging.getLogger(__name__)

# How long one turn may begin new requests. The claim outlasts it and the longest request.
TURN_SECONDS = 15
CLAIM_SECONDS = 60
ANSWER_MAX = 500

FREE = Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now())


def due_endpoints() -> QuerySet[Endpoint]:
    """The endpoints that nobody has and to which something can be sent now."""
    due = Delivery.objects.filter(state=DeliveryState.WAITING, not_before__lte=Now()).values("endpoint")
    return Endpoint.objects.filter(FREE, active=True, not_before__lte=Now(), pk__in=due)


def take_turn(endpoint_id: int) -> bool:
    """Send what is due to one endpoint. Returns whether more is due already."""
    token = secrets.token_hex(8)
    rows = Endpoint.objects.filter(FREE, pk=endpoint_id, active=True, not_before__lte=Now())
    if not rows.update(claim_token=token, claimed_until=after(CLAIM_SECONDS)):
        return False
    try:
        _send_all(endpoint_id, token)
    finally:
        _held(endpoint_id, token).update(claim_token=None, claimed_until=None)
    return due_endpoints().filter(pk=endpoint_id).exists()


def _held(endpoint_id: int, token: str) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(pk=endpoint_id, claim_token=token)


def _send_all(endpoint_id: int, token: str) -> None:
    started = time.monotonic()
    while time.monotonic() - started < TURN_SECONDS:
        # Read each time: somebody may have paused it, or changed its secret.
        endpoint = _held(endpoint_id, token).filter(active=True).first()
        delivery = _next(endpoint) if endpoint else None
        if endpoint is None or delivery is None or not _send(endpoint, delivery):
            return


def _next(endpoint: Endpoint) -> Delivery | None:
    """The oldest event that is due and was not tried yet; without any, the oldest of those that failed."""
    waiting = endpoint.deliveries.filter(state=DeliveryState.WAITING, not_before__lte=Now())
    due = waiting.select_related("event").order_by("event_id")
    return due.filter(attempts=0).first() or due.first()


@dataclass(frozen=True)
class _Result:
    """`status` None: no answer. `asked`: how many seconds the receiver wants to be left alone."""

    ok: bool
    status: int | None
    text: str
    duration_ms: int
    asked: int = 0


def _send(endpoint: Endpoint, delivery: Delivery) -> bool:
    """One attempt. Returns whether the endpoint may get the next one now."""
    first = {} if delivery.attempts else {"due_since": Now()}
    counted = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING).update(
        attempts=F("attempts") + 1, not_before=after(delivery_wait(delivery.attempts + 1)), **first
    )
    if not counted:
        return True  # dismissed in the meantime
    try:
        now = database_now()
        customer = customer_of(endpoint, delivery) if endpoint.is_meter else ""
        content = written(endpoint, delivery.event, keys_of(endpoint, now), now, customer)
    except NotSendable as reason:
        _note(delivery, _Result(False, None, str(reason), 0), state=DeliveryState.FAILED)
        return True
    if customer != delivery.customer:
        Delivery.objects.filter(pk=delivery.pk).update(customer=customer)
    result = _posted(endpoint, content.headers, content.body)
    if result.ok:
        _note(delivery, result, state=DeliveryState.DELIVERED)
        _well(endpoint, result)
        return True
    _note(delivery, result)
    log.warning("Webhook %s: %s was not taken: %s", endpoint.pk, delivery.event.uid, result.text[:200])
    if refuses(result.status, result.asked):
        return True
    _failed(endpoint, result)
    if endpoint.failures + 1 >= OUTAGE:
        # Due when the endpoint is: if nothing else is to be sent, this one finds out that it is well again.
        Delivery.objects.filter(pk=delivery.pk).update(not_before=Now())
    return False


def _posted(endpoint: Endpoint, headers: dict[str, str], body: bytes) -> _Result:
    started = time.monotonic()
    try:
        answer = request.post(endpoint.url, headers, body)
    except request.NotAnswered as error:
        return _Result(False, None, str(error), _milliseconds(started))
    text = answer.text[:ANSWER_MAX]
    if 300 <= answer.status < 400:
        text = "It redirects, and redirects are not followed: enter the address to which it leads."
    ok = taken(endpoint.format, answer)
    return _Result(ok, answer.status, text, _milliseconds(started), answer.retry_after)


def _milliseconds(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _note(delivery: Delivery, result: _Result, state: DeliveryState | None = None) -> None:
    """Record the attempt, and the delivery's new state if it has one."""
    answer = result.text[:ANSWER_MAX]
    Attempt.objects.create(
        delivery=delivery, status=result.status, answer=answer, duration_ms=result.duration_ms
    )
    moved = {"state": state, "state_since": Now()} if state else {}
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING).update(
        status=result.status, answer=answer, duration_ms=result.duration_ms, **moved
    )


def _well(endpoint: Endpoint, result: _Result) -> None:
    """It took one. After an outage everything that waits is due at once, but for what it refused."""
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    rows.update(
        failures=0,
        failing_since=None,
        last_error="",
        last_delivered_at=Now(),
        last_duration_ms=result.duration_ms,
        not_before=Now(),
    )
    if endpoint.failures >= OUTAGE:
        waiting = endpoint.deliveries.filter(state=DeliveryState.WAITING)
        waiting.exclude(REFUSED).update(not_before=Now())


def _failed(endpoint: Endpoint, result: _Result) -> None:
    """Leave it alone for a while. One that says that it is gone for good is paused."""
    said = f"{result.status}: {result.text}" if result.status else result.text
    fields = {"active": False, "paused_because": "It answered 410 Gone."} if result.status == GONE else {}
    Endpoint.objects.filter(pk=endpoint.pk).update(
        failures=F("failures") + 1,
        failing_since=Coalesce("failing_since", Now()),
        last_error=said[:ANSWER_MAX],
        last_duration_ms=result.duration_ms,
        not_before=after(endpoint_wait(endpoint.failures + 1, result.asked)),
        **fields,
    )
