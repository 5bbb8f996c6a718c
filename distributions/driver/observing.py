"""Read distributions: by list, one by one, and whole configurations for staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from distributions import owners
from distributions.models import Desired, Distribution, State
from streamhub.aws.cloudfront import CloudFront, DistributionInfo
from streamhub.aws.ownership import text_of_comment
from streamhub.aws.ratelimit import urgency
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import NotFound
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim, forget_free
from streamhub.lifecycle.polled_lists import PolledList, Watch
from streamhub.quotas import places
from streamhub.quotas.catalogue import DISTRIBUTIONS

LIST = "distribution"
GONE = "gone from CloudFront"


def cloudfront() -> CloudFront:
    return CloudFront(current_session())


def facts_of(info: DistributionInfo) -> dict[str, Any]:
    """The columns to write from what CloudFront answered."""
    facts: dict[str, Any] = {
        "status": info.status,
        "enabled": info.enabled,
        "domain_name": info.domain_name,
        "arn": info.arn,
        "price_class_seen": info.price_class,
        "key_groups_seen": ",".join(info.key_groups),
        "aliases_seen": ",".join(sorted(info.aliases)),
        "certificate_seen": info.certificate,
        "comment_mark": text_of_comment(info.comment),
    }
    if info.etag:
        facts["etag"] = info.etag
    return facts


def gone_facts(row: Distribution, listed_at: datetime) -> dict[str, Any] | None:
    """The columns for a distribution that a complete list lacks; None unless we deleted it ourselves.

    None of them if that was after the list began: the next list proves it.
    """
    if row.delete_accepted_at:
        return {"gone_at": listed_at} if row.delete_accepted_at < listed_at else {}
    return None


def forget_reaped(rows: QuerySet[Distribution], listed_at: datetime) -> int:
    """Remove the rows that the reaper had deleted before the list began, without a step for each.

    Thousands of them are proven gone at once; their steps would hold up the deletions that go on meanwhile.
    """
    reaped = rows.filter(
        state=State.DELETING,
        desired=Desired.DELETED,
        attached=False,
        protected=False,
        delete_accepted_at__lt=listed_at,
        awaits="",
        alias_record="",
    )
    return forget_free(reaped, why=GONE)


def _describe(aws_distribution_id: str) -> DistributionInfo:
    with urgency():
        return cloudfront().get(aws_distribution_id)


POLLED_LIST = PolledList(
    key=LIST,
    model=Distribution,
    id_field="aws_distribution_id",
    pages=lambda: cloudfront().pages(),
    facts=facts_of,
    gone=gone_facts,
    title="CloudFront distributions",
    service="CloudFront",
    confirms=Q(delete_accepted_at__isnull=False),
    watch=Watch(lambda: Q(gone_at=None) & owners.owner().in_use(), _describe),
    counts=lambda info: ((DISTRIBUTIONS.key, ""),),
    needed=lambda: places.waits_for(LIST),
    forget=forget_reaped,
)


def describe(claim: Claim) -> None:
    """Read it and save its columns, or save the suspicion that it is gone.

    The answer has the configuration too: staff who asked for it need no second read.
    """
    row: Distribution = claim.row
    claim.looked_at.add(LIST)
    try:
        info, config = cloudfront().get_whole(row.aws_distribution_id or "")
    except NotFound:
        _suspect(claim)
        return
    asked = _config_read(config) if row.config_requested else {}
    seen = {"observe_requested": False, "observed_at": Now(), "suspect_since": None, "gone_at": None}
    claim.save(**facts_of(info), **seen, **asked)


def _config_read(config: dict[str, Any]) -> dict[str, Any]:
    return {"config": config, "config_observed_at": Now(), "config_requested": False}


def _suspect(claim: Claim) -> None:
    """Save a NotFound: after our own accepted delete one is proof, otherwise it takes two."""
    row: Distribution = claim.row
    now = database_now()
    gone = row.delete_accepted_at is not None or absence.is_confirmed(row, now, row.create_sent_at)
    claim.save(
        suspect_since=row.suspect_since or now,
        gone_at=now if gone else None,
        observe_requested=not gone,
        observed_at=Now(),
    )


def look_again(claim: Claim) -> float | None:
    """Show the suspicion, and read once more a little later."""
    claim.keep_error = True
    error_columns = absence.suspicion(
        f"CloudFront answers that {claim.row.aws_distribution_id} does not exist.",
        "StreamHub asks once more to be sure before it acts on that.",
    )
    claim.save(observe_requested=True, **error_columns)
    return float(settings.OBSERVE_SECONDS)


def read_config(claim: Claim) -> None:
    """Read the whole configuration, for staff. After a NotFound the next step describes the distribution."""
    row: Distribution = claim.row
    try:
        config, _etag, _request_id = cloudfront().get_config(row.aws_distribution_id or "")
    except NotFound:
        claim.save(config_requested=False, observe_requested=True)
        return
    claim.save(**_config_read(config))


def edited_outside(row: Distribution) -> bool:
    """Whether somebody changed it outside StreamHub since our last write."""
    return bool(row.own_etag) and row.etag != row.own_etag and not row.alias_leaving
