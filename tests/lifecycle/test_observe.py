"""Observation: describe few rows, list many, write only changes, and take no absence as proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now

from distributions.models import Distribution
from streamhub.errors import Throttled
from streamhub.lifecycle import tasks
from streamhub.lifecycle.models import Job, Listing
from streamhub.lifecycle.observe import PolledList, observe

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


def test_a_dead_observer_blocks_the_next_one_hardly_longer_than_a_task_can_run(
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
    limit = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    assert limit < lease <= limit + timedelta(seconds=10)
