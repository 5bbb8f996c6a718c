"""A refusal of AWS that holds up nothing: it is shown on the row, and the row goes on.

The rest of a resource's work does not depend on what was refused, such as tags. A missing permission is a
refusal too: the rest may be allowed.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from streamhub.errors import AccessDenied, ActionRequired, AwsError, Refused
from streamhub.lifecycle.claim import PERSON_SECONDS, Claim
from streamhub.lifecycle.models import error_fields

TAGS_REFUSED = "tags_refused"
# What waiting alone does not end: other input, a permission, or something that a person does in AWS.
FOR_A_PERSON = (Refused, AccessDenied, ActionRequired)


def keep_others(claim: Claim, own: str) -> None:
    """Keep what the row shows of another matter after this step; not `own`, nor what an attempt met."""
    row = claim.row
    of_an_attempt = row.outcome_unknown or row.error_passes
    other = bool(row.error_code) and row.error_code != own
    claim.keep_error = claim.keep_error or (other and not of_an_attempt)


def show(
    claim: Claim,
    refused: AwsError,
    what: str,
    *,
    code: str,
    hint: str,
    needs_person: bool = True,
    **fields: Any,
) -> float | None:
    """Show "AWS refused `what`" in AWS's words, with our code and hint, and write the other columns.

    `hint`: what to do, unless the error itself knows. Returns the seconds until the next attempt.
    """
    error = AwsError(
        _("AWS refused %(what)s: %(message)s") % {"what": what, "message": refused.message},
        code=code,
        request_id=refused.request_id,
        # Without it it is no answer to an attempt (`HasError.error_passes`).
        operation=refused.operation if needs_person else "",
        validation=refused.validation,
    )
    claim.keep_error = True
    shown = error_fields(error, refused.hint or hint)
    claim.save(**{**shown, "error_needs_person": needs_person}, **fields)
    return next_attempt(refused)


def show_not_taken(
    claim: Claim, what: str, shown: str, *, code: str, hint: str, request_id: str | None, **fields: Any
) -> None:
    """Show that AWS accepted `what` and shows something else, and write the other columns.

    The caller sends it once: what AWS writes in another way than we do would be sent again for ever.
    """
    message = _("AWS accepted %(what)s and shows another value than was sent: %(shown)s") % {
        "what": what,
        "shown": shown,
    }
    claim.keep_error = True
    error = error_fields(AwsError(message, code=code, request_id=request_id), hint)
    claim.save(**{**error, "error_needs_person": True}, **fields)


def next_attempt(refused: AwsError) -> float | None:
    """The seconds until it is tried again, as nobody says when a permission was given; None: after Retry."""
    if isinstance(refused, AccessDenied):
        return float(settings.FULL_OBSERVE_SECONDS)
    return float(PERSON_SECONDS) if isinstance(refused, ActionRequired) else None
