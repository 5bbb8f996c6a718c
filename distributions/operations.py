"""What CloudFront carries out after it has answered: how long that takes, and which row waits for it."""

from __future__ import annotations

from distributions.models import Distribution, State
from streamhub.lifecycle.awaiting import Awaited
from streamhub.lifecycle.durations import Operation

# Seconds at probabilities 0, 0.1 to 1. CloudFront deploys in minutes, seen from 2 to 35 (AWS_RULES 6).
SECONDS = (90.0, 140.0, 170.0, 200.0, 230.0, 260.0, 290.0, 330.0, 390.0, 520.0, 2100.0)
SOURCE = "seen to take 2 to 35 minutes, mostly less than 6"


def _deployed(row: Distribution) -> bool:
    return row.status == "Deployed"


DEPLOY = Operation(
    "cloudfront:deploy", "CloudFront deploys a distribution", SECONDS, SOURCE, look_cost=0.03, ended=_deployed
)
# Nobody waits for it: the reaper takes what is disabled every few minutes.
DISABLE = Operation(
    "cloudfront:disable",
    "CloudFront deploys a disable",
    SECONDS,
    SOURCE,
    look_cost=1.0,
    ended=_deployed,
    by_list=True,
)
OPERATIONS = (DEPLOY, DISABLE)
_AWAITED = {State.DEPLOYING: DEPLOY.key, State.DISABLING: DISABLE.key}


def awaited(row: Distribution) -> Awaited | None:
    """The operation that the row waits for, by its columns."""
    if not row.polled_list or _deployed(row) or row.delete_accepted_at or row.gone_at:
        return None
    key = _AWAITED.get(State(row.state))
    return Awaited(key) if key else None
