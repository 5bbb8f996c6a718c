"""A file of two breakouts is on both pages, and one of them pays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels_app.models import Breakout, Channel
from recordings.listing import belongs, store
from recordings.models import Recording
from recordings.sessions import Session, session_of
from recordings.sharing import payer
from streamhub.aws.s3 import ObjectInfo
from streamhub.clock import database_now
from tests.scenarios import rows

UID = "u1"


def at(minute: float) -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minute)


def key(number: int = 0, uid: str = UID) -> str:
    return f"{uid}/20260301T120000/main_archive.{number:06}.m2ts"


TABLE = [
    # the file closed at, the sessions, which of them pays
    (15, [(0, 12), (12, 30)], 1),  # two minutes and three
    (15, [(0, 13), (13, 30)], 0),
    (15, [(0, 12.5), (12.5, 30)], 0),  # equal: the earlier one
    (15, [(12.5, 30), (0, 12.5)], 1),
    (15, [(0, 12), (12, None)], 1),  # it still runs
    (15, [(0, 11), (11, 13), (13, 30)], 1),  # equal: the earlier one of the two
    (15, [(0, 30)], 0),
    (3, [(-20, 1), (1, 30)], 1),  # the run began with the file
]


@pytest.mark.parametrize(("closed", "sessions", "expected"), TABLE)
def test_the_session_with_more_of_the_file_pays(
    closed: float, sessions: list[tuple[float, float | None]], expected: int
) -> None:
    found = {n: Session(at(a), None if b is None else at(b)) for n, (a, b) in enumerate(sessions)}
    assert payer(key(), at(closed), UID, found) == expected


def show(channel: Channel, began: float, ended: float) -> Breakout:
    row = rows.breakout(
        "completed",
        channel,
        recorded=True,
        session_started_at=at(began),
        session_ended_at=at(ended),
        state_since=at(ended),
    )
    row.refresh_from_db()
    return row


def listed(row: Breakout, uid: str, closed: list[float]) -> None:
    """A complete list of the channel's files."""
    session = session_of(row)
    assert session is not None
    items = [ObjectInfo(key(n, uid), 100, at(minute), None) for n, minute in enumerate(closed)]
    store(row, [item for item in items if belongs(item, uid, session)], database_now(), {})


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_shows_back_to_back_pay_for_each_file_once(order: tuple[int, int]) -> None:
    channel = rows.channel(record=True)
    shows = [show(channel, 0, 12), show(channel, 12, 30)]
    for n in order:
        listed(shows[n], channel.uid, [5, 10, 15, 20, 25, 30])
    assert [row.recordings.count() for row in shows] == [3, 4]
    assert [row.recordings.stored().count() for row in shows] == [2, 4]
    stored = Recording.objects.stored()
    assert stored.count() == stored.values("key").distinct().count() == 6


@pytest.mark.django_db
def test_a_file_is_paid_by_another_when_the_first_session_ends_earlier_than_it_seemed() -> None:
    channel = rows.channel(record=True)
    first, second = show(channel, 0, 14), show(channel, 12, 30)
    listed(first, channel.uid, [15])
    listed(second, channel.uid, [15])
    assert second.recordings.get().billed is False
    Breakout.objects.filter(pk=first.pk).update(session_ended_at=at(11))
    first.refresh_from_db()
    listed(first, channel.uid, [15])
    assert second.recordings.get().billed is True
    assert first.recordings.get().billed is False


@pytest.mark.django_db
def test_a_show_that_was_started_again_has_no_files_of_the_show_in_between() -> None:
    channel = rows.channel(record=True)
    again, between = show(channel, 50, 60), show(channel, 20, 30)
    distribution = rows.distribution()
    for began, ended in ((0, 10), (50, 60)):
        again.attachments.create(distribution=distribution, started_at=at(began), ended_at=at(ended))
    for row in (again, between):
        listed(row, channel.uid, [5, 10, 25, 30, 55, 60])
    minutes = [
        [f"{each.modified_at:%M}" for each in row.recordings.order_by("key")] for row in (again, between)
    ]
    assert minutes == [["05", "10", "55", "00"], ["25", "30"]]
    assert Recording.objects.stored().count() == 6
