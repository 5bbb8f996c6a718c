"""How often a token may do what costs money: counted in the audit, over 24 hours."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from streamhub.access.audit_entry import AuditEntry, Outcome
from streamhub.access.models import ApiToken
from streamhub.clock import from_now
from streamhub.errors import NotPossible

DAY = timedelta(hours=24)


def check_daily(token: ApiToken, verb: str, column: str) -> None:
    """Raise NotPossible if the token and its rotations have done `verb` more often than `column` allows.

    Called after the verb has left its entry, in its transaction. Locks the token's family until the end of
    that, so that of two requests for the last place one is refused.
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
    if done > most:
        raise NotPossible(
            _(
                "The token of %(service)s has done this %(done)s times in the last 24 hours, and its "
                "limit is %(most)s. An engineer can rotate the token and give the new one a higher limit."
            )
            % {"service": token.service, "done": done - 1, "most": most}
        )
