"""A show that failed and was started again is billed for the times in which it was on air, and no other."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now

from billing.bills.weights import Encoded
from billing.costs import phases as phases_of_encoders
from billing.costs.breakouts import costs_of, times_encoded
from billing.costs.usage.runs import runs_between
from billing.models import EncoderPhase
from billing.pricing.catalogue import GB, INGEST, Service, Usage
from billing.statement_rows import Statement, StatementLine
from billing.statements import services
from billing.statements.by_day import figures_by_day
from channels_app.airtime import times_on_air
from channels_app.models import Attachment, Breakout, Channel
from streamhub.clock import database_now
from tests.scenarios import rows
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import MONTH, PERIOD, BilledMonth, used
from tests.scenarios.measured import phase
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# It fails at 02:10 on the 1st; another show is on its channel at 12:00; it is started again on the 2nd.
AGAIN, BETWEEN = MONTH + 26 * HOUR, MONTH + 12 * HOUR
TEN_MINUTES = Decimal(10) / 60


@pytest.fixture
def month() -> BilledMonth:
    made = BilledMonth(count=1)
    (row,) = made.breakouts
    second_run(row, AGAIN)
    other = Breakout.objects.create(
        name="talk between", channel_uid=row.channel_uid, channel_name=row.channel_name, customer="acme"
    )
    Breakout.objects.filter(pk=other.pk).update(state="completed", usage_status="final", usage_complete=True)
    second_run(other, BETWEEN)
    return made


def second_run(row: Breakout, start: datetime) -> None:
    """Ten minutes on air from `start` on, with the encoder's phase."""
    end = start + 10 * MINUTE
    Attachment.objects.create(breakout=row, aws_distribution_id="E00000", started_at=start, ended_at=end)
    run = EncoderPhase.objects.order_by("pk").first()
    assert run is not None
    run.pk, run.transition = None, run.transition + 100 + EncoderPhase.objects.count()
    run.started_at, run.ended_at = start, end
    run.save(force_insert=True)


def used_hours(row: Breakout) -> dict[Usage, Decimal]:
    cost = costs_of([Breakout.objects.get(pk=row.pk)])[row.pk].cost
    return {line.usage: line.quantity for line in cost.lines}


def seconds(kind: str) -> dict[str, int]:
    draft = services.statement_draft(PERIOD, "acme", who=TESTER)
    lines = StatementLine.objects.filter(statement=draft, kind=kind)
    return {line.name: line.seconds for line in lines}


def test_it_costs_its_two_times_on_air(month: BilledMonth) -> None:
    row, between = month.breakouts[0], Breakout.objects.get(name="talk between")
    once, twice = used_hours(between), used_hours(row)
    encoded = [usage for usage, quantity in once.items() if quantity]
    assert INGEST in encoded
    assert [twice[usage] for usage in encoded] == [pytest.approx(2 * once[usage]) for usage in encoded]


def test_a_statement_has_the_seconds_of_each_show_once(month: BilledMonth) -> None:
    assert seconds("encoder") == {"talk 0": 1200, "talk between": 600}


def test_what_the_encoder_did_between_is_the_houses(month: BilledMonth, settings: Any) -> None:
    (row,) = month.breakouts
    settings.UNATTRIBUTED_CUSTOMER = "acme"
    Breakout.objects.exclude(pk=row.pk).delete()
    assert seconds("idle") == {"": 600}


def test_ingest_that_was_measured_in_the_second_time_is_assumed_in_the_first(month: BilledMonth) -> None:
    (row,) = month.breakouts
    used(row, INGEST, 3, AGAIN)
    assumed = used_hours(Breakout.objects.get(name="talk between"))[INGEST]
    assert used_hours(row)[INGEST] == pytest.approx(assumed + 3)
    draft = services.statement_draft(PERIOD, "acme", who=TESTER)
    line = StatementLine.objects.get(statement=draft, kind="ingest", subject=row.uid)
    assert line.quantity == pytest.approx(int((assumed + 3) * GB), abs=1)


def test_each_day_has_the_cost_of_its_own_time(month: BilledMonth) -> None:
    Breakout.objects.filter(name="talk between").delete()
    both = amounts()
    assert set(both) == {1, 2}
    assert all(both.values())
    Attachment.objects.filter(started_at=AGAIN).delete()
    assert amounts() == {1: both[1]}


def amounts() -> dict[int, Decimal]:
    """USD by day of the month."""
    found: defaultdict[int, Decimal] = defaultdict(Decimal)
    for cell, figures in figures_by_day(MONTH, MONTH + 3 * 24 * HOUR, database_now(), by="channel").items():
        found[cell.day.day] += figures.amount
    return dict(found)


