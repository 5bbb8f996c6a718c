"""What a channel was warmed up for: without that show it does not stay warm, unless somebody asked for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from channels_app import services
from channels_app.models import Breakout, Channel
from channels_app.services.schedule_steps import WARM_AFTER
from channels_app.tasks import run_schedule
from streamhub.clock import database_now
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WARM = {"warm_up_minutes": 15}


def warmed(ahead: timedelta = 10 * MINUTE, on: Channel | None = None) -> Breakout:
    """A show whose warm-up is done."""
    starts_at = (database_now() + ahead).replace(microsecond=0)
    show = rows.breakout(on=on or rows.channel(), starts_at=starts_at, duration_minutes=30, schedule=WARM)
    run_schedule()
    assert channel_of(show).warm_until is not None
    return show


def channel_of(show: Breakout) -> Channel:
    return Channel.objects.get(pk=show.channel_id)


def move(show: Breakout) -> None:
    services.breakout_edit(show, starts_at=database_now() + 5 * HOUR, who=TESTER)


def cancel(show: Breakout) -> None:
    services.breakout_cancel(show, who=TESTER)


def choose_no_warm_up(show: Breakout) -> None:
    services.breakout_schedule(show, {}, who=TESTER)


def start(show: Breakout) -> None:
    services.breakout_start(show, who=TESTER)


@pytest.mark.parametrize("end", [move, cancel, choose_no_warm_up], ids=["moved", "cancelled", "switched off"])
def test_a_channel_warmed_up_for_a_show_that_does_not_come_is_stopped(
    end: Callable[[Breakout], None],
) -> None:
    show = warmed()
    end(show)
    run_schedule()
    row = channel_of(show)
    assert (row.warm_until, row.desired) == (None, "idle")
    last = Transition.objects.filter(resource_type="channel", resource_id=row.pk).order_by("-id")[0]
    assert (last.who, last.why) == ("schedule", "kept warm no longer: no show needs it")


def test_a_show_that_has_begun_keeps_its_channel_warm_no_longer_than_itself() -> None:
    show = warmed()
    start(show)
    run_schedule()
    assert (channel_of(show).warm_until, channel_of(show).desired) == (None, "running")


def test_it_stays_warm_for_another_show_until_that_one() -> None:
    first = warmed(10 * MINUTE)
    second = warmed(5 * MINUTE, channel_of(first))
    move(first)
    run_schedule()
    assert channel_of(first).warm_until == second.starts_at + WARM_AFTER
    assert channel_of(first).desired == "running"


@pytest.mark.parametrize("asked", [20 * MINUTE, 2 * HOUR], ids=["for less", "for more"])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_it_stays_warm_for_as_long_as_somebody_asked(asked: timedelta, first: bool) -> None:
    until = (database_now() + asked).replace(microsecond=0)
    on = rows.channel()
    if first:
        services.channel_warm(on, until, who=TESTER)
    show = warmed(on=on)
    if not first:
        services.channel_warm(channel_of(show), until, who=TESTER)
    cancel(show)
    run_schedule()
    assert (channel_of(show).warm_until, channel_of(show).desired) == (until, "running")


def test_who_asks_for_the_very_time_of_the_show_has_asked() -> None:
    show = warmed()
    until = channel_of(show).warm_until
    services.channel_warm(channel_of(show), until, who=TESTER)
    cancel(show)
    run_schedule()
    assert channel_of(show).warm_until == until


@pytest.mark.parametrize(
    "end",
    [
        lambda row: services.channel_cool(row, who=TESTER),
        lambda row: services.channel_stop(row, who=TESTER),
    ],
    ids=["cool", "stop"],
)
def test_what_was_asked_for_is_over_with_keep_warm_no_longer(end: Callable[[Channel], None]) -> None:
    on = rows.channel()
    services.channel_warm(on, database_now() + 2 * HOUR, who=TESTER)
    end(Channel.objects.get(pk=on.pk))
    show = warmed(on=on)
    cancel(show)
    run_schedule()
    assert channel_of(show).warm_until is None


def test_a_person_who_ends_it_is_not_overruled() -> None:
    first = warmed(10 * MINUTE)
    warmed(5 * MINUTE, channel_of(first))
    services.channel_cool(channel_of(first), who=TESTER)
    move(first)
    run_schedule()
    assert channel_of(first).warm_until is None


@pytest.mark.parametrize("rules", [True, False], ids=["moved", "switched off"])
def test_a_show_that_comes_back_is_warmed_up_again(rules: bool) -> None:
    show = warmed()
    if rules:
        starts_at = show.starts_at
        move(show)
        run_schedule()
        services.breakout_edit(show, starts_at=starts_at, who=TESTER)
    else:
        choose_no_warm_up(show)
        run_schedule()
        services.breakout_schedule(show, WARM, who=TESTER)
    run_schedule()
    assert channel_of(show).warm_until == show.starts_at + WARM_AFTER


def test_a_show_moved_earlier_or_later_within_its_warm_up_moves_the_end() -> None:
    show = warmed()
    for ahead in (14, 5):
        services.breakout_edit(show, starts_at=database_now() + ahead * MINUTE, who=TESTER)
        run_schedule()
        show.refresh_from_db()
        assert channel_of(show).warm_until == show.starts_at + WARM_AFTER


def test_a_shorter_warm_up_chosen_meanwhile_does_not_stop_it() -> None:
    show = warmed()
    services.breakout_schedule(show, {"warm_up_minutes": 5}, who=TESTER)
    run_schedule()
    assert channel_of(show).warm_until == show.starts_at + WARM_AFTER


def test_a_time_that_is_over_is_forgotten_with_what_was_asked() -> None:
    on = rows.channel()
    services.channel_warm(on, database_now() + HOUR, who=TESTER)
    columns = ("warm_until", "warm_asked_until")
    Channel.objects.update(**{column: F(column) - 2 * HOUR for column in columns})
    services.warmth_forget()
    on.refresh_from_db()
    assert [getattr(on, column) for column in columns] == [None, None]
