"""How many watch: an estimate from the requests of the newest minute that counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels_app.viewers import Minute, last_minute, viewers

NOW = datetime(2026, 11, 26, 20, 30, 20, tzinfo=UTC)


def minute(ago: int, requests: int = 30) -> Minute:
    return Minute(NOW.replace(second=0) - timedelta(minutes=ago), 1, requests)


@pytest.mark.parametrize(("requests", "people"), [(0, 0), (1, 1), (30, 1), (44, 1), (46, 2), (3000, 100)])
def test_a_viewer_causes_thirty_requests_a_minute(requests: int, people: int) -> None:
    assert viewers(requests) == people


@pytest.mark.parametrize(
    ("ago", "counts"),
    [((), None), ((4,), 4), ((4, 3), 4), ((5, 4, 3), 4), ((16, 15), None), ((20, 3), 3), ((3, 4, 5), 4)],
)
def test_the_newest_minute_counts_only_if_there_is_no_other_and_old_ones_never(
    ago: tuple[int, ...], counts: int | None
) -> None:
    found = last_minute([minute(n) for n in ago], NOW)
    assert found == (None if counts is None else minute(counts))
