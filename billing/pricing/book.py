"""The price book as values: which version of a rate is in force, and what a quantity costs by its tiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from billing.pricing.catalogue import ANY_REGION, Usage

ZERO = Decimal(0)


@dataclass(frozen=True)
class Tier:
    """From this quantity of the month on, a unit costs `price`."""

    start: Decimal
    price: Decimal


@dataclass(frozen=True)
class Version:
    """One version of a rate. `number`: its row's key, by which a cost says how it was priced."""

    number: int
    usage: Usage
    region: str
    currency: str
    tiers: tuple[Tier, ...]
    valid_from: datetime
    source: str
    verified: bool

    def cost(self, quantity: Decimal, before: Decimal = ZERO) -> Decimal:
        """What `quantity` units cost, exactly, when the month had `before` units already."""
        end, total = before + quantity, ZERO
        for tier, following in zip(self.tiers, (*self.tiers[1:], None), strict=True):
            stop = end if following is None else min(end, following.start)
            total += max(ZERO, stop - max(before, tier.start)) * tier.price
        return total


class PriceBook:
    """All versions of all rates."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._versions: defaultdict[tuple[Usage, str], list[Version]] = defaultdict(list)
        for version in versions:
            self._versions[version.usage, version.region].append(version)
        for versions_of_key in self._versions.values():
            versions_of_key.sort(key=lambda version: (version.valid_from, version.number))

    def at(self, usage: Usage, region: str, when: datetime) -> Version | None:
        """The version in force; the region's own before that of every region. None: there is no rate."""
        for place in (region, ANY_REGION):
            began = [v for v in self._versions.get((usage, place), ()) if v.valid_from <= when]
            if began:
                return began[-1]
        return None

    def numbered(self) -> dict[int, Version]:
        """All versions by their number."""
        return {version.number: version for versions in self._versions.values() for version in versions}

    def until(self, version: Version) -> datetime | None:
        """When the next version takes over; None: there is none yet."""
        later = [
            other.valid_from
            for other in self._versions[version.usage, version.region]
            if (other.valid_from, other.number) > (version.valid_from, version.number)
        ]
        return min(later, default=None)

    def newest(self) -> list[Version]:
        """Of each rate the version that begins last, in the order of the catalogue."""
        last = [versions[-1] for versions in self._versions.values()]
        return sorted(last, key=lambda version: (version.usage, version.region))

    def history(self, usage: Usage, region: str) -> list[Version]:
        """Every version of one rate, newest first."""
        return self._versions.get((usage, region), [])[::-1]


def tiers_of(pairs: Sequence[Sequence[str]]) -> tuple[Tier, ...]:
    """Tiers of `PriceRate.tiers`. Raises ValueError in words for what is no list of tiers."""
    try:
        tiers = tuple(Tier(Decimal(start), Decimal(price)) for start, price in pairs)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError("Write each tier as two numbers: from which quantity, and the price.") from None
    starts = [tier.start for tier in tiers]
    if not tiers or starts[0] != 0:
        raise ValueError("The first tier begins at 0.")
    if starts != sorted(set(starts)):
        raise ValueError("Each tier begins above the one before it.")
    if not all(tier.start.is_finite() and tier.price.is_finite() for tier in tiers):
        raise ValueError("Write numbers only.")
    if any(tier.price < 0 for tier in tiers):
        raise ValueError("A price is 0 or more.")
    return tiers


def pairs_of(tiers: Iterable[Tier]) -> list[list[str]]:
    """The tiers as `PriceRate.tiers` stores them."""
    return [[_text(tier.start), _text(tier.price)] for tier in tiers]


def _text(number: Decimal) -> str:
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
