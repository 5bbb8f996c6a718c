"""Gives a distribution the settings of the house, and the header that its origin wants to see.

While something is on air on it, only the header is sent: the origin refuses viewers without it. The rest
waits. A step that dies is taken again: it reads first, and writes only what differs.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import delivery, owners
from distributions.driver import origin_header
from distributions.driver.observing import LIST, facts_of
from distributions.driver.pricing import MEANWHILE
from distributions.driver.sending import send
from distributions.models import Distribution, State
from streamhub.errors import Refused
from streamhub.lifecycle import recorded_settings, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE

SETTINGS_REFUSED = "settings_refused"


def header_due(row: Distribution) -> bool:
    """Whether CloudFront sends no value of the secret that the origin wants to see, or of another one."""
    return row.origin_secret != row.origin_header_secret


def is_due(row: Distribution) -> bool:
    """Whether something can be sent now. A query for what is on air, while settings are pending."""
    if not row.settings_pending or not row.aws_distribution_id:
        return False
    return header_due(row) or not owners.owner().holds(row)


def waits(row: Distribution) -> bool:
    """Whether settings are to be sent, and wait for what is on air."""
    return row.settings_pending and row.attached and not is_due(row)


def sent_settings() -> dict[str, Any]:
    """The arguments of `with_delivery`."""
    return {
        "response_headers_policy_id": settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID or None,
        "key_group_id": settings.CLOUDFRONT_KEY_GROUP_ID or None,
    }


def viewer_settings(row: Distribution) -> dict[str, Any]:
    """The arguments of `with_viewer_settings`: a former alias goes; a new one comes by a step of its own."""
    return {
        "alias": row.alias,
        "former": row.alias_given,
        "certificate_arn": settings.CLOUDFRONT_CERTIFICATE_ARN or None,
    }


def apply(claim: Claim) -> float | None:
    """Send them. A refusal is shown, and the distribution goes on as it is."""
    row: Distribution = claim.row
    on_air = bool(owners.owner().holds(row))
    wanted = recorded_settings.encoded(delivery.wanted())
    header = origin_header.read(row.origin_secret)
    refusals.keep_others(claim, SETTINGS_REFUSED)
    delivered = None if on_air else sent_settings()
    viewer = viewer_settings(row)
    try:
        info = send(
            claim,
            lambda api, id, ours: api.apply(
                id, delivery=delivered, viewer=viewer, origin_header=header.value, is_ours=ours
            ),
        )
    except Refused as error:
        hint = "Correct the setting and restart StreamHub, then press Apply settings on its channel."
        claim.save(settings_pending=False)
        refusals.show(claim, error, "the settings of the distribution", code=SETTINGS_REFUSED, hint=hint)
        return None
    if info is None:
        return AT_ONCE
    with transaction.atomic():
        now = Distribution.objects.select_for_update().get(pk=row.pk)
        claim.change_state(
            row.state if info.deployed else MEANWHILE[State(row.state)],
            why="origin header sent" if on_air else "settings sent",
            request_id=info.request_id,
            polled_list="" if info.deployed else LIST,
            observed_at=Now(),
            own_etag=info.etag or "",
            origin_header_secret=header.secret,
            origin_header_version=header.version,
            settings_pending=on_air or now.origin_secret != header.secret,
            **({} if on_air else {"settings_applied": wanted, **_alias_after(row)}),
            **facts_of(info),
        )
    return AT_ONCE if info.deployed else None


def _alias_after(row: Distribution) -> dict[str, Any]:
    """The columns of an alias that was taken off."""
    return {} if row.alias_given == row.alias else {"alias_given": "", "alias_serves": False}
