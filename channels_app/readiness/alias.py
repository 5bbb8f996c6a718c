"""Readiness of the alias: on the distribution, led to by DNS, and open to the sites that send cookies."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from channels_app.readiness.check import Check, last_observed, readable
from distributions import aliases
from distributions.models import Distribution, HeadersPolicy
from streamhub.lifecycle.freshness import is_fresh


def alias(row: Distribution | None) -> list[Check]:
    """Whether viewers reach it by its alias, and pages with cookies; nothing where it has none."""
    if row is None or not aliases.alias_wanted(row):
        return []
    observed_at = last_observed(row, "distribution")
    checks = [readable(row, observed_at, "alias", lambda: _in_place(row))]
    if settings.ROUTE53_ZONE_ID:
        read_at = row.alias_observed_at if is_fresh(row.alias_observed_at) else None
        checks.append(readable(row, read_at, "alias_record", lambda: _leads_here(row)))
    return checks + _origins()


def _in_place(row: Distribution) -> tuple[bool, str]:
    if row.alias_problem or row.error_code == "alias_refused":
        return False, row.alias_problem or row.error_message
    if not aliases.has_alias(row):
        return False, _(
            "%(alias)s is not on the distribution yet; viewers get %(domain_name)s until then."
        ) % {"alias": row.alias, "domain_name": row.domain_name}
    record = aliases.record_to_make(row)
    if record is None:
        return True, _("%(alias)s is on the distribution.") % {"alias": row.alias}
    return True, (
        _(
            "%(alias)s is on the distribution. StreamHub does not keep its DNS record, which has to be "
            "%(name)s %(type)s %(value)s."
        )
        % {"alias": row.alias, "name": record.name, "type": record.type, "value": record.value}
    )


def _leads_here(row: Distribution) -> tuple[bool, str]:
    if row.error_code == "record_refused":
        return False, row.error_message
    if row.alias_points_to == row.domain_name:
        return True, _("The DNS record of %(alias)s leads to %(domain_name)s.") % {
            "alias": row.alias,
            "domain_name": row.domain_name,
        }
    where = (
        _("leads to %(alias_points_to)s") % {"alias_points_to": row.alias_points_to}
        if row.alias_points_to
        else _("does not lead to a distribution")
    )
    return False, _("The DNS record of %(alias)s %(where)s; it should lead to %(domain_name)s.") % {
        "alias": row.alias,
        "where": where,
        "domain_name": row.domain_name,
    }


def _origins() -> list[Check]:
    """Whether pages of the house's sites play with cookies; nothing where none of them is named."""
    if not settings.PLAYBACK_ORIGINS:
        return []
    policy_id = settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID
    policy = HeadersPolicy.objects.filter(policy_id=policy_id).first()
    read_at = policy.observed_at if policy is not None and is_fresh(policy.observed_at) else None
    name = "playback_origins"
    if policy is None or read_at is None or policy.read_problem:
        problem = policy.read_problem if policy is not None else ""
        return [
            Check(
                name,
                None,
                (
                    _("The policy %(policy_id)s was not read lately. %(problem)s")
                    % {"policy_id": policy_id, "problem": problem}
                ).strip(),
                read_at,
            )
        ]
    if policy.problem:
        return [
            Check(
                name,
                False,
                _("The response headers policy %(policy_id)s: %(problem)s")
                % {"policy_id": policy_id, "problem": policy.problem},
                read_at,
            )
        ]
    return [
        Check(
            name,
            True,
            _("Pages of %(playback_origins)s play with cookies.")
            % {"playback_origins": ", ".join(settings.PLAYBACK_ORIGINS)},
            read_at,
        )
    ]
