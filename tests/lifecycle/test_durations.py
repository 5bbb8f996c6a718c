"""How long AWS takes: what is recorded, what follows from it, and what is planned."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app.operations import OPERATIONS
from distributions.models import Distribution
from distributions.operations import DEPLOY, DISABLE
from streamhub.clock import database_now
from streamhub.errors import Refused
from streamhub.lifecycle import awaiting, durations
from streamhub.lifecycle.awaiting import Awaited, Circumstances
from streamhub.lifecycle.claim import take
from streamhub.lifecycle.durations import KEPT, Operation, estimated, history, operations, record
from streamhub.lifecycle.look_plan import Quantiles, next_look
from streamhub.lifecycle.models import Duration, Listing

pytestmark = pytest.mark.django_db
DEFAULT = Quantiles(DEPLOY.default)
ON_AIR = [operation for operation in OPERATIONS if operation.on_air]


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.OBSERVE_SECONDS, settings.FULL_OBSERVE_SECONDS = 15, 300


def test_every_operation_has_a_default_with_its_source() -> None:
    assert len({operation.key for operation in operations()}) == len(operations()) >= 10
    for operation in operations():
        assert list(operation.default) == sorted(operation.default)
        assert operation.source
        assert operation.does


def test_without_history_the_default_counts() -> None:
    known = history(DEPLOY)
    assert known.waits == 0
    assert known.quantiles.median == pytest.approx(DEFAULT.median)


def test_where_aws_is_scaled_so_is_the_default(settings: Any) -> None:
    settings.OBSERVE_SECONDS = 1
    assert history(DEPLOY).quantiles.median == pytest.approx(DEFAULT.median / 15)
    settings.OBSERVE_SECONDS = 60
    assert history(DEPLOY).quantiles.median == pytest.approx(DEFAULT.median)


def test_history_takes_the_place_of_the_default() -> None:
    for n in range(30):
        record(DEPLOY.key, 900 + n, 1000 + n)
    known = history(DEPLOY)
    assert known.waits == 30
    assert 900 < known.quantiles.median < 1030


def test_only_the_newest_waits_are_kept() -> None:
    for n in range(KEPT + 20):
        record(DEPLOY.key, n, n + 1)
    record(DISABLE.key, 1, 2)
    kept = Duration.objects.filter(operation=DEPLOY.key)
    assert kept.count() == KEPT
    assert min(kept.values_list("after_seconds", flat=True)) == 20


def test_a_plan_does_not_confirm_itself() -> None:
    """Everything ends at 200 seconds. The first look is late, and sees only that: the plan comes nearer."""
    waits: list[tuple[float, float]] = []
    for _ in range(40):
        seen, look = 0.0, 0.0
        while look < 200:
            seen = look
            planned = next_look(estimated(tuple(waits), DEFAULT), look, look_cost=0.03 * 260)
            assert planned is not None
            look = planned
        waits.append((seen, look))
    assert sum(look for _, look in waits[-10:]) / 10 < 215


def test_the_estimate_follows_what_is_drawn() -> None:
    draw = random.Random(3)
    waits = []
    for _ in range(KEPT):
        ends = draw.uniform(600, 1500)
        waits.append((ends - 40, ends + 20))
    found = estimated(tuple(waits), DEFAULT)
    assert found.median == pytest.approx(1050, rel=0.15)


# --- what a row remembers ----------------------------------------------------------------


def waiting(**fields: Any) -> Distribution:
    row = Distribution.objects.create(
        origin_url="https://origin.example.com/a",
        aws_distribution_id="E1",
        status="InProgress",
        state="deploying",
        polled_list="distribution",
        observed_at=Now(),
        **fields,
    )
    row.refresh_from_db()
    return row


def keep(row: Distribution, columns: dict[str, Any]) -> Distribution:
    Distribution.objects.filter(pk=row.pk).update(**columns)
    return Distribution.objects.get(pk=row.pk)


def test_a_wait_begins_with_the_answer_and_has_a_plan() -> None:
    row = waiting()
    row = keep(row, awaiting.after_step(row, Awaited(DEPLOY.key)))
    assert row.awaits_since == row.observed_at
    assert row.look_at is not None
    assert row.awaits_since is not None
    assert timedelta(seconds=90) < row.look_at - row.awaits_since < timedelta(seconds=300)


def test_a_look_that_sees_no_end_is_remembered_and_planned_again() -> None:
    row = waiting()
    row = keep(row, awaiting.after_step(row, Awaited(DEPLOY.key)))
    first = row.look_at
    row = keep(row, {"awaits_since": F("awaits_since") - timedelta(seconds=200), "observed_at": Now()})
    row = keep(row, awaiting.after_step(row, Awaited(DEPLOY.key)))
    assert row.awaits_seen_at == row.observed_at
    assert row.look_at is not None
    assert first is not None
    assert database_now() < row.look_at < database_now() + timedelta(seconds=200)


@pytest.mark.parametrize(
    ("listed", "full", "least", "most"),
    [(100, 300, 200, 250), (400, 300, 0, 50), (100, 7200, 90, 540)],
    ids=["next list", "list is due", "far away"],
)
def test_what_nobody_waits_for_is_seen_by_the_next_complete_list(
    settings: Any, listed: int, full: int, least: int, most: int
) -> None:
    """If that is far away, it is looked at as what somebody waits for."""
    settings.FULL_OBSERVE_SECONDS = full
    Listing.objects.create(key="distribution", listed_at=database_now() - timedelta(seconds=listed))
    row = waiting()
    row = keep(row, awaiting.after_step(row, Awaited(DISABLE.key)))
    assert row.look_at is not None
    assert timedelta(seconds=least) < row.look_at - database_now() < timedelta(seconds=most)


def test_what_has_ended_is_recorded_between_the_last_two_looks() -> None:
    now = database_now()
    row = waiting(awaits=DEPLOY.key, awaits_since=now - timedelta(seconds=240))
    row = keep(row, {"awaits_seen_at": now - timedelta(seconds=60), "observed_at": now, "status": "Deployed"})
    assert awaiting.after_step(row, None) == awaiting.OVER
    awaiting.record_ended(row, None)
    (wait,) = Duration.objects.all()
    assert (wait.operation, wait.after_seconds, wait.by_seconds) == (
        DEPLOY.key,
        pytest.approx(180),
        pytest.approx(240),
    )


def test_what_was_cut_short_is_not_recorded() -> None:
    now = database_now()
    row = waiting(awaits=DEPLOY.key, awaits_since=now - timedelta(seconds=100))
    awaiting.record_ended(row, Awaited(DISABLE.key))
    assert Duration.objects.count() == 0


def test_a_row_that_waits_for_nothing_takes_no_query(django_assert_num_queries: Any) -> None:
    row = waiting()
    with django_assert_num_queries(0):
        assert awaiting.after_step(row, None) == {}
        awaiting.record_ended(row, None)


@pytest.mark.parametrize("operation", ON_AIR, ids=lambda operation: operation.key)
@pytest.mark.parametrize("waited", [0, 60, 290, 1000])
def test_what_is_on_air_is_looked_at_within_two_observations(operation: Operation, waited: float) -> None:
    present = Circumstances(database_now(), 1.0, None)
    since = present.now - timedelta(seconds=waited)
    planned = awaiting.planned(history(operation), since, present) - present.now
    # A list may be read half a period after the planned look.
    assert planned + timedelta(seconds=7.5) <= timedelta(seconds=30)


@pytest.mark.parametrize(("full_in", "most"), [(20, 45), (200, 120)])
def test_a_place_is_not_shown_as_taken_until_the_whole_list_is_due(full_in: float, most: float) -> None:
    """A list that is due soon takes the place of a look; one that is due much later does not."""
    for _ in range(20):
        record("medialive:DeleteChannel", 10, 40)
    now = database_now()
    present = Circumstances(now, 1.0, now + timedelta(seconds=full_in))
    (delete,) = (each for each in OPERATIONS if each.key == "medialive:DeleteChannel")
    assert awaiting.planned(history(delete), now, present) <= now + timedelta(seconds=most)


def test_what_aws_refuses_waits_for_no_look() -> None:
    row = waiting(not_before=Now())
    row = keep(row, awaiting.after_step(row, Awaited(DEPLOY.key)))
    claim = take(Distribution, row.pk)
    assert claim is not None
    claim.fail("failed", "enable it", Refused("InvalidArgument"))
    row.refresh_from_db()
    assert (row.awaits, row.look_at) == ("", None)


def test_a_list_plans_again_for_all_rows_in_a_few_queries(django_assert_max_num_queries: Any) -> None:
    since = database_now() - timedelta(seconds=200)
    Distribution.objects.bulk_create(
        Distribution(
            uid=f"{n:032x}",
            origin_url="https://origin.example.com/a",
            aws_distribution_id=f"E{n}",
            state="deploying",
            polled_list="distribution",
            awaits=DEPLOY.key,
            awaits_since=since,
        )
        for n in range(50)
    )
    with django_assert_max_num_queries(6):
        plans = awaiting.after_look(Distribution, "distribution", database_now())
    assert len(plans) == 50
    assert all(columns["look_at"] > database_now() for columns in plans.values())


def test_the_estimate_is_made_once_for_the_same_waits() -> None:
    record(DEPLOY.key, 100, 200)
    durations.estimated.cache_clear()
    for _ in range(5):
        history(DEPLOY)
    assert durations.estimated.cache_info().misses == 1
