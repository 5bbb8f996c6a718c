"""The example of docs/billing.md, worked by hand, against the product's attribution."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from billing.attribution import Coverage, Period, Span, attribute

DOCUMENT = (Path(__file__).parents[2] / "docs" / "billing.md").read_text()
DAY = datetime(2026, 11, 22, tzinfo=UTC)
MATINEE, SOIREE = 1, 2
TAIL = timedelta(seconds=120)


def at(text: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(text), tzinfo=UTC)


def example() -> str:
    return DOCUMENT[DOCUMENT.index("## An example") : DOCUMENT.index("## Where to look")]


def attached(name: str) -> tuple[datetime, datetime]:
    """From and to of a show, as the text has them."""
    text = " ".join(example().split())
    found = re.search(rf"{name}(?: is attached)? from ([\d:]+) to ([\d:]+)", text)
    assert found is not None
    return at(found[1]), at(found[2])


def rows() -> list[list[str]]:
    lines = [line for line in example().splitlines() if re.match(r"\| \d\d:\d\d ", line)]
    return [[cell.strip().replace(",", "") for cell in line.strip("|").split("|")] for line in lines]


def coverage(soiree_start: datetime | None = None) -> Coverage:
    matinee, soiree = attached("matinee"), attached("soirée")
    spans = [Span(MATINEE, *matinee, TAIL), Span(SOIREE, soiree_start or soiree[0], soiree[1], TAIL)]
    return Coverage(spans)


def split(minute: str, downloaded: int, its: Coverage) -> dict[int | None, int]:
    ((_, shares),) = attribute([Period(at(minute), 60, downloaded, 0)], its)
    return {share.breakout: share.amount.bytes_downloaded for share in shares}


def test_each_row_of_the_example_is_what_the_product_says() -> None:
    assert len(rows()) == 6
    for minute, downloaded, first_covers, second_covers, *parts in rows():
        start = at(minute)
        weights = {
            weight.breakout: weight.microseconds // 10**6
            for weight in coverage().weights(start, start + timedelta(minutes=1))
        }
        assert f"{weights.get(MATINEE, 0)} s" == first_covers
        assert f"{weights.get(SOIREE, 0)} s" == second_covers
        found = split(minute, int(downloaded), coverage())
        assert [found.get(key, 0) for key in (MATINEE, SOIREE, None)] == [int(part) for part in parts]


def test_the_shared_minute_of_the_example_is_what_the_product_says() -> None:
    text = " ".join(example().split())
    found = re.search(
        r"begun at ([\d:]+), minute ([\d:]+) .* of (\d+) bytes (\d+) and (\d+); of (\d+) .*"
        r" so (\d+) and (\d+)",
        text,
    )
    assert found is not None
    start, minute, *numbers = found.groups()
    total, first, second, odd, odd_first, odd_second = map(int, numbers)
    earlier = coverage(at(start))
    assert split(minute, total, earlier) == {MATINEE: first, SOIREE: second}
    assert split(minute, odd, earlier) == {MATINEE: odd_first, SOIREE: odd_second}
