"""Many observed rows: the same few statements for ten as for a thousand, and no newer write is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from channels_app.driver.polled_lists import POLLED_LISTS
from channels_app.models import Channel
from distributions.driver import POLLED_LIST
from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.errors import Throttled
from streamhub.lifecycle.models import Listing, Priority
from streamhub.lifecycle.observe import observe
from streamhub.lifecycle.observed_facts import Reading
from streamhub.lifecycle.polled_lists import PolledList
from streamhub.lifecycle.reading import read_list

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 20
PAGE_ITEMS = 100


@dataclass
class Item:
    id: str
    etag: str
    status: str = "Deployed"


@dataclass
class ListPage:
    items: tuple[Item, ...]


def pages_of(items: list[Item]) -> Iterator[ListPage]:
    for start in range(0, len(items), PAGE_ITEMS):
        yield ListPage(tuple(items[start : start + PAGE_ITEMS]))


def facts_of(item: Item) -> dict[str, Any]:
    return {"status": item.status, "etag": item.etag}


def listing(items: list[Item], **changes: Any) -> PolledList:
    return replace(POLLED_LIST, pages=lambda: pages_of(items), facts=facts_of, watch=None, **changes)


def rows(count: int, **fields: Any) -> list[Distribution]:
    return Distribution.objects.bulk_create(
        Distribution(
            origin_url="https://origin.example.com/a",
            aws_distribution_id=f"E{n}",
            status="InProgress",
            **fields,
        )
        for n in range(count)
    )


def changed_items(count: int) -> list[Item]:
    return [Item(f"E{n}", f"etag-{n}") for n in range(count)]


def statements(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as context:
        work()
    return [query["sql"] for query in context.captured_queries]


def observe_changes(count: int) -> list[str]:
    Listing.objects.all().delete()
    Distribution.objects.all().delete()
    rows(count, polled_list="distribution")
    used = statements(lambda: observe(listing(changed_items(count))))
    assert Distribution.objects.filter(status="Deployed", not_before__isnull=False).count() == count
    return used


def test_a_thousand_changed_rows_take_as_few_statements_as_ten(settings: Any) -> None:
    settings.AWS_QUOTAS = "cloudfront:distributions=100000"  # enough room for both
    few, many = observe_changes(10), observe_changes(1000)
    assert len(many) == len(few), "\n".join(sql[:100] for sql in many)
    assert len(many) <= MOST_STATEMENTS, "\n".join(sql[:100] for sql in many)


def test_a_list_longer_than_a_batch_is_written_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamhub.lifecycle.reading.BATCH_ITEMS", PAGE_ITEMS)
    rows(5 * PAGE_ITEMS)
    used = statements(lambda: read_list(listing(changed_items(5 * PAGE_ITEMS))))
    assert sum("CASE WHEN" in sql and sql.startswith("UPDATE") for sql in used) == 3  # 200, 200 and 100 rows
    assert Distribution.objects.filter(etag="").count() == 0
    assert Listing.objects.get().pages == 5


def test_what_an_aborted_list_showed_is_written() -> None:
    rows(2 * PAGE_ITEMS)
    items = changed_items(2 * PAGE_ITEMS)

    def two_pages_then_throttled() -> Iterator[ListPage]:
        yield next(pages_of(items))
        raise Throttled("Rate exceeded", code="Throttling")

    with pytest.raises(Throttled):
        read_list(replace(listing(items), pages=two_pages_then_throttled))
    assert Distribution.objects.filter(status="Deployed").count() == PAGE_ITEMS
    assert not Listing.objects.filter(listed_at__isnull=False).exists()


def test_each_row_gets_its_own_values() -> None:
    made = rows(30)
    read_list(listing([Item(f"E{n}", f"etag-{n % 7}", f"status {n % 3}") for n in range(30)]))
    for n, row in enumerate(made):
        row.refresh_from_db()
        assert (row.etag, row.status) == (f"etag-{n % 7}", f"status {n % 3}")


def test_columns_that_a_reading_leaves_out_stay_as_they_are() -> None:
    """CloudFront's list has no ETag for some."""
    rows(2, etag="old")
    began = database_now()
    facts = {"E0": {"status": "Deployed", "etag": "new"}, "E1": {"status": "Deployed"}}
    reading = Reading(Distribution, lambda row: facts[row.aws_distribution_id], began)
    reading.write(Distribution.objects.all())
    found = set(Distribution.objects.values_list("aws_distribution_id", "etag", "status"))
    assert found == {("E0", "new", "Deployed"), ("E1", "old", "Deployed")}


