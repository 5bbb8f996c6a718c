"""Gives a distribution its alias, and keeps the DNS record that leads to it.

The certificate is read first: CloudFront refuses a name that it does not cover. An alias that a detached
distribution of ours still has is moved in one call, so that it never leads nowhere; one that no distribution
has is added. A name that a stranger's distribution has is never moved. Each step makes one change; one that
died is taken again, and reads first. What CloudFront accepts and does not show is sent once, then told.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import aliases
from distributions.driver import naming
from distributions.driver.observing import LIST, cloudfront, facts_of
from distributions.driver.pricing import MEANWHILE
from distributions.driver.sending import send
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields
from streamhub.lifecycle.refusals import FOR_A_PERSON

ALIAS_REFUSED = "alias_refused"
NOT_TAKEN = (
    "Viewers watch by the distribution's own domain meanwhile. Look at the distribution in CloudFront's "
    "console, then press Retry."
)
HINT = (
    "Viewers watch by the distribution's own domain meanwhile. Correct CLOUDFRONT_CERTIFICATE_ARN or what "
    "has the name, then press Retry; StreamHub also tries again every few minutes."
)


def give(claim: Claim) -> float | None:
    """Take the next step towards the alias. A refusal is shown, and the distribution goes on without it."""
    row: Distribution = claim.row
    refusals.keep_others(claim, ALIAS_REFUSED)
    source = aliases.holder(row)
    if row.alias_not_taken and row.alias_not_taken == _next_sent(row, source):
        return _tell_not_taken(claim, row.alias_not_taken)
    try:
        naming.check_certificate(row.alias)
        if source is None:
            return _add(claim)
        return _move(claim, source)
    except FOR_A_PERSON as error:
        _show(claim, error)
        return float(settings.FULL_OBSERVE_SECONDS)


def _next_sent(row: Distribution, source: Distribution | None) -> str:
    """What its next update is to give it, in words; "": no update, the alias can move from `source`."""
    arn = settings.CLOUDFRONT_CERTIFICATE_ARN
    if source is None:
        return f"alias {row.alias} with certificate {arn}"
    return "" if row.certificate_seen == arn else f"certificate {arn}"


def _tell_not_taken(claim: Claim, what: str) -> float:
    """Show that CloudFront has accepted it and shows others. Retry sends it once more."""
    row: Distribution = claim.row
    shown = f"aliases {row.aliases_seen or 'none'}, certificate {row.certificate_seen or 'of CloudFront'}"
    refusals.show_not_taken(claim, f"the {what}", shown, code=ALIAS_REFUSED, hint=NOT_TAKEN, request_id=None)
    return float(settings.FULL_OBSERVE_SECONDS)


def _show(claim: Claim, error: AwsError) -> None:
    what = f"The alias {claim.row.alias} is not in place"
    show(claim, error, what, code=ALIAS_REFUSED, hint=HINT)


def show(claim: Claim, error: AwsError, what: str, *, code: str, hint: str, **fields: Any) -> None:
    """Show on the row what does not go on, and why: in AWS's words, or in ours if we did not ask AWS."""
    shown = AwsError(f"{what}: {error.message}", code=code, request_id=error.request_id)
    claim.keep_error = True
    claim.save(**{**error_fields(shown, error.hint or hint), "error_needs_person": True}, **fields)


def _add(claim: Claim) -> float | None:
    """Nothing of ours has it: add it."""
    row: Distribution = claim.row
    arn = settings.CLOUDFRONT_CERTIFICATE_ARN
    # Before it is sent: whose it is, if the answer is lost. Where its name leads is not known yet.
    claim.save(alias_given=row.alias, alias_points_to="")
    what = _next_sent(row, None)
    info = send(claim, lambda api, id, ours: api.give_alias(id, row.alias, arn, is_ours=ours))
    return _sent(claim, info, f"alias {row.alias} sent", "" if info and row.alias in info.aliases else what)


