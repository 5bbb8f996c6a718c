"""Sends the rescue verbs of a running channel to AWS: an input switch, a restart of the pipelines.

A switch has a name in the channel's schedule, so whether an earlier attempt was taken can be read. Nothing
tells whether a restart was: it is not sent twice, because each one interrupts the show.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.driver import parts
from channels_app.ingest import pipelines_of
from channels_app.models import Channel
from channels_app.services.rescue import NO_WISH
from streamhub.errors import Conflict, Refused, Retryable
from streamhub.lifecycle import refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE

RESCUE_REFUSED = "rescue_refused"
HINT = "Look at the channel in MediaLive's console. The show goes on as it was."
NO_RESTART = {name: NO_WISH[name] for name in ("restart_wanted", "restart_sent_at")}


def switch_input(claim: Claim) -> float | None:
    """Read the wanted input now; a refusal is shown and ends the wish."""
    row: Channel = claim.row
    serial, to = row.switch_serial, row.switch_wanted
    action = f"streamhub-{row.uid}-{serial}"
    if row.switch_sent_at and parts.live().schedule_has(row.ml_channel_id, action):
        return _done(claim, f"switched to the {to} input", None, _no_switch(row, serial))
    try:
        with claim.sending(switch_sent_at=Now()):
            request_id = parts.live().switch_input(row.ml_channel_id, action, to)
    except (Refused, Conflict) as error:
        fields = _no_switch(row, serial)
        refusals.show(claim, error, "the input switch", code=RESCUE_REFUSED, hint=HINT, **fields)
        return AT_ONCE
    return _done(claim, f"switched to the {to} input", request_id, _no_switch(row, serial))


def _no_switch(row: Channel, serial: int) -> dict[str, Any]:
    """The columns without this wish; none if there is another one meanwhile."""
    now = Channel.objects.values_list("switch_serial", flat=True).get(pk=row.pk)
    return {"switch_wanted": "", "switch_sent_at": None} if now == serial else {}


def restart_pipelines(claim: Claim) -> float | None:
    """Restart all pipelines, once."""
    row: Channel = claim.row
    if row.restart_sent_at:
        why = "the restart was sent, and nobody knows whether AWS took it; it is not repeated"
        return _done(claim, why, None, NO_RESTART)
    try:
        with claim.sending(restart_sent_at=Now()):
            numbers = range(pipelines_of(row))
            request_id = parts.live().restart_pipelines(row.ml_channel_id, numbers)
    except (Refused, Conflict) as error:
        refusals.show(claim, error, "the restart", code=RESCUE_REFUSED, hint=HINT, **NO_RESTART)
        return AT_ONCE
    except Retryable as error:
        if not error.effect_unknown:
            claim.save(restart_sent_at=None)
        raise
    return _done(claim, "its pipelines are restarted", request_id, NO_RESTART)


def _done(claim: Claim, why: str, request_id: str | None, fields: dict[str, Any]) -> float | None:
    with transaction.atomic():
        Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
        claim.note(why, request_id=request_id, **fields)
        breakout_sync.tell_breakout(claim.row, f"the channel: {why}")
    return AT_ONCE
