"""How long AWS's word counts for nothing that something does not exist which was created a moment ago.

Services learn of each other's resources after seconds, sometimes a minute (AWS_RULES 18, 34). AWS's answer is
the same for what it does not know yet and for what it will never know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from streamhub.clock import database_now
from streamhub.errors import NotKnownYet, Refused
from streamhub.lifecycle.claim import Claim

# Counted from the first refusal, by the database's clock. Terraform waits as long for a new role.
SETTLING = timedelta(minutes=2)


@contextmanager
def patience(claim: Claim) -> Iterator[None]:
    """Inside this context, `NotKnownYet` becomes `Refused` once AWS has said so for `SETTLING`."""
    try:
        yield
    except NotKnownYet as error:
        since = claim.row.not_known_since
        if since is None or database_now() - since < SETTLING:
            raise
        raise Refused(error.message, **error.about) from error
