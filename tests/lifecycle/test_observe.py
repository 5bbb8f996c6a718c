"""Observation: describe few rows, list many, write only changes, and take no absence as proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.errors import NotFound, Retryable, Throttled
from streamhub.lifecycle import intent, tasks
from streamhub.lifecycle import observe as observing
from streamhub.lifecycle.models import Job, Listing, Priority
from streamhub.lifecycle.observe import NOTHING, observe
from streamhub.lifecycle.polled_lists import PolledList, Watch

pytestmark = pytest.mark.django_db


@dataclass
class Item:
    id: str
    status: str = "Deployed"


@dataclass
class ListPage:
    items: tuple[Item, ...]


@dataclass
class FakeList:
    """A list of AWS in pages of two."""

    items: list[Item] = field(default_factory=list)
    reads: int = 0
    broken: bool = False

    def pages(self) -> Iterator[ListPage]:
        for start in range(0, max(len(self.items), 1), 2):
            self.reads += 1
            if self.broken and start:
                raise Throttled("Rate exceeded", code="Throttling")
            yield ListPage(tuple(self.items[start : start + 2]))


def gone(row: Any, listed_at: datetime) -> dict[str, Any] | None:
    return {"gone_at": listed_at} if row.delete_accepted_at else None


@pytest.fixture
def aws() -> FakeList:
    return FakeList()


@pytest.fixture
def polled_list(aws: FakeList) -> PolledList:
    return PolledList(
        key="distribution",
        model=Distribution,
        id_field="aws_distribution_id",
        pages=aws.pages,
        facts=lambda item: {"status": item.status},
        gone=gone,
        title="distributions",
    )


def row(aws_id: str, **fields: Any) -> Distribution:
    return Distribution.objects.create(
        origin_url="https://origin.example.com/a", aws_distribution_id=aws_id, status="InProgress", **fields
    )


def recently_listed(pages: int) -> None:
    Listing.objects.create(key="distribution", pages=pages, listed_at=Now())


def reread(distribution: Distribution) -> Distribution:
    return Distribution.objects.get(pk=distribution.pk)


def test_without_rows_there_is_no_call(polled_list: PolledList, aws: FakeList) -> None:
    observe(polled_list)
    assert aws.reads == 0


def test_fewer_rows_than_pages_are_described_one_by_one(polled_list: PolledList, aws: FakeList) -> None:
    recently_listed(pages=2)
    first = row("E1", polled_list="distribution")
    observe(polled_list)
    assert aws.reads == 0
    assert reread(first).observe_requested
    assert reread(first).not_before is not None


def test_many_rows_are_observed_by_one_list(polled_list: PolledList, aws: FakeList) -> None:
    recently_listed(pages=1)
    aws.items = [Item("E1"), Item("E2", "InProgress")]
    done, waits = row("E1", polled_list="distribution"), row("E2", polled_list="distribution")
    observe(polled_list)
    assert (reread(done).status, reread(done).not_before is None) == ("Deployed", False)
    assert reread(waits).not_before is None


def test_a_full_list_is_read_only_when_it_is_due(polled_list: PolledList, aws: FakeList) -> None:
    aws.items = [Item("E1")]
    first = row("E1")
    observe(polled_list)
    assert reread(first).status == "Deployed"
    observe(polled_list)
    assert aws.reads == 1


def test_a_row_that_a_step_holds_is_not_written(polled_list: PolledList, aws: FakeList) -> None:
    aws.items = [Item("E1")]
    first = row("E1")
    Distribution.objects.update(claimed_until=datetime.fromisoformat("2999-01-01T00:00:00Z"))
    observe(polled_list)
    assert reread(first).status == "InProgress"
    assert reread(first).observe_requested  # its next step reads what the list could not write


def test_an_observation_newer_than_the_list_is_not_overwritten(
    polled_list: PolledList, aws: FakeList
) -> None:
    aws.items = [Item("E1")]
    first = row("E1", observed_at=datetime.fromisoformat("2999-01-01T00:00:00Z"))
    observe(polled_list)
    assert reread(first).status == "InProgress"


def test_absence_causes_a_describe(polled_list: PolledList, aws: FakeList) -> None:
    first = row("E1")
    observe(polled_list)
    assert (reread(first).gone_at, reread(first).observe_requested) == (None, True)


def test_absence_after_our_own_delete_proves_that_it_is_gone(polled_list: PolledList, aws: FakeList) -> None:
    first = row("E1", delete_accepted_at=datetime.fromisoformat("2020-01-01T00:00:00Z"))
    observe(polled_list)
    assert reread(first).gone_at is not None


def test_an_incomplete_list_proves_nothing(polled_list: PolledList, aws: FakeList) -> None:
    aws.items = [Item("E1"), Item("E2"), Item("E3")]
    aws.broken = True
    lost = row("E9", delete_accepted_at=datetime.fromisoformat("2020-01-01T00:00:00Z"))
    with pytest.raises(Throttled):
        observe(polled_list)
    assert reread(lost).gone_at is None


def test_an_observer_that_ends_without_a_word_blocks_the_next_one_for_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die() -> list[PolledList]:
        raise Killed

    monkeypatch.setattr(tasks, "polled_lists", die)
    with pytest.raises(Killed):
        tasks.observe()
    job = Job.objects.get(name="observe")
    assert job.leased_until is not None
    assert job.started_at is not None
    lease = job.leased_until - job.started_at
    assert timedelta(0) < lease <= timedelta(seconds=65)


def test_a_list_that_takes_longer_than_the_lease_keeps_it(
    monkeypatch: pytest.MonkeyPatch, polled_list: PolledList, aws: FakeList
) -> None:
    """Twenty-five seconds pass with each page; no other observation begins meanwhile."""
    aws.items = [Item(f"E{number}") for number in range(8)]
    row("E1")
    held: list[bool] = []

    def slow_pages() -> Iterator[ListPage]:
        for page in aws.pages():
            held.append(Job.objects.filter(name="observe", leased_until__gt=Now()).exists())
            times_move_back(25)
            yield page

    monkeypatch.setattr("streamhub.lifecycle.reading.BATCH_ITEMS", 1)
    monkeypatch.setattr(tasks, "polled_lists", lambda: [replace(polled_list, pages=slow_pages)])
    tasks.observe()
    assert held == [True] * 4


def test_lists_that_shows_wait_for_are_read_before_those_that_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    monkeypatch.setattr(tasks, "observe_list", lambda polled_list: read.append(polled_list.key) or NOTHING)
    tasks.observe()
    assert read[0] == "ml_channel"
    assert read[-1] == "distribution"


# --- rows that are watched closely ----------------------------------------------------------


class Described(FakeList):
    """The same list with a describe for each item."""

    described: list[str]

    def describe(self, aws_id: str) -> Item:
        self.described.append(aws_id)
        for item in self.items:
            if item.id == aws_id:
                return item
        raise NotFound(f"{aws_id} does not exist", code="NoSuchDistribution")


@pytest.fixture
def aws_of_watched() -> Described:
    described = Described()
    described.described = []
    return described


@pytest.fixture
def watching(aws_of_watched: Described) -> PolledList:
    """Rows of the owner "show" are watched."""
    return PolledList(
        key="distribution",
        model=Distribution,
        id_field="aws_distribution_id",
        pages=aws_of_watched.pages,
        facts=lambda item: {"status": item.status},
        gone=gone,
        title="distributions",
        watch=Watch(lambda: Q(owner_label="show"), aws_of_watched.describe),
    )


def test_settled_rows_that_nobody_needs_cause_no_call(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=3)
    row("E1")
    assert observe(watching) == NOTHING
    assert (aws_of_watched.reads, aws_of_watched.described) == (0, [])


@pytest.mark.parametrize(("rows", "pages"), [(1, 1), (3, 3), (2, 3)])
def test_watched_rows_are_described_while_that_takes_no_more_calls(
    watching: PolledList, aws_of_watched: Described, rows: int, pages: int
) -> None:
    recently_listed(pages=pages)
    row("idle")
    aws_of_watched.items = [Item(f"E{n}", "InProgress") for n in range(rows)]
    for item in aws_of_watched.items:
        row(item.id, owner_label="show")
    for _ in range(2):
        observe(watching)
    assert aws_of_watched.reads == 0
    assert sorted(aws_of_watched.described) == sorted(2 * [item.id for item in aws_of_watched.items])


def test_many_watched_rows_are_observed_by_the_list(watching: PolledList, aws_of_watched: Described) -> None:
    recently_listed(pages=2)
    aws_of_watched.items = [Item(f"E{n}") for n in range(3)]
    rows = [row(item.id, owner_label="show") for item in aws_of_watched.items]
    observe(watching)
    assert (aws_of_watched.reads, aws_of_watched.described) == (2, [])
    assert {reread(one).status for one in rows} == {"Deployed"}


def test_rows_that_wait_count_too(watching: PolledList, aws_of_watched: Described) -> None:
    recently_listed(pages=2)
    aws_of_watched.items = [Item("E1", "InProgress"), Item("E2", "InProgress"), Item("E3", "InProgress")]
    row("E1", owner_label="show")
    row("E2", owner_label="show", polled_list="distribution")
    observe(watching)
    assert (aws_of_watched.reads, aws_of_watched.described) == (0, ["E1"])
    row("E3", polled_list="distribution")
    observe(watching)
    assert aws_of_watched.reads == 2


def test_a_watched_row_takes_a_step_only_when_something_changed(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    aws_of_watched.items = [Item("E1", "InProgress")]
    first = row("E1", owner_label="show")
    observe(watching)
    assert reread(first).not_before is None
    assert reread(first).observed_at is not None
    aws_of_watched.items = [Item("E1", "Deployed")]
    observe(watching)
    assert (reread(first).status, reread(first).not_before is None) == ("Deployed", False)


def test_a_watched_row_that_is_not_found_describes_itself(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    first = row("E1", owner_label="show")
    observe(watching)
    assert (reread(first).gone_at, reread(first).observe_requested) == (None, True)
    assert reread(first).not_before is not None
    observe(watching)
    assert aws_of_watched.described == ["E1"]  # its own step reads it next


def test_a_watched_row_that_waits_out_an_error_is_looked_at_all_the_same(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    aws_of_watched.items = [Item("E1", "Deployed")]
    later = database_now() + timedelta(minutes=5)
    first = row("E1", owner_label="show", polled_list="distribution", not_before=later)
    observe(watching)
    assert reread(first).status == "Deployed"
    assert reread(first).not_before < later


def test_one_watched_row_that_cannot_be_read_does_not_hide_another(
    watching: PolledList, aws_of_watched: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    recently_listed(pages=2)
    aws_of_watched.items = [Item("E1"), Item("E2")]
    _, other = row("E1", owner_label="show"), row("E2", owner_label="show")
    describe = aws_of_watched.describe

    def first_throttled(aws_id: str) -> Item:
        if aws_id == "E1":
            raise Throttled("Rate exceeded", code="Throttling")
        return describe(aws_id)

    throttled = replace(watching, watch=Watch(lambda: Q(owner_label="show"), first_throttled))
    with pytest.raises(Throttled):
        observe(throttled)
    assert reread(other).status == "Deployed"


def times_move_back(seconds: int) -> None:
    """So many seconds pass for the job."""
    passed = {name: F(name) - timedelta(seconds=seconds) for name in ("leased_until", "started_at")}
    Job.objects.filter(name="observe").update(**passed)


def watching_by(watching: PolledList, describe: Callable[[str], Item]) -> PolledList:
    return replace(watching, watch=Watch(lambda: Q(owner_label="show"), describe))


def three_watched_rows(aws_of_watched: Described) -> None:
    recently_listed(pages=3)
    aws_of_watched.items = [Item(f"E{n}") for n in range(3)]
    for item in aws_of_watched.items:
        row(item.id, owner_label="show")


def test_describes_that_take_longer_than_the_lease_keep_it(
    monkeypatch: pytest.MonkeyPatch, watching: PolledList, aws_of_watched: Described
) -> None:
    """Each describe takes 25 seconds; no other observation begins meanwhile."""
    three_watched_rows(aws_of_watched)
    held: list[bool] = []

    def slowly(aws_id: str) -> Item:
        times_move_back(25)
        held.append(Job.objects.filter(name="observe", leased_until__gt=Now()).exists())
        return aws_of_watched.describe(aws_id)

    monkeypatch.setattr(tasks, "polled_lists", lambda: [watching_by(watching, slowly)])
    tasks.observe()
    assert held == [True] * 3


def test_an_observation_that_lost_its_lease_stops_without_a_word(
    monkeypatch: pytest.MonkeyPatch, watching: PolledList, aws_of_watched: Described
) -> None:
    three_watched_rows(aws_of_watched)

    def taken_over(aws_id: str) -> Item:
        Job.objects.filter(name="observe").update(lease_token="another run's")
        return aws_of_watched.describe(aws_id)

    monkeypatch.setattr(tasks, "polled_lists", lambda: [watching_by(watching, taken_over)])
    tasks.observe()
    assert len(aws_of_watched.described) == 1
    job = Job.objects.get(name="observe")
    assert (job.lease_token, job.finished_at, job.error) == ("another run's", None, "")


def test_a_silent_service_is_asked_about_one_row_only(
    watching: PolledList, aws_of_watched: Described
) -> None:
    """The next one would wait as long for nothing."""
    three_watched_rows(aws_of_watched)
    asked: list[str] = []

    def silent(aws_id: str) -> Item:
        asked.append(aws_id)
        raise Retryable("Read timeout", code="ReadTimeoutError")

    with pytest.raises(Retryable):
        observe(watching_by(watching, silent))
    assert len(asked) == 1


def test_a_change_that_a_step_kept_from_being_written_is_read_again_by_the_next_step(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    aws_of_watched.items = [Item("E1")]
    first = row("E1", owner_label="show")
    Distribution.objects.update(claimed_until=datetime.fromisoformat("2999-01-01T00:00:00Z"))
    observe(watching)
    assert (reread(first).status, reread(first).observe_requested) == ("InProgress", True)


def test_waiting_rows_decide_again_even_if_the_list_is_read_all_the_time(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    aws_of_watched.items = [Item("E1", "InProgress"), Item("E2", "InProgress")]
    row("E1", owner_label="show")
    waits = row("E2", polled_list="distribution")
    Listing.objects.update(woken_at=Now())
    observe(watching)
    assert reread(waits).not_before is None
    Listing.objects.update(woken_at=database_now() - timedelta(seconds=settings.FULL_OBSERVE_SECONDS))
    observe(watching)
    assert reread(waits).not_before is not None


# --- planned looks --------------------------------------------------------------------------


def planned(seconds: float, **fields: Any) -> dict[str, Any]:
    """The columns of a row that waits for CloudFront, whose next look is in so many seconds."""
    now = database_now()
    return {
        "polled_list": "distribution",
        "state": "deploying",
        "awaits": "cloudfront:deploy",
        "awaits_since": now - timedelta(seconds=200),
        "look_at": now + timedelta(seconds=seconds),
        **fields,
    }


def test_before_its_look_is_due_a_waiting_row_causes_no_call(polled_list: PolledList, aws: FakeList) -> None:
    recently_listed(pages=1)
    first = row("E1", **planned(seconds=100))
    row("E2", **planned(seconds=100))
    Listing.objects.update(woken_at=Now())
    assert observe(polled_list) == NOTHING
    assert aws.reads == 0
    assert reread(first).not_before is None


@pytest.mark.parametrize(
    ("pages", "seen_seconds_ago"),
    [(2, None), (1, 1)],
    ids=["describing takes fewer calls", "looked at just now"],
)
def test_one_row_describes_itself_at_the_planned_second(
    pages: int, seen_seconds_ago: int | None, polled_list: PolledList, aws: FakeList
) -> None:
    recently_listed(pages=pages)
    seen_at = database_now() - timedelta(seconds=seen_seconds_ago) if seen_seconds_ago else None
    first = row("E1", **planned(seconds=settings.OBSERVE_SECONDS * 0.9, awaits_seen_at=seen_at))
    observe(polled_list)
    assert aws.reads == 0
    assert reread(first).observe_requested
    assert reread(first).not_before == reread(first).look_at


def test_a_look_of_one_row_long_after_its_last_is_the_complete_list_too(
    polled_list: PolledList, aws: FakeList
) -> None:
    """It takes as many calls as to describe the row, and the list that is due next is due later."""
    recently_listed(pages=1)
    before = Listing.objects.get().listed_at
    aws.items = [Item("E1", "Deployed")]
    first = row("E1", **planned(seconds=settings.OBSERVE_SECONDS * 0.9))
    assert observe(polled_list) == NOTHING
    type(first).objects.filter(pk=first.pk).update(
        look_at=database_now() + timedelta(seconds=settings.OBSERVE_SECONDS * 0.4)
    )
    observe(polled_list)
    assert aws.reads == 1
    assert reread(first).status == "Deployed"
    assert Listing.objects.get().listed_at > before


def test_what_is_watched_is_looked_at_before_its_planned_look(
    watching: PolledList, aws_of_watched: Described
) -> None:
    recently_listed(pages=1)
    aws_of_watched.items = [Item("E1", "InProgress")]
    row("E1", owner_label="show", **planned(seconds=100))
    for _ in range(2):
        observe(watching)
    assert aws_of_watched.described == ["E1", "E1"]


def test_while_others_wait_for_a_place_no_plan_counts(polled_list: PolledList, aws: FakeList) -> None:
    recently_listed(pages=1)
    first = row("E1", **planned(seconds=200))
    observe(replace(polled_list, needed=lambda: True))
    assert reread(first).observe_requested
    # It describes itself at once, not at the planned second.
    assert reread(first).not_before <= database_now()


def test_a_retry_does_not_wait_for_the_planned_look(
    polled_list: PolledList, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody presses it just before the observation writes when the row takes its next step."""
    recently_listed(pages=1)
    first = row("E1", **planned(seconds=settings.OBSERVE_SECONDS * 0.9, awaits_seen_at=database_now()))
    in_order = observing.update_in_order

    def pressed_before(*args: Any, **fields: Any) -> int:
        intent.set_desired(first, priority=Priority.START)
        return in_order(*args, **fields)

    monkeypatch.setattr(observing, "update_in_order", pressed_before)
    observe(polled_list)
    assert reread(first).not_before <= database_now()


