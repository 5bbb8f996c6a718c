"""How each quota stands now: limit, used, headroom, who waits. Read from rows; makes no AWS call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from streamhub.lifecycle.models import Listing
from streamhub.quotas.arithmetic import is_little
from streamhub.quotas.catalogue import KINDS, Kind, parse_quotas
from streamhub.quotas.models import Level, Place, Quota

# After this time every list shows what a dead worker may have created.
ABANDONED = timedelta(seconds=60)


class Source(StrEnum):
    """Where a limit comes from, as the API spells it."""

    SERVICE_QUOTAS = "service-quotas"
    SETTING = "setting"
    DEFAULT = "default"


@dataclass(frozen=True)
class Standing:
    """One quota now. `listed`: what the last whole list counted, of all owners; `taken`: created since.

    `observed_at`: when that list began; None: never, so that nothing is known. `waiting`: rows that wait for
    a place. `places`: all rows of `Place`, also those that a list shows by now. `noted_level`: as stored.
    """

    kind: Kind
    limit: int
    source: Source
    listed: int
    taken: int
    waiting: int
    observed_at: datetime | None
    read_at: datetime | None
    read_error: str
    refused_at: datetime | None
    refused_count: int | None
    noted_level: str
    level_since: datetime | None
    places: int

    @property
    def used(self) -> int:
        return self.listed + self.taken

    @property
    def headroom(self) -> int | None:
        """How many more AWS allows; None: not known."""
        if self.observed_at is None:
            return 0 if self.refused_at else None
        most = self.limit if self.refused_count is None else min(self.limit, self.refused_count)
        return max(0, most - self.used)

    @property
    def certain(self) -> bool:
        """Whether the limit is this account's own. AWS's default may have been raised."""
        return self.source != Source.DEFAULT or self.refused_at is not None

    @property
    def full(self) -> bool:
        return self.certain and self.headroom == 0

    @property
    def counted_full(self) -> bool:
        """Whether count and limit alone say that it is full."""
        return self.source != Source.DEFAULT and self.observed_at is not None and self.used >= self.limit

    @property
    def level(self) -> Level:
        if self.full:
            return Level.FULL
        little = self.headroom is not None and is_little(self.limit, self.headroom)
        return Level.LITTLE if little else Level.ENOUGH

    @property
    def more_than_refused(self) -> bool:
        """Whether more exist than when AWS refused one more, so that it allows that many."""
        return self.refused_at is not None and self.listed > (self.refused_count or 0)

    @property
    def noted(self) -> bool:
        """Whether nothing is to be written."""
        return self.noted_level == self.level and not self.more_than_refused and not self.places

    @property
    def sentence(self) -> str:
        """Such as "3 of 200 CloudFront distributions left"."""
        if self.headroom is None:
            return _("%(title)s: not counted yet, at most %(limit)s") % {
                "title": self.kind.title,
                "limit": self.limit,
            }
        return _("%(headroom)s of %(limit)s %(title)s left") % {
            "headroom": self.headroom,
            "limit": self.limit,
            "title": self.kind.title,
        }


def standings(kinds: Sequence[Kind] = KINDS, listing: Listing | None = None) -> list[Standing]:
    """These quotas, those with the least room first. Three queries at most.

    `listing`: the list that counts all of them, if it was read just now.
    """
    some = Exists(Place.objects.filter(quota=OuterRef("key")))
    rows = Quota.objects.filter(key__in=[kind.key for kind in kinds]).annotate(some=some)
    quotas = {quota.key: quota for quota in rows}
    keys = {kind.listing for kind in kinds}
    found_lists = [listing] if listing else Listing.objects.filter(key__in=keys)
    listings = {row.key: row for row in found_lists}
    # Whoever takes a place makes the quota's row first.
    places = _places([kind for kind in kinds if kind.key in quotas and quotas[kind.key].some], listings)
    limits = parse_quotas(settings.AWS_QUOTAS)
    found = [
        _standing(
            kind, quotas.get(kind.key) or Quota(key=kind.key), listings.get(kind.listing), limits, places
        )
        for kind in kinds
    ]
    return sorted(found, key=_share_left)


def standing_of(kind: Kind) -> Standing:
    """One quota now. Three queries at most."""
    (found,) = standings([kind])
    return found


def _share_left(standing: Standing) -> tuple[bool, float]:
    headroom = standing.headroom
    return headroom is None, 1.0 if headroom is None else headroom / max(standing.limit, 1)


def _standing(
    kind: Kind,
    quota: Quota,
    listing: Listing | None,
    limits: Mapping[str, int],
    places: Mapping[str, int],
) -> Standing:
    source, limit = _limit(kind, quota, limits)
    listed_at = listing.listed_at if listing else None
    return Standing(
        kind=kind,
        limit=limit,
        source=source,
        listed=listing.counts.get(kind.key, 0) if listing else 0,
        taken=places.get(f"taken:{kind.key}", 0),
        waiting=places.get(f"waiting:{kind.key}", 0),
        observed_at=listed_at,
        read_at=quota.read_at,
        read_error=quota.read_error,
        refused_at=quota.refused_at,
        refused_count=quota.refused_count,
        noted_level=quota.level,
        level_since=quota.level_since if quota.pk else None,
        places=places.get(f"all:{kind.key}", 0),
    )


def _limit(kind: Kind, quota: Quota, limits: Mapping[str, int]) -> tuple[Source, int]:
    if quota.limit is not None:
        return Source.SERVICE_QUOTAS, quota.limit
    if kind.key in limits:
        return Source.SETTING, limits[kind.key]
    return Source.DEFAULT, kind.default


def _places(kinds: Sequence[Kind], listings: Mapping[str, Listing]) -> dict[str, int]:
    counts: dict[str, Any] = {}
    for kind in kinds:
        listing = listings.get(kind.listing)
        own = Q(quota=kind.key)
        counts[f"taken:{kind.key}"] = Count(
            "pk", filter=own & counting(listing.listed_at if listing else None)
        )
        counts[f"all:{kind.key}"] = Count("pk", filter=own)
        counts[f"waiting:{kind.key}"] = Count("pk", filter=own & Q(taken_at=None))
    return Place.objects.aggregate(**counts) if counts else {}


def counting(listed_at: datetime | None) -> Q:
    """The places that a list begun at `listed_at` may not show yet."""
    if listed_at is None:
        return Q(taken_at__isnull=False)
    ended = Q(done_at__gte=listed_at)
    return Q(taken_at__isnull=False) & (ended | Q(done_at=None, taken_at__gte=listed_at - ABANDONED))
