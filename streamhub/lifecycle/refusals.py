"""A refusal of AWS that holds up nothing: it is shown on the row, and the row goes on.

The rest of a resource's work does not depend on what was refused, such as tags.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from streamhub.errors import AwsError
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields

TAGS_REFUSED = "tags_refused"


def show(
    claim: Claim,
    refused: AwsError,
    what: str,
    *,
    code: str,
    hint: str,
    needs_person: bool = True,
    **fields: Any,
) -> None:
    """Show "AWS refused `what`" in AWS's words, with our code and hint, and write the other columns."""
    error = AwsError(
        _("AWS refused %(what)s: %(message)s") % {"what": what, "message": refused.message},
        code=code,
        request_id=refused.request_id,
        operation=refused.operation,
        validation=refused.validation,
    )
    claim.keep_error = True
    claim.save(**{**error_fields(error, hint), "error_needs_person": needs_person}, **fields)