@pytest.mark.parametrize("part", POLLED_LISTS[:-1], ids=lambda part: part.key)
def test_every_type_of_column_comes_back_as_it_was_written(part: PolledList) -> None:
    """Text, lists as JSON, and flags."""
    urls = ["rtmp://a/1", "rtmp://b/'\"%s"]
    columns = {"input_urls": urls, "ml_input_state": "ATTACHED", "ml_channel_gone": True}
    rows = [Channel.objects.create(name=f"c{n}", **{part.id_field: f"id-{n}"}) for n in range(3)]
    reading = Reading(Channel, lambda row: columns, database_now(), part.read_at)
    assert len(reading.write(rows)) == 3
    for row in Channel.objects.all():
        assert {column: getattr(row, column) for column in columns} == columns
    assert reading.write(Channel.objects.all()) == []


# --- what happens between the reading of the rows and the write -----------------------------


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """`happens` once, after the rows were compared and before they are locked."""
    lock = Reading._lock

    def later(self: Reading, pks: list[int]) -> Any:
        happens()
        return lock(self, pks)

    monkeypatch.setattr(Reading, "_lock", later)


def claimed() -> int:
    until = datetime.fromisoformat("2999-01-01T00:00:00Z")
    return Distribution.objects.filter(aws_distribution_id="E1").update(claimed_until=until)


def read_by_its_step() -> int:
    read = {"status": "read by its step", "observed_at": Now()}
    return Distribution.objects.filter(aws_distribution_id="E1").update(**read)


def removed() -> Any:
    return Distribution.objects.filter(aws_distribution_id="E1").delete()


def id_forgotten() -> int:
    return Distribution.objects.filter(aws_distribution_id="E1").update(aws_distribution_id=None)


@pytest.mark.parametrize(
    ("happens", "status"),
    [
        (claimed, "InProgress"),
        (read_by_its_step, "read by its step"),
        (removed, None),
        (id_forgotten, "InProgress"),
    ],
)
def test_a_row_that_changed_in_between_is_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], status: str | None
) -> None:
    made = rows(3)
    between(monkeypatch, happens)
    read_list(listing(changed_items(3)))
    found = dict(Distribution.objects.values_list("pk", "status"))
    assert found.get(made[1].pk) == status
    assert (found[made[0].pk], found[made[2].pk]) == ("Deployed", "Deployed")


def test_other_columns_that_changed_in_between_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = rows(1, etag="old")
    between(
        monkeypatch, lambda: Distribution.objects.update(etag="written in between", priority=Priority.STOP)
    )
    reading = Reading(
        Distribution,
        lambda row: {"status": "Deployed", "etag": row.etag},
        database_now() + timedelta(seconds=1),
    )
    reading.write(Distribution.objects.all())
    made[0].refresh_from_db()
    assert (made[0].status, made[0].etag, made[0].priority) == (
        "Deployed",
        "written in between",
        Priority.STOP,
    )


def test_intent_that_arrives_in_between_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(1)
    between(monkeypatch, lambda: Distribution.objects.update(desired="deleted", attached=False, generation=7))
    read_list(listing(changed_items(1)))
    row = Distribution.objects.get()
    assert (row.desired, row.generation, row.status) == ("deleted", 8, "Deployed")


def test_a_held_row_reads_again_and_is_woken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr("streamhub.lifecycle.wake.on_commit", lambda model, pks, priority: woken.extend(pks))
    made = rows(3)
    claimed()
    read_list(listing(changed_items(3)))
    assert sorted(woken) == [row.pk for row in made]
    held = Distribution.objects.get(aws_distribution_id="E1")
    assert (held.observe_requested, held.generation) == (True, 1)
