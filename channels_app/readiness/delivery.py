"""Readiness of the distribution: attached, enabled, deployed, and its signatures."""

from __future__ import annotations

from django.utils.translation import gettext as _

from channels_app.models import Channel
from channels_app.readiness.check import Check, last_observed, readable
from distributions import signing
from distributions.models import Distribution
from streamhub.lifecycle.expectation import expected


def distribution(channel: Channel) -> list[Check]:
    row = channel.distribution
    if row is None:
        detail = _("No distribution is attached. Prepare or start creates one.")
        return [Check("distribution", False, detail)]
    observed_at = last_observed(row, "distribution")

    def exists() -> tuple[bool, str]:
        if row.suspect_since is not None:
            return (
                False,
                _("CloudFront answered that it does not exist. StreamHub reads it once more to be sure."),
            )
        if row.aws_distribution_id:
            return True, _("%(aws_distribution_id)s (%(domain_name)s) is attached.") % {
                "aws_distribution_id": row.aws_distribution_id,
                "domain_name": row.domain_name,
            }
        return False, row.error_message or _("It is being created.")

    return [
        readable(row, observed_at, "distribution", exists),
        readable(row, observed_at, "distribution_enabled", lambda: _enabled(row)),
        readable(row, observed_at, "distribution_deployed", lambda: _deployed(row)),
        *_signing(row),
    ]


def _signing(row: Distribution) -> list[Check]:
    """Whether viewers get signatures that CloudFront takes; nothing where it asks for none."""
    fit = signing.fit(row) if row.aws_distribution_id else None
    return [Check("playback_signing", fit.ok, fit.detail, fit.observed_at)] if fit else []


def _enabled(row: Distribution) -> tuple[bool, str]:
    return bool(row.enabled), _("CloudFront serves it.") if row.enabled else _("It is not enabled.")


def _deployed(row: Distribution) -> tuple[bool, str]:
    if row.status == "Deployed":
        return True, _("CloudFront has deployed it everywhere.")
    when = expected(row) or _("CloudFront is still deploying it.")
    return False, _("%(when)s Viewers in some regions may have to wait.") % {"when": when}
