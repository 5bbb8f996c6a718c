"""From events to deliveries: each event of the outbox gets a delivery for each endpoint that wants its kind.

An event says itself whether that was done (`spread`). A cursor over ids would miss some: ids are given out
before transactions commit, and these commit in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction

from streamhub.webhooks.models import Delivery, Endpoint, Event

BATCH = 500


def spread(extend: Callable[[], bool] = lambda: True) -> int:
    """Write the deliveries of all new events. Returns of how many."""
    done = 0
    while batch := _spread_batch():
        done += batch
        if batch < BATCH or not extend():
            break
    return done


@transaction.atomic
def _spread_batch() -> int:
    events = list(Event.objects.filter(spread=False).order_by("pk").select_for_update()[:BATCH])
    deliveries_add(events, list(Endpoint.objects.all()))
    Event.objects.filter(pk__in=[event.pk for event in events]).update(spread=True)
    return len(events)


def deliveries_add(events: Sequence[Event], endpoints: Sequence[Endpoint]) -> None:
    """The deliveries that are missing. A paused endpoint gets its own too: they wait."""
    missing = [
        Delivery(endpoint=endpoint, event=event)
        for event in events
        for endpoint in endpoints
        if event.kind in endpoint.kinds
    ]
    Delivery.objects.bulk_create(missing, batch_size=BATCH, ignore_conflicts=True)
