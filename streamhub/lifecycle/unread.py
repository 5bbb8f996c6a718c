"""What could not be read from AWS: noted for each list by the observer, forgotten when the list is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Coalesce, Now

from streamhub.errors import AccessDenied, AwsError
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.polled_lists import PolledList, polled_lists

NO_PERMISSION = (
    "Check StreamHub's AWS credentials and their policy: manage.py check_aws names what is missing, "
    "manage.py iam_policy prints the policy."
)
WAIT = (
    "StreamHub keeps trying. If this lasts, look at AWS's health dashboard, and who else calls this service "
    "from the account."
)


def note(polled_list: PolledList, error: AwsError) -> None:
    """The list could not be read now."""
    hint = NO_PERMISSION if isinstance(error, AccessDenied) else WAIT
    Listing.objects.filter(key=polled_list.key).update(
        unread_since=Coalesce("unread_since", Now()), unread_error=str(error), unread_hint=hint
    )


@dataclass(frozen=True)
class Service:
    """One AWS service as the observer sees it. Of the lists: the oldest reading, the first failure.

    `needed`: whether any of its lists has ever been read or tried.
    """

    name: str
    read_at: datetime | None = None
    unread_since: datetime | None = None
    error: str = ""
    hint: str = ""

    @property
    def needed(self) -> bool:
        return self.read_at is not None or self.unread_since is not None


def services() -> list[Service]:
    """Every AWS service that has a polled list. One query."""
    listings = {listing.key: listing for listing in Listing.objects.all()}
    by_service: dict[str, list[Listing]] = {}
    for polled_list in polled_lists():
        kept = by_service.setdefault(polled_list.service, [])
        if polled_list.key in listings:
            kept.append(listings[polled_list.key])
    return [_service(name, kept) for name, kept in by_service.items()]


def _service(name: str, listings: Iterable[Listing]) -> Service:
    listings = list(listings)
    read = [listing.listed_at for listing in listings if listing.listed_at]
    unread = [
        (listing.unread_since, listing.unread_error, listing.unread_hint)
        for listing in listings
        if listing.unread_since
    ]
    return Service(name, min(read, default=None), *min(unread, default=()))