def test_a_bill_and_the_usage_of_an_hour_know_who_was_on_air(month: BilledMonth) -> None:
    (row,) = month.breakouts
    between = Breakout.objects.get(name="talk between")
    now = database_now()
    weights = Encoded([row.channel_uid], MONTH, MONTH + 72 * HOUR, now).weights(
        row.channel_uid, (BETWEEN, BETWEEN + HOUR)
    )
    assert weights == Counter({between.pk: 600 * 10**6})
    (run,) = [run for run in runs_between(BETWEEN, BETWEEN + HOUR, now) if run.phase.running]
    assert [show.pk for show in run.shows] == [between.pk]


# --- the times --------------------------------------------------------------------------------


def at(minute: float) -> datetime:
    return MONTH + minute * MINUTE


@pytest.mark.parametrize(
    ("state", "session", "attached", "times"),
    [
        ("idle", (None, None), [], []),
        ("starting", (None, None), [(0, None)], [(0, 100)]),
        ("running", (2, None), [(0, None)], [(0, 100)]),
        ("running", (2, None), [], [(2, 100)]),
        ("running", (2, None), [(0, 20), (30, None)], [(0, 100)]),
        ("stopping", (2, 50), [(0, None)], [(0, 100)]),
        ("stopping", (2, 10), [(0, 10)], [(0, 10)]),
        ("completed", (2, 50), [(0, 52)], [(0, 52)]),
        ("completed", (2, 50), [(0, 20), (20.5, 52)], [(0, 52)]),
        ("failed", (2, 10), [(0, 10)], [(0, 10)]),
        ("failed", (2, None), [(0, 10)], [(0, 10)]),
        ("failed", (None, None), [(0, 1)], [(0, 1)]),
        ("starting", (None, None), [(0, 10), (60, None)], [(0, 10), (60, 100)]),
        ("running", (62, None), [(0, 10), (60, None)], [(0, 10), (60, 100)]),
        ("completed", (62, 70), [(0, 10), (60, 71)], [(0, 10), (60, 71)]),
    ],
)
def test_when_a_breakout_was_on_air(
    state: str,
    session: tuple[float | None, float | None],
    attached: list[tuple[float, float | None]],
    times: list[tuple[float, float]],
) -> None:
    began, ended = (None if minute is None else at(minute) for minute in session)
    row = rows.breakout(state, session_started_at=began, session_ended_at=ended)
    for start, end in attached:
        Attachment.objects.create(
            breakout=row, started_at=at(start), ended_at=None if end is None else at(end)
        )
    assert times_on_air(row, at(100)) == [(at(start), at(end)) for start, end in times]


# --- a start that AWS refuses, so that the encoder never runs ----------------------------------


Idle = list[tuple[timedelta, timedelta | None]]


def refused_start(row: Breakout, start: datetime, phases: Idle) -> Breakout:
    """A show of half an hour on the channel of `row`, which is idle in these times from `start` on."""
    end = start + 30 * MINUTE
    show = Breakout.objects.create(
        name="refused", channel_uid=row.channel_uid, channel_name=row.channel_name, customer="acme"
    )
    state = {"state": "failed", "usage_status": "final", "usage_complete": True, "usage_bytes_downloaded": 0}
    Breakout.objects.filter(pk=show.pk).update(**state, usage_requests=0)
    Attachment.objects.create(breakout=show, aws_distribution_id="E00000", started_at=start, ended_at=end)
    for began, ended in phases:
        idle = EncoderPhase.objects.order_by("pk").first()
        assert idle is not None
        idle.pk, idle.transition = None, idle.transition + 1000 + EncoderPhase.objects.count()
        idle.started_at, idle.running = start + began, False
        idle.ended_at = None if ended is None else start + ended
        idle.save(force_insert=True)
    return show


IDLE = {
    "one time": [(-HOUR, HOUR)],
    "until now": [(-HOUR, None)],
    "two times": [(-HOUR, 10 * MINUTE), (10 * MINUTE, HOUR)],
}


@pytest.mark.parametrize("phases", IDLE.values(), ids=IDLE)
def test_a_start_that_aws_refused_costs_no_encoder(month: BilledMonth, phases: Idle) -> None:
    """It waited for half an hour, and no minute of it was billed by AWS."""
    before = by_day()
    show = refused_start(month.breakouts[0], MONTH + 40 * HOUR, phases)
    assert [quantity for quantity in used_hours(show).values() if quantity] == []
    assert "refused" not in seconds("encoder")
    assert by_day() == before


