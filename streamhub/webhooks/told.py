"""What a receiver said of earlier deliveries: what it refused, and whom it has as the customer of a breakout.

Usage without a customer goes to the endpoint's default, which staff may change. What is told of the same
breakout later, and above all what takes it back, goes to whom it was told of first.
"""

from __future__ import annotations

from django.db.models import Q

from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint
from streamhub.webhooks.patience import OF_THE_RECEIVER, refuses

# `patience.refuses`, of the last attempt.
REFUSED = Q(status__gte=400, status__lt=500) & ~Q(status__in=OF_THE_RECEIVER)


def customer_of(endpoint: Endpoint, delivery: Delivery) -> str:
    """Whose usage this is for a meter; "": nobody's.

    What was not refused may have arrived, also if the answer was lost: it keeps its customer.
    """
    event = delivery.event
    if event.customer:
        return event.customer
    if delivery.customer and not refuses(delivery.status):
        return delivery.customer
    told = endpoint.deliveries.filter(event__subject=event.subject, event__customer="").exclude(customer="")
    # Stripe's 400 about an identifier that it has is a delivery.
    refused = REFUSED & ~Q(state=DeliveryState.DELIVERED)
    rows = told.exclude(pk=delivery.pk).exclude(refused).order_by("event_id")
    return rows.values_list("customer", flat=True).first() or endpoint.default_customer