def test_a_list_that_sees_no_end_plans_the_next_look_of_all(polled_list: PolledList, aws: FakeList) -> None:
    recently_listed(pages=1)
    aws.items = [Item("E1", "InProgress"), Item("E2", "InProgress")]
    due, later = row("E1", **planned(seconds=-1)), row("E2", **planned(seconds=60))
    before = database_now()
    observe(polled_list)
    assert aws.reads == 1
    for seen in (reread(due), reread(later)):
        assert seen.look_at is not None
        assert seen.look_at > before + timedelta(seconds=5)
        assert seen.awaits_seen_at is not None
        assert seen.awaits_seen_at >= before
    observe(polled_list)
    assert aws.reads == 1


def test_what_nobody_waits_for_is_looked_at_by_the_complete_list_after_this_one(
    polled_list: PolledList, aws: FakeList
) -> None:
    Listing.objects.create(key="distribution", listed_at=None, pages=1)
    aws.items = [Item("E1", "InProgress")]
    waits = row("E1", **planned(seconds=100, state="disabling", awaits="cloudfront:disable"))
    before = database_now()
    observe(polled_list)
    look_at = reread(waits).look_at
    assert aws.reads == 1
    assert look_at is not None
    assert look_at >= before + timedelta(seconds=settings.FULL_OBSERVE_SECONDS)
