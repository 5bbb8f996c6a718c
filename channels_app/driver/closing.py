"""Closes origin endpoints, so that they answer only CloudFront, and opens them again: CDN authorization.

Two services change as one operation: the endpoint, while the channel is idle, then the header that CloudFront
sends, at once. In between viewers are refused, whichever is first (AWS_RULES 36). The endpoint comes first,
because MediaPackage then tells whether it can read the secret.
"""

from __future__ import annotations

from django.db import transaction

from channels_app.driver import parts
from channels_app.models import Channel
from channels_app.models.channel import State
from channels_app.services.aliases import alias_of
from channels_app.services.applied_settings import NOT_OPENED
from channels_app.services.distribution import OWNER
from distributions import services as distributions
from streamhub.access.actors import SYSTEM
from streamhub.errors import Refused
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE

NOT_CLOSED = "authorization_refused"


def is_due(row: Channel) -> bool:
    """Whether the endpoint is to be closed, opened, or closed with another secret."""
    return bool(row.mp_endpoint_id) and row.authorization != row.authorization_seen


def is_untold(row: Channel) -> bool:
    """Whether the endpoint is as it should be, and the distribution does not send what it wants to see."""
    distribution = row.distribution
    return (
        distribution is not None
        and not is_due(row)
        and distribution.origin_url == row.endpoint_url
        and distribution.origin_secret != row.origin_secret
    )


def was_changed_outside(row: Channel) -> bool:
    """Whether the endpoint refuses CloudFront, which sends what we want: somebody edited the endpoint.

    Otherwise the change is ours and has not begun: it waits until the channel is idle.
    """
    distribution = row.distribution
    sends_ours = distribution is not None and distribution.origin_header_secret == row.origin_secret
    return sends_ours and row.authorization_seen.partition(" ")[0] != row.origin_secret


def is_shut(row: Channel) -> bool:
    """Whether the endpoint, as it was last read, keeps CloudFront out although we want it in."""
    return bool(row.endpoint_closed_by) or was_changed_outside(row)


def opening_is_due(row: Channel) -> bool:
    """Whether our settings are to be sent to it: not again, once the row shows that this changed nothing."""
    return is_shut(row) and row.error_code != NOT_OPENED


def keep_shown(claim: Claim) -> None:
    """Of an endpoint that stays shut, the error stays for this show; the next one tries it again."""
    row: Channel = claim.row
    on_air = row.state in (State.STARTING, State.RUNNING)
    claim.keep_error |= on_air and row.error_code == NOT_OPENED and is_shut(row)


def authorize(claim: Claim) -> float | None:
    """Close or open the endpoint. A refusal is shown, and the endpoint stays as it was."""
    row: Channel = claim.row
    refusals.keep_others(claim, NOT_CLOSED)
    try:
        info = absence.observe_on_conflict(claim, lambda: parts.open_endpoint(row))
    except Refused as refused:
        hint = (
            "Check MEDIAPACKAGE_CDN_SECRET_ARN, and that MEDIAPACKAGE_CDN_ROLE_ARN lets MediaPackage read "
            "it; then press Apply settings. Until then the endpoint stays as it is."
        )
        refusals.show(
            claim,
            refused,
            "to change who may read the origin endpoint",
            code=NOT_CLOSED,
            hint=hint,
            authorization=row.authorization_seen,
        )
        return None
    facts = parts.ENDPOINT.facts(info)
    seen = facts["authorization_seen"]
    if seen != row.authorization:
        refusals.show_not_taken(
            claim,
            "another CDN authorization of the origin endpoint",
            seen or "none, so that everybody may read it",
            code=NOT_CLOSED,
            hint="Look at the endpoint in MediaPackage's console. Apply settings sends ours once more.",
            request_id=info.request_id,
            **{**facts, "authorization": seen},
        )
        return None
    why = "closed: only CloudFront may read it" if row.authorization else "open: everybody may read it"
    claim.note(f"MediaPackage endpoint {why}", request_id=info.request_id, **facts)
    return AT_ONCE


def tell_distribution(claim: Claim) -> float | None:
    """Have CloudFront send what the endpoint wants to see, with all other settings that it lacks.

    Writes a row; its own step calls CloudFront.
    """
    row: Channel = claim.row
    if row.distribution is not None:
        with transaction.atomic():
            OWNER.lock(row.distribution)
            distributions.distribution_origin_secret_change(row.distribution, row.origin_secret, who=SYSTEM)
            distributions.distribution_settings_apply(row.distribution, alias=alias_of(row), who=SYSTEM)
    claim.row.refresh_from_db()
    return AT_ONCE
