"""Webhook endpoints and deliveries in any state, made directly in the database."""

from __future__ import annotations

from itertools import count
from typing import Any

from channels_app.models import Channel
from streamhub.webhooks.keys import sealed
from streamhub.webhooks.models import Delivery, Endpoint, Event

_serial = count(1)
KIND = "channel.state_changed"


def endpoint(name: str, **fields: Any) -> Endpoint:
    columns = {
        "name": name,
        "url": "https://site.example.com/hooks",
        "format": "cloudevents",
        "kinds": [KIND, "alarm.opened"],
        "signing_secret": sealed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    }
    return Endpoint.objects.create(**{**columns, **fields})


def delivery(row: Endpoint, about: Channel, state: str, status: int | None, answer: str) -> Delivery:
    """An event about the channel for this endpoint, after one attempt."""
    event = Event.objects.create(
        key=f"row {next(_serial)}",
        kind=KIND,
        subject=f"channel/{about.pk}",
        data={"id": str(about.pk), "name": about.name, "from": "idle", "to": "starting", "error": None},
        spread=True,
    )
    made = Delivery.objects.create(
        endpoint=row, event=event, state=state, status=status, answer=answer, attempts=1, duration_ms=120
    )
    made.log.create(status=status, answer=answer, duration_ms=120)
    return made