def _move(claim: Claim, source: Distribution) -> float | None:
    """Move it from `source`, once that is disabled and this one has the certificate."""
    row: Distribution = claim.row
    if source.enabled or source.attached:
        return float(settings.OBSERVE_SECONDS)
    if what := _next_sent(row, source):
        arn = settings.CLOUDFRONT_CERTIFICATE_ARN
        info = send(claim, lambda api, id, ours: api.set_certificate(id, arn, is_ours=ours))
        untaken = "" if info and info.certificate == arn else what
        return _sent(claim, info, f"certificate for {row.alias} sent", untaken)
    # Its record led to `source`, or to nothing since that was detached.
    claim.save(alias_given=row.alias, alias_points_to="")
    _let_go(source)
    with claim.sending(own_etag=""):
        etag, request_id = absence.observe_on_conflict(
            claim, lambda: cloudfront().move_alias(row.aws_distribution_id or "", row.etag, row.alias)
        )
    seen = ",".join(sorted({*aliases.names_seen(row), row.alias}))
    claim.change_state(
        State.DEPLOYING,
        why=f"alias {row.alias} moved from {source.aws_distribution_id}",
        request_id=request_id,
        polled_list=LIST,
        etag=etag,
        own_etag=etag,
        status="InProgress",
        aliases_seen=seen,
        alias_not_taken="",
    )
    return None


def _let_go(source: Distribution) -> None:
    """Before the move: its ETag is about to change, which is no edit from outside."""
    Distribution.objects.filter(pk=source.pk).update(alias_leaving=True, own_etag="", alias_serves=False)


def _sent(claim: Claim, info: DistributionInfo | None, why: str, not_taken: str) -> float | None:
    """Record what CloudFront answered. `not_taken`: what was sent and the answer does not show."""
    row: Distribution = claim.row
    if info is None:
        return AT_ONCE
    claim.change_state(
        row.state if info.deployed else MEANWHILE[State(row.state)],
        why=why,
        request_id=info.request_id,
        polled_list="" if info.deployed else LIST,
        observed_at=Now(),
        own_etag=info.etag or "",
        alias_not_taken=not_taken,
        **facts_of(info),
    )
    return AT_ONCE if info.deployed else None


def point(claim: Claim) -> float | None:
    """Point the DNS record to the distribution, unless it is somebody else's, which is shown.

    From then on the alias leads there: it is deployed, which this step waits for.
    """
    row: Distribution = claim.row
    refusals.keep_others(claim, naming.RECORD_REFUSED)
    try:
        request_id = naming.point(claim)
    except FOR_A_PERSON as error:
        what = f"The DNS record of {row.alias} is not changed"
        known = {"alias_points_to": "", "alias_observed_at": Now()} if isinstance(error, Refused) else {}
        show(claim, error, what, code=naming.RECORD_REFUSED, hint=naming.HINT, **known)
        return float(settings.FULL_OBSERVE_SECONDS)
    why = f"DNS record {row.alias} points to {row.domain_name}"
    leads = {"alias_points_to": row.domain_name, "alias_observed_at": Now(), "alias_serves": True}
    claim.note(why, request_id=request_id, **leads)
    return AT_ONCE


def unpoint(claim: Claim) -> float | None:
    """Remove a DNS record of ours, or leave it to the distribution that has its name now.

    That AWS denies it is shown. A deletion waits for it, nothing else but the alias does.
    """
    row: Distribution = claim.row
    refusals.keep_others(claim, naming.RECORD_LEFT)
    if naming.leave_to_heir(claim):
        return AT_ONCE
    name = aliases.record_name(row)
    try:
        request_id = naming.clear(name)
        why = f"DNS record {name} removed"
    except Refused as error:  # a deletion is carried out all the same
        request_id, why = error.request_id, f"DNS record {name} is left, remove it by hand: {error.message}"
    except FOR_A_PERSON as error:
        if row.state not in MEANWHILE:
            raise  # it is about to go: nothing else is due
        what = f"The DNS record of {name} is not removed"
        show(claim, error, what, code=naming.RECORD_LEFT, hint=naming.LEFT)
        return float(settings.FULL_OBSERVE_SECONDS)
    with transaction.atomic():
        claim.note(why, request_id=request_id, alias_record="")
    return AT_ONCE


def look(claim: Claim) -> None:
    """After a describe: read certificate and record again, for the readiness. A refusal is kept in words."""
    row: Distribution = claim.row
    if not aliases.alias_wanted(row) or not settings.CLOUDFRONT_CERTIFICATE_ARN:
        return
    try:
        problem = naming.certificate_problem(row.alias)
        points_to = naming.points_to(row.alias) if settings.ROUTE53_ZONE_ID else ""
    except Refused as error:
        problem, points_to = error.message, row.alias_points_to
    claim.save(alias_problem=problem, alias_points_to=points_to, alias_observed_at=Now())