@pytest.mark.parametrize(
    "phases",
    [[], [(timedelta(0), 20 * MINUTE)], [(-HOUR, 10 * MINUTE), (20 * MINUTE, HOUR)]],
    ids=["nothing", "the beginning", "not the middle"],
)
def test_what_is_not_known_to_have_been_idle_is_billed(month: BilledMonth, phases: Idle) -> None:
    refused_start(month.breakouts[0], MONTH + 40 * HOUR, phases)
    assert seconds("encoder")["refused"] == 1800


def test_a_run_within_the_time_on_air_is_billed_with_all_of_it(month: BilledMonth) -> None:
    start = MONTH + 40 * HOUR
    show = refused_start(month.breakouts[0], start, [(-HOUR, 5 * MINUTE), (15 * MINUTE, None)])
    second_run(Breakout.objects.get(pk=month.breakouts[0].pk), start + 5 * MINUTE)
    assert seconds("encoder")[show.name] == 1800


def test_an_idle_time_that_was_over_before_says_nothing_of_a_show_without_length(month: BilledMonth) -> None:
    start = MONTH + 40 * HOUR
    show = refused_start(month.breakouts[0], start, [(-HOUR, -MINUTE)])
    phases = list(EncoderPhase.objects.filter(running=False))
    assert times_encoded(show, [(start, start)], phases) == [(start, start)]
    EncoderPhase.objects.filter(running=False).update(ended_at=start + MINUTE)
    assert times_encoded(show, [(start, start)], list(EncoderPhase.objects.filter(running=False))) == []


def test_what_was_issued_for_a_refused_start_is_taken_back_by_the_next(month: BilledMonth) -> None:
    """It was not known to have been idle when the statement was issued."""
    row, start = month.breakouts[0], MONTH + 40 * HOUR
    refused_start(row, start, [])
    first = issued_statement(PERIOD)
    assert encoder_seconds(first) == 1800
    idle = EncoderPhase.objects.order_by("pk").first()
    assert idle is not None
    idle.pk, idle.transition, idle.running = None, idle.transition + 5000, False
    idle.started_at, idle.ended_at = start - HOUR, start + HOUR
    idle.save(force_insert=True)
    assert encoder_seconds(issued_statement("2026-10")) == -1800


def issued_statement(period: str) -> Statement:
    return services.statement_issue(services.statement_draft(period, "acme", who=TESTER), who=TESTER)


def encoder_seconds(statement: Statement) -> int:
    """On the lines of the refused show."""
    lines = StatementLine.objects.filter(statement=statement, kind="encoder", name="refused")
    return sum(lines.values_list("seconds", flat=True))


def by_day() -> Decimal:
    cells = figures_by_day(MONTH, MONTH + 3 * 24 * HOUR, database_now())
    return sum((figures.amount for figures in cells.values()), Decimal(0))


def test_a_show_costs_its_encoder_once_it_runs_and_not_while_aws_refuses_it(world: WorldUnderTest) -> None:
    """Also while the phase of its run is not recorded yet."""
    scene.with_breakout(world)
    phase(scene.channel(), database_now() - HOUR, None, running=False)
    world.control.fault("medialive:StartChannel", "access_denied", times=None)
    scene.start(world)
    world.step_all()
    assert (scene.channel().state, scene.breakout().state) == ("idle", "starting")
    assert encoder_of_the_show() == set()
    world.control.clear_faults()
    Channel.objects.update(not_before=Now())
    world.settle(until=lambda: scene.state_is("running"))
    assert encoder_of_the_show() == {Service.MEDIALIVE, Service.MEDIAPACKAGE}


def encoder_of_the_show() -> set[Service]:
    """The services of which the show has used something so far."""
    row = scene.breakout()
    return {line.usage.service for line in costs_of([row])[row.pk].cost.lines if line.quantity}


def test_a_start_that_medialive_gave_up_costs_the_house_no_encoder_until_retry(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases_of_encoders, "SETTLED", timedelta(0))
    scene.with_breakout(world)
    world.control.console("medialive", "fail_start", to="idle")
    scene.start(world)
    world.settle(until=lambda: scene.channel().state == "failed")
    phases_of_encoders.phases_record()
    last = EncoderPhase.objects.latest("started_at")
    assert (last.running, last.ended_at) == (False, None)
    assert EncoderPhase.objects.filter(running=True, ended_at=None).count() == 0
