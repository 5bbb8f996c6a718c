"""Resources that were handed over: they carry no mark of ours any more.

Somebody gave them to others outside StreamHub. No step changes them; the row and its AWS id stay, it shows
what to do, and it goes on by itself once the mark is back.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from streamhub.clock import database_now
from streamhub.errors import HandedOver
from streamhub.lifecycle import states
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.freshness import FRESH_PERIODS
from streamhub.lifecycle.models import Listing, error_fields


def mark_is_fresh(claim: Claim, key: str) -> bool:
    """Whether the stored mark of a resource may be relied on before a step that cannot be undone.

    It may if this step has described the resource, or if its whole list (`key`) was read a moment ago: a
    list writes every mark that changed.
    """
    return key in claim.looked_at or list_is_fresh(key)


def list_is_fresh(key: str) -> bool:
    """Whether the whole list was read a moment ago."""
    since = database_now() - FRESH_PERIODS * timedelta(seconds=settings.OBSERVE_SECONDS)
    return Listing.objects.filter(key=key, listed_at__gte=since).exists()


def show(claim: Claim, message: str, hint: str) -> None:
    """Show it on the row until the mark is back, with one transition. A failed row keeps its own error."""
    row = claim.row
    claim.keep_error = True
    fields = {} if row.state == row.STATES.FAILED else error_fields(HandedOver(message), hint)
    if row.handed_over_at is not None:
        shown = not fields or row.error_message == message
        claim.save(**({} if shown else fields))
        return
    with transaction.atomic():
        claim.save(handed_over_at=Now(), **fields)
        states.record(row, row.state, row.state, why=message)


def given_back(claim: Claim) -> None:
    """Record that the mark is back, or that others deleted it. The step goes on; its end clears the error."""
    row = claim.row
    with transaction.atomic():
        claim.save(handed_over_at=None)
        states.record(row, row.state, row.state, why="no longer in other hands: StreamHub goes on")
