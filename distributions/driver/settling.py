"""What a distribution records of itself: that it settled, an edit from outside, and what it still lacks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction

from distributions import aliases, owners
from distributions.driver import aliasing, applying, naming, pricing
from distributions.driver.observing import edited_outside
from distributions.models import Distribution, State
from streamhub.errors import AwsError
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields
from streamhub.lifecycle.refusals import TAGS_REFUSED

EDITED_OUTSIDE = (
    "edited_outside",
    "This distribution was edited outside StreamHub.",
    "StreamHub leaves the edit as it is. Check the configuration; Retry accepts it.",
)


def settle(state: str, why: str, claim: Claim) -> float | None:
    row: Distribution = claim.row
    # Others may edit a protected one, so that it has no ETag of our own.
    own_etag = "" if row.protected else row.own_etag or row.etag
    fields: dict[str, Any] = {"alias_serves": state == State.DEPLOYED and _alias_leads_here(row)}
    if row.alias_not_taken and aliases.has_alias(row):
        fields["alias_not_taken"] = ""
    if row.alias_leaving:
        # Its ETag changes once more when the alias has gone.
        left = row.alias_given not in aliases.names_seen(row)
        own_etag, fields["alias_leaving"] = (row.etag, False) if left else ("", True)
    claim.keep_error |= _still_due(row).get(row.error_code, False)
    change_state(claim, state, why, polled_list="", own_etag=own_etag, **fields)
    return _next_look(claim)


def _alias_leads_here(row: Distribution) -> bool:
    """Whether the alias is in place everywhere, and DNS leads there as far as StreamHub keeps it."""
    return aliases.has_alias(row) and not aliases.point_due(row)


def _still_due(row: Distribution) -> dict[str, bool]:
    """Whether what AWS may refuse is still to be sent, by the code of the error that shows its refusal.

    Nobody waits for a record to go, apart from what goes on then by itself, until AWS has denied it.
    """
    return {
        naming.RECORD_LEFT: aliases.unpoint_due(row) and row.error_code == naming.RECORD_LEFT,
        applying.SETTINGS_REFUSED: row.settings_pending,
        TAGS_REFUSED: row.tags_pending,
        pricing.PRICE_REFUSED: row.price_class_pending,
        aliasing.ALIAS_REFUSED: aliases.alias_due(row),
        naming.RECORD_REFUSED: aliases.point_due(row),
    }


def _next_look(claim: Claim) -> float | None:
    """When what a settled distribution still lacks is sent; what was refused, or waits, minutes later."""
    row: Distribution = claim.row
    waits = _still_due(row)
    now = {
        **waits,
        # What is on air ends without a word to its distribution, whose settings wait for that.
        applying.SETTINGS_REFUSED: applying.is_due(row),
        aliasing.ALIAS_REFUSED: aliases.is_addable(row),
    }
    if any(due for code, due in now.items() if code != row.error_code):
        return AT_ONCE
    return float(settings.FULL_OBSERVE_SECONDS) if any(waits.values()) else None


def change_state(claim: Claim, state: str, why: str, **fields: Any) -> None:
    """Record what was observed. Show an edit from outside, until Retry accepts it."""
    row: Distribution = claim.row
    if not edited_outside(row):
        claim.change_state(state, why=why, **fields)
        return
    shown = error_columns(claim, EDITED_OUTSIDE)
    if row.error_code == EDITED_OUTSIDE[0]:
        claim.change_state(state, why=why, **fields)
        return
    with transaction.atomic():
        claim.change_state(state, why=why, **fields, **shown)
        owners.owner().changed_outside(row, "edited outside StreamHub")


def error_columns(claim: Claim, error: tuple[str, str, str]) -> dict[str, Any]:
    """The columns that show an error (code, message, hint), kept after this step."""
    code, message, hint = error
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)
