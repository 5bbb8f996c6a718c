"""What an item costs exactly, in billionths of a dollar, and by which versions of the rates. An ESTIMATE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from billing.pricing.book import PriceBook, Version
from billing.pricing.catalogue import Usage
from billing.pricing.services import region_of
from billing.statements.items import Used

NANOS = Decimal(1_000_000_000)


class Prices:
    """The rates of one price book. `unpriced`: the titles of what was asked for and has no rate."""

    def __init__(self, book: PriceBook) -> None:
        self._book, self._numbered = book, book.numbered()
        self._known: dict[tuple[Usage, datetime], Version | None] = {}
        self.unpriced: set[str] = set()

    def cost(self, used: Iterable[Used], issued: str = "") -> tuple[int, str]:
        """The nanos, and the numbers of the versions.

        `issued`: the versions by which the item was priced before. They stay its rates: a new version of a
        rate changes nothing that was issued.
        """
        before = self._versions(issued)
        total, numbers = Decimal(0), set()
        for each in used:
            version = before.get(each.usage) or self._at(each.usage, each.when)
            if version is None:
                self.unpriced.add(each.usage.title)
                continue
            numbers.add(version.number)
            total += version.cost(each.quantity)
        return int((total * NANOS).to_integral_value()), " ".join(map(str, sorted(numbers)))

    def _versions(self, issued: str) -> Mapping[Usage, Version]:
        found = [self._numbered[number] for number in map(int, issued.split()) if number in self._numbered]
        usages = [version.usage for version in found]
        # Of a kind of usage with several versions its moment decides, as it did.
        return {version.usage: version for version in found if usages.count(version.usage) == 1}

    def _at(self, usage: Usage, when: datetime) -> Version | None:
        if (usage, when) not in self._known:
            self._known[usage, when] = self._book.at(usage, region_of(usage), when)
        return self._known[usage, when]
