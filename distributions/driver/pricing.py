"""Gives a distribution the price class that staff chose. CloudFront then deploys it again."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from distributions.driver.observing import LIST, facts_of
from distributions.driver.sending import send
from distributions.models import Distribution, State
from streamhub.lifecycle import refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import FOR_A_PERSON

PRICE_REFUSED = "price_class_refused"
# While CloudFront deploys the change, by the state before.
MEANWHILE = {State.DEPLOYED: State.DEPLOYING, State.DISABLED: State.DISABLING}


def change(claim: Claim) -> float | None:
    """Send it. A refusal is shown, and the distribution goes on as it is."""
    row: Distribution = claim.row
    wanted = row.price_class
    refusals.keep_others(claim, PRICE_REFUSED)
    try:
        info = send(claim, lambda api, id, ours: api.set_price_class(id, wanted, is_ours=ours))
    except FOR_A_PERSON as error:
        hint = "Choose another one with Change price class; Retry tries this one again."
        return refusals.show(claim, error, "the price class", code=PRICE_REFUSED, hint=hint)
    if info is None:
        return AT_ONCE
    with transaction.atomic():
        now = Distribution.objects.select_for_update().get(pk=row.pk)
        claim.change_state(
            row.state if info.deployed else MEANWHILE[State(row.state)],
            why=f"price class {wanted} sent",
            request_id=info.request_id,
            polled_list="" if info.deployed else LIST,
            observed_at=Now(),
            own_etag=info.etag or "",
            price_class_pending=now.price_class != wanted,  # it was changed again meanwhile
            **facts_of(info),
        )
    return AT_ONCE if info.deployed else None
