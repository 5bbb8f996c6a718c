"""How often a token may do what costs money: counted in the audit, over 24 hours."""

from __future__ import annotations

from datetime import timedelta

from streamhub.access.audit_entry import AuditEntry, Outcome
from streamhub.access.models import ApiToken
from streamhub.clock import from_now
from streamhub.errors import NotPossible

DAY = timedelta(hours=24)


def check_daily(token: ApiToken, verb: str, column: str) -> None:
    """Raise NotPossible if the token and its rotations have done `verb` as often as `column` allows.

    Locks the token's family until the end of the transaction, so that of two requests for the last place one
    is refused. Repeats without effect do not count.
    """
    most = getattr(token, column)
    if most is None:
        return
    # In the order of their keys, so that two requests cannot wait for each other.
    family = ApiToken.objects.select_for_update().filter(family=token.family).order_by("pk")
    list(family.values_list("pk", flat=True))
    done = AuditEntry.objects.filter(
        token_family=token.family, verb=verb, outcome=Outcome.DONE, at__gte=from_now(-DAY)
    ).count()
    if done >= most:
        raise NotPossible(
            f"The token of {token.service} has done this {done} times in the last 24 hours, and its limit is "
            f"{most}. An engineer can raise the limit by rotating the token with a higher one."
        )
