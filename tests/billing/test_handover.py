"""Usage for billing engines: the events of a breakout always sum up to what is true."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from billing import handover, tasks
from billing.models import CollectionWindow, DailySeries, FinalFigure, ReportedUsage
from channels_app.models import Breakout
from streamhub.webhooks.models import Event
from tests.scenarios.collecting import HOUR, NOW, Collector, FakeCloudWatch, make_breakout, minutes
from tests.scenarios.racing import at_once


def events() -> list[Event]:
    return list(Event.objects.filter(kind__startswith="usage.").order_by("pk"))


def sums() -> dict[str, tuple[int, int]]:
    """Bytes and requests by customer."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for event in events():
        found[event.customer][0] += event.data["bytes"]
        found[event.customer][1] += event.data["requests"]
    return {customer: (each[0], each[1]) for customer, each in found.items()}


def final(collecting: Collector, cloudwatch: FakeCloudWatch, customer: str = "acme") -> Breakout:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    Breakout.objects.filter(pk=row.pk).update(customer=customer)
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 100, 10)
    collecting.until_final(row, NOW)
    return row


def grown(collecting: Collector, cloudwatch: FakeCloudWatch, downloaded: int, requests: int, n: int) -> None:
    """CloudFront says something else about a minute of the past."""
    cloudwatch.put("E1", NOW - 2.5 * HOUR, downloaded, requests)
    DailySeries.objects.update(next_day=NOW.date())
    at = NOW + timedelta(days=2, hours=n)
    collecting.days(at)
    collecting.run(at)


def test_nothing_is_told_before_it_is_final_and_then_one_event(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 100, 10)
    collecting.run(NOW)
    assert events() == []
    collecting.until_final(row, NOW + minutes(1))
    (event,) = events()
    assert (event.kind, event.subject) == ("usage.final", f"breakout/{row.pk}")
    assert (event.data["bytes"], event.data["requests"], event.data["customer"]) == (100, 10, None)
    collecting.run(NOW + 9 * HOUR)
    tasks.hand_over_usage()
    assert len(events()) == 1


def test_final_usage_and_corrections_of_both_signs_sum_up_to_the_truth(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = final(collecting, cloudwatch)
    for n, (downloaded, requests) in enumerate([(130, 12), (60, 5), (100, 10)], 1):
        grown(collecting, cloudwatch, downloaded, requests, n)
        row.refresh_from_db()
        truth = (
            row.usage_bytes_downloaded + row.usage_late_bytes,
            row.usage_requests + row.usage_late_requests,
        )
        assert sums() == {"acme": truth} == {"acme": (downloaded, requests)}
    assert [(event.kind, event.data["bytes"], event.data["number"]) for event in events()] == [
        ("usage.final", 100, 1),
        ("usage.corrected", 30, 2),
        ("usage.corrected", -70, 3),
        ("usage.corrected", 40, 4),
    ]
    assert events()[-1].data["total_bytes"] == 100


def test_a_customer_that_is_corrected_gets_what_was_told_of_the_other(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = final(collecting, cloudwatch, customer="wrong")
    Breakout.objects.filter(pk=row.pk).update(customer="right")
    for _ in range(2):
        tasks.hand_over_usage()
        assert sums() == {"wrong": (0, 0), "right": (100, 10)}
        assert len(events()) == 3
    grown(collecting, cloudwatch, 130, 12, 1)
    assert sums() == {"wrong": (0, 0), "right": (130, 12)}


def test_a_collection_that_fails_tells_nothing_and_the_next_one_everything(
    collecting: Collector, cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is in the transaction of the figures."""
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 100, 10)
    collecting.run(NOW)
    with monkeypatch.context() as patch:
        patch.setattr("billing.collection._store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collecting.run(NOW + 2 * HOUR)
    row.refresh_from_db()
    assert row.usage_status != "final"
    assert events() == []
    assert not ReportedUsage.objects.exists()
    collecting.until_final(row, NOW + 3 * HOUR)
    assert sums() == {"": (100, 10)}


def restored_from_before_it_was_final(row: Breakout) -> None:
    """As after the restore of an older database: what was told since is not known any more."""
    for told in (Event, ReportedUsage, FinalFigure):
        told.objects.all().delete()
    Breakout.objects.filter(pk=row.pk).update(usage_status="provisional")
    CollectionWindow.objects.update(settled_at=None, next_read_at=None)


@pytest.mark.parametrize("downloaded", [100, 130])
def test_after_a_restore_what_was_told_has_the_id_that_receivers_have(
    collecting: Collector, cloudwatch: FakeCloudWatch, downloaded: int
) -> None:
    """A billing engine drops an id that it has; with another one the customer would pay twice."""
    row = final(collecting, cloudwatch)
    (before,) = events()
    restored_from_before_it_was_final(row)
    cloudwatch.put("E1", NOW - 2.5 * HOUR, downloaded, 10)
    collecting.run(NOW + 5 * HOUR)
    collecting.until_final(row, NOW + 20 * HOUR)
    (after,) = events()
    assert (after.uid, after.data["bytes"]) == (before.uid, downloaded)


def test_each_event_of_a_breakout_has_an_id_of_its_own(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = final(collecting, cloudwatch)
    for n, downloaded in enumerate([130, 100, 130], 1):
        grown(collecting, cloudwatch, downloaded, 10, n)
    Breakout.objects.filter(pk=row.pk).update(customer="right")
    tasks.hand_over_usage()
    assert len({event.uid for event in events()}) == len(events()) == 6
    assert max(len(event.uid) for event in events()) <= 36  # the column


def test_what_was_never_on_air_is_not_told(collecting: Collector) -> None:
    row = make_breakout(state="cancelled")
    collecting.run(NOW)
    row.refresh_from_db()
    assert row.usage_status == "final"
    tasks.hand_over_usage()
    assert events() == []


def test_the_job_compares_under_the_ledgers_lock(
    collecting: Collector, cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL two workers would otherwise tell the same change from what each has read."""
    row = final(collecting, cloudwatch, customer="wrong")
    Breakout.objects.filter(pk=row.pk).update(customer="right")
    order = []
    lock, tell = handover.ledger_lock, handover.usage_hand_over
    monkeypatch.setattr(handover, "ledger_lock", lambda: (order.append("locked"), lock())[1])
    monkeypatch.setattr(handover, "usage_hand_over", lambda ids: (order.append("compared"), tell(ids))[1])
    tasks.hand_over_usage()
    assert order == ["locked", "compared"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_each_change_once() -> None:
    for n in range(8):
        row = make_breakout()
        Breakout.objects.filter(pk=row.pk).update(
            usage_status="final", usage_bytes_downloaded=100 + n, usage_requests=1, customer="acme"
        )

    def tell() -> None:
        from django.db import transaction

        from billing.ledger import ledger_lock

        with transaction.atomic():
            ledger_lock()
            handover.usage_hand_over(list(Breakout.objects.values_list("pk", flat=True)))

    assert at_once(tell, tell) == [None, None]
    assert len(events()) == 8
    assert sums() == {"acme": (sum(range(100, 108)), 8)}
