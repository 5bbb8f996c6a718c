"""How an event is written for its receiver: body, headers, and which answers mean that it was taken.

Sources: CloudEvents 1.0 (JSON, structured mode); Standard Webhooks; Stripe, "Create a billing meter event"
and "Configure meters"; OpenMeter, "Usage events".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from streamhub.webhooks import signatures
from streamhub.webhooks.models import Endpoint, Event, Format
from streamhub.webhooks.request import Answer

PREFIX = "streamhub."
# OpenMeter's meters select events by this type, unless the endpoint says another.
USAGE_TYPE = "streamhub.usage"
STRIPE_OLDEST = timedelta(days=35)
# What Stripe says, with 400, about an identifier that it has: the event was delivered before.
_STRIPE_HAS_IT = ("duplicate_meter_event", "already exists with identifier")


class NotSendable(Exception):
    """The event cannot be written for this receiver. The message says what to do."""


@dataclass(frozen=True)
class Keys:
    """What signs (the newest first), or the receiver's own key."""

    signing: Sequence[str] = ()
    api: str = ""


@dataclass(frozen=True)
class Written:
    """What is sent."""

    headers: dict[str, str]
    body: bytes


def written(endpoint: Endpoint, event: Event, keys: Keys, now: datetime, customer: str = "") -> Written:
    """The request for one event; `now` by the database's clock. Raises NotSendable.

    `customer`: whose usage a meter is told of (`told.customer_of`).
    """
    if endpoint.is_meter and not customer:
        raise NotSendable(
            "Nobody is the customer. Give the endpoint a customer for such usage, and send it again."
        )
    if endpoint.format == Format.STRIPE:
        return _stripe(endpoint, event, keys, now, customer)
    if endpoint.format == Format.OPENMETER:
        return _openmeter(endpoint, event, keys, customer)
    if endpoint.format == Format.STANDARD:
        content, data = "application/json", _standard(event)
    else:
        content, data = "application/cloudevents+json; charset=utf-8", cloud_event(event)
    body = _json(data)
    return Written({"Content-Type": content, **signatures.headers(event.uid, now, body, keys.signing)}, body)


def taken(form: str, answer: Answer) -> bool:
    """Whether this answer means that the receiver has the event."""
    if form == Format.STRIPE and answer.status == 400:
        return any(words in answer.text for words in _STRIPE_HAS_IT)
    return 200 <= answer.status < 300


def source() -> str:
    """Who says it: this installation, whatever its address."""
    return f"urn:streamhub:{settings.STREAMHUB_ENVIRONMENT}"


def cloud_event(event: Event) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event.uid,
        "source": source(),
        "type": PREFIX + event.kind,
        "subject": event.subject,
        "time": _time(event.at),
        "datacontenttype": "application/json",
        "data": event.data,
    }


def _standard(event: Event) -> dict[str, Any]:
    return {
        "type": event.kind,
        "timestamp": _time(event.at),
        "data": {"subject": event.subject, **event.data},
    }


def _openmeter(endpoint: Endpoint, event: Event, keys: Keys, customer: str) -> Written:
    """A CloudEvent whose subject is the customer. One type for all usage, so that one meter sums it."""
    data = {
        **cloud_event(event),
        "type": endpoint.event_name or USAGE_TYPE,
        "subject": customer,
        "data": {**event.data, "subject": event.subject},
    }
    return Written({"Content-Type": "application/cloudevents+json", **_bearer(keys)}, _json(data))


def _stripe(endpoint: Endpoint, event: Event, keys: Keys, now: datetime, customer: str) -> Written:
    """A form, as the calls of Stripe's first API are. The value is bytes; a correction may be negative."""
    if now - event.at >= STRIPE_OLDEST:
        raise NotSendable(f"Stripe takes nothing older than {STRIPE_OLDEST.days} days: enter it there.")
    if not customer.startswith("cus_"):
        raise NotSendable(f"Stripe's customers are named cus_…, and this one is {customer[:100]}.")
    form = {
        "event_name": endpoint.event_name,
        "identifier": event.uid,
        "timestamp": str(int(event.at.timestamp())),
        "payload[stripe_customer_id]": customer,
        "payload[value]": str(event.data["bytes"]),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", **_bearer(keys)}
    return Written(headers, urlencode(form).encode())


def _bearer(keys: Keys) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.api}"}


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
