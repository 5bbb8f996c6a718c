"""What an alias needs beside CloudFront: the certificate that covers it, and its DNS record in Route 53.

Whose a record is stands beside it: a TXT value with our environment, written in the same batch. Without it a
record is somebody else's and never changed, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from distributions import aliases
from distributions.models import Distribution
from streamhub.aws.acm import Acm
from streamhub.aws.route53 import NameRecords, Route53
from streamhub.aws.session import current_session
from streamhub.errors import Refused
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim

RECORD_REFUSED = "record_refused"
RECORD_LEFT = "record_left"
HINT = (
    "Viewers watch by the distribution's own domain meanwhile. Look at the record in Route 53: delete it, or "
    "point it to the distribution yourself; StreamHub looks again every few minutes, and at once after Retry."
)
LEFT = "Remove the record in Route 53 by hand, or let StreamHub do so; it tries again every few minutes."


def mark() -> str:
    """The TXT value beside the records that this installation has made."""
    return f"heritage=streamhub,streamhub:environment={settings.STREAMHUB_ENVIRONMENT}"


def check_certificate(alias: str) -> None:
    """Raises Refused, in a sentence, if the certificate does not cover the alias; AwsError."""
    if problem := certificate_problem(alias):
        raise Refused(problem, code="certificate")


def certificate_problem(alias: str) -> str:
    """Why CloudFront would refuse the alias; "": its certificate covers it. Raises AwsError."""
    return Acm(current_session()).certificate(settings.CLOUDFRONT_CERTIFICATE_ARN).problem_with(alias)


def points_to(alias: str) -> str:
    """The domain to which the alias leads; "": to none. Raises AwsError."""
    return _records(alias).points_to


def point(claim: Claim) -> str | None:
    """Let the alias lead to the row's distribution; returns the request id, None if it does already.

    Raises Refused if the name has records that are not ours; Retryable if they have changed since they were
    read.
    """
    row: Distribution = claim.row
    zone, domain = settings.ROUTE53_ZONE_ID, row.domain_name
    found = _records(row.alias)
    if found.points_to == domain:
        if found.carries(mark()):
            claim.save(alias_record=f"{row.alias} {domain}")
        return None
    if found.routes and not found.carries(mark()):
        raise Refused(
            f"{row.alias} has records in Route 53 that StreamHub has not made.", code="foreign_record"
        )
    claim.save(alias_record=f"{row.alias} {domain}")  # before it is sent: what is to be removed one day
    with claim.sending():
        return absence.observe_on_conflict(claim, lambda: _route53().point(zone, found, domain, mark()))


def clear(name: str) -> str | None:
    """Remove the records of a name if they are ours. Raises Conflict, Refused."""
    found = _records(name)
    return _route53().clear(settings.ROUTE53_ZONE_ID, found, mark()) if found.carries(mark()) else None


def left_behind(domain: str, names: Iterable[str]) -> str:
    """The first of the names whose record is ours and leads to the domain; "": none. Raises AwsError."""
    if not settings.ROUTE53_ZONE_ID:
        return ""
    return next((name for name in names if _ours_leads(_records(name), domain)), "")


def clear_left(name: str, domain: str) -> str | None:
    """Remove the record if it is still ours and still leads to the domain. Raises Conflict, Refused."""
    found = _records(name)
    if not _ours_leads(found, domain):
        return None
    return _route53().clear(settings.ROUTE53_ZONE_ID, found, mark())


def _ours_leads(found: NameRecords, domain: str) -> bool:
    return found.carries(mark()) and found.leads_to(domain)


def _records(name: str) -> NameRecords:
    return _route53().records(settings.ROUTE53_ZONE_ID, name)


def leave_to_heir(claim: Claim) -> bool:
    """Whether another distribution has the name: it changes the record, and removes it one day.

    One that is only to have it makes the record again. Until then it would lead to a deleted distribution.
    """
    row: Distribution = claim.row
    following = aliases.heir(row)
    if following is None or not aliases.has_alias(following):
        return False
    Distribution.objects.filter(pk=following.pk, alias_record="").update(alias_record=row.alias_record)
    claim.save(alias_record="")
    return True


def _route53() -> Route53:
    return Route53(current_session())
