"""Our own UpdateChannel: MediaLive accepts it, is UPDATING, and can still fail to apply it.

Before the call, the row says what it is to change, so that an UPDATE_FAILED is told as ours or as somebody
else's also after a worker died. MediaLive gives no reason for an UPDATE_FAILED; the request id of the call is
all that AWS Support needs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.models import Channel
from streamhub.aws.medialive import ChannelInfo
from streamhub.clock import database_now
from streamhub.errors import AwsError
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim

# The columns once it is known how the last update ended.
OVER: dict[str, Any] = {"update_sent": "", "update_sent_at": None, "update_request_id": ""}


def send(claim: Claim, what: str, call: Callable[[Channel], ChannelInfo]) -> ChannelInfo:
    """Send an UpdateChannel. `what` it is to change is on the row until it is known how that ended.

    Raises `Refused`, and `Retryable` also for a conflict.
    """
    info: ChannelInfo = absence.observe_on_conflict(claim, lambda: _announced(claim, what, call))
    return info


def _announced(claim: Claim, what: str, call: Callable[[Channel], ChannelInfo]) -> ChannelInfo:
    row: Channel = claim.row
    before = {name: getattr(row, name) for name in OVER}
    try:
        with claim.sending(update_sent=what, update_sent_at=Now(), update_request_id=""):
            info = call(row)
    except AwsError as error:
        if not getattr(error, "effect_unknown", False):
            claim.save(**before)  # an earlier one, whose answer was lost, may be under way
        raise
    claim.save(update_request_id=info.request_id or "")
    return info


def is_young(row: Channel) -> bool:
    """Whether one was sent so lately that a read may still show the state before it."""
    youngest = timedelta(seconds=2 * settings.OBSERVE_SECONDS)
    return row.update_sent_at is not None and database_now() - row.update_sent_at < youngest
