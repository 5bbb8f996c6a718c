"""Read the account's limits from Service Quotas, and count what no observation counts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models.functions import Now

from streamhub.aws.service_quotas import QuotaValue, ServiceQuotas
from streamhub.aws.session import AwsSession, current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.polled_lists import polled_lists
from streamhub.lifecycle.reading import read_list
from streamhub.quotas import places
from streamhub.quotas.catalogue import KINDS, Kind
from streamhub.quotas.models import Place, Quota

log = logging.getLogger(__name__)

# Limits change seldom. What could not be read is tried more often, and so is what a creation waits for.
READ_EVERY = timedelta(hours=23)
TRY_AGAIN = timedelta(hours=1)
# A list that nobody has read for so long is read for its count.
COUNT_AGAIN = timedelta(hours=20)


def read(run: JobRun) -> None:
    """The work of the job: the limits if that is due, then the lists that nothing else has read lately.

    A limit that cannot be read is no failure: the setting or AWS's default stands in, and the page says so.
    Raises `AwsError` if a list cannot be read.
    """
    services = [list(kinds) for _service, kinds in groupby(KINDS, key=lambda kind: kind.service)]
    due = _due()
    read = [_read_service(kinds) for kinds in services if due.intersection(kind.key for kind in kinds)]
    listed = _count()
    for kind in KINDS:
        places.look_again(kind)
    run.say(f"limits read: {sum(read)}, lists read: {listed}")


def _due() -> set[str]:
    """The keys of the quotas whose limit is to be read."""
    now = database_now()
    quotas = {quota.key: quota for quota in Quota.objects.all()}
    waiting = set(Place.objects.filter(taken_at=None).values_list("quota", flat=True))
    return {kind.key for kind in KINDS if _is_due(quotas.get(kind.key), now, kind.key in waiting)}


def _is_due(quota: Quota | None, now: datetime, waiting: bool) -> bool:
    """`waiting`: a creation waits, so that a higher limit matters at once."""
    if quota is None or quota.tried_at is None:
        return True
    passed = now - quota.tried_at
    failed = bool(quota.read_error)
    return passed > READ_EVERY or (failed and passed > TRY_AGAIN) or (waiting and passed > places.READ_AGAIN)


def _read_service(kinds: list[Kind]) -> int:
    """Read the limits of one service, and return how many are known. One call or two."""
    try:
        values = limits_of(current_session(), kinds)
    except AwsError as error:
        log.warning("The quotas of %s could not be read: %s", kinds[0].service, error)
        for kind in kinds:
            Quota.objects.update_or_create(
                key=kind.key, defaults={"read_error": str(error), "tried_at": Now()}
            )
        return 0
    for kind in kinds:
        _forget_refusal_of_lower_limit(kind, values.get(kind.key))
        unknown = "" if kind.key in values else f"Service Quotas has no quota named {kind.name}."
        Quota.objects.update_or_create(
            key=kind.key,
            defaults={
                "limit": values.get(kind.key),
                "read_at": Now(),
                "tried_at": Now(),
                "read_error": unknown,
            },
        )
    return len(values)


def limits_of(session: AwsSession, kinds: Sequence[Kind]) -> Mapping[str, int]:
    """The limits of these quotas of one service, by their keys. One call or two. Raises `AwsError`.

    AWS's own default counts where the account was given no other value.
    """
    service, region = kinds[0].service, kinds[0].region or session.target.region
    quotas = ServiceQuotas(session, region)
    values = _values(kinds, quotas.applied(service))
    if missing := [kind for kind in kinds if kind.key not in values]:
        values = {**_values(missing, quotas.defaults(service)), **values}
    return values


def _forget_refusal_of_lower_limit(kind: Kind, limit: int | None) -> None:
    """A refusal says nothing any more once AWS has raised the limit."""
    raised = Quota.objects.filter(key=kind.key, refused_at__isnull=False, limit__lt=limit or 0)
    raised.update(refused_at=None, refused_count=None, tries=0, next_try_at=None)


def _values(kinds: Sequence[Kind], found: Iterable[QuotaValue]) -> Mapping[str, int]:
    quotas = list(found)
    return {
        kind.key: quota.value for kind in kinds for quota in quotas if kind.is_named(quota.code, quota.name)
    }


def _count() -> int:
    """Read the lists that were not read for most of a day, and return how many. Raises `AwsError`."""
    lately = Listing.objects.filter(listed_at__gt=database_now() - COUNT_AGAIN)
    keys = {kind.listing for kind in KINDS} - set(lately.values_list("key", flat=True))
    due = [polled_list for polled_list in polled_lists() if polled_list.key in keys]
    for polled_list in due:
        read_list(polled_list)
    return len(due)
