"""Gives a distribution the settings of the house, and the header that its origin wants to see.

While something is on air on it, only the header is sent: the origin refuses viewers without it. The rest
waits. A secret that nobody may read delays the header alone. A step that dies is taken again: it reads first,
and writes only what differs.
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
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import recorded_settings, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import FOR_A_PERSON

SETTINGS_REFUSED = "settings_refused"
# What is said to be refused.
SETTINGS = "the settings of the distribution"
HEADER = "the header for the closed origin"


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
    """Send them. A refusal is shown, and the distribution goes on as it is.

    If the secret cannot be read, the header stays as CloudFront has it; the other settings need no secret.
    """
    row: Distribution = claim.row
    on_air = bool(owners.owner().holds(row))
    wanted = recorded_settings.encoded(delivery.wanted())
    refusals.keep_others(claim, SETTINGS_REFUSED)
    header, unread = _header(row)
    if header is None and (on_air or not _lacks_more(row, wanted)):
        return _show_unread(claim, unread)
    delivered = None if on_air else sent_settings()
    viewer = viewer_settings(row)
    value = None if header is None else header.value
    try:
        info = send(
            claim,
            lambda api, id, ours: api.apply(
                id, delivery=delivered, viewer=viewer, origin_header=value, is_ours=ours
            ),
        )
    except FOR_A_PERSON as error:
        return _show_refused(claim, error)
    if info is None:
        return AT_ONCE
    with transaction.atomic():
        now = Distribution.objects.select_for_update().get(pk=row.pk)
        sent = {} if header is None else _columns_of(header)
        claim.change_state(
            row.state if info.deployed else MEANWHILE[State(row.state)],
            why="origin header sent" if on_air else "settings sent",
            request_id=info.request_id,
            polled_list="" if info.deployed else LIST,
            observed_at=Now(),
            own_etag=info.etag or "",
            settings_pending=on_air or header is None or now.origin_secret != header.secret,
            **sent,
            **({} if on_air else {"settings_applied": wanted, **_alias_after(row)}),
            **facts_of(info),
        )
    if header is None:
        _show_unread(claim, unread)
    return AT_ONCE if info.deployed else None


def _header(row: Distribution) -> tuple[origin_header.OriginHeader | None, AwsError | None]:
    """The header to send; None, and why, if a person has to make its secret readable first."""
    try:
        return origin_header.read(row.origin_secret), None
    except (*FOR_A_PERSON, origin_header.UnusableSecret) as error:
        return None, error


def _columns_of(header: origin_header.OriginHeader) -> dict[str, Any]:
    return {"origin_header_secret": header.secret, "origin_header_version": header.version}


def _lacks_more(row: Distribution, wanted: str) -> bool:
    """Whether CloudFront lacks settings that need no secret."""
    return row.settings_applied != wanted or row.alias_given not in ("", row.alias)


def _show_unread(claim: Claim, error: AwsError | None) -> float:
    """Show why the header is not sent. It is tried again by itself, after what else is due."""
    if error is not None:
        refusals.show(claim, error, HEADER, code=SETTINGS_REFUSED, hint=error.hint)
    return float(settings.FULL_OBSERVE_SECONDS)


def _show_refused(claim: Claim, error: AwsError) -> float | None:
    """Show what CloudFront says. Settings that it does not take are not sent again by themselves."""
    hint = "Correct the setting and restart StreamHub, then press Apply settings on its channel."
    if isinstance(error, Refused):
        claim.save(settings_pending=False)
    return refusals.show(claim, error, SETTINGS, code=SETTINGS_REFUSED, hint=hint)


def _alias_after(row: Distribution) -> dict[str, Any]:
    """The columns of an alias that was taken off."""
    return {} if row.alias_given == row.alias else {"alias_given": "", "alias_serves": False}
