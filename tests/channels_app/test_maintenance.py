"""MediaLive's weekly maintenance window is moved away from planned shows, and shown where it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app.decide.maintenance import DAYS, Show, Window, clash, free_window, window_of
from channels_app.models import Breakout, Channel
from channels_app.readiness import readiness
from channels_app.services import breakout_create, breakout_extend, channel_create
from channels_app.services.maintenance import better_window
from streamhub.clock import database_now
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as console
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

THURSDAY = datetime(2026, 3, 5, tzinfo=UTC)
WINDOW = Window("THURSDAY", 4)


def show(begin: float, end: float) -> Show:
    """A show on that Thursday, in hours."""
    return Show(THURSDAY + timedelta(hours=begin), THURSDAY + timedelta(hours=end))


TABLE = [
    # from, to, whether Thursdays 04:00 to 06:00 disturb it
    (3, 4, False),
    (3, 4.1, True),
    (5, 5.5, True),
    (5.9, 8, True),
    (6, 8, False),
    (4, 6, True),
    (-24, 0, False),
    (-24, 5, True),
    (24, 24 * 7 + 4.5, True),  # a show of days reaches the next one
    (7 * 24 + 5, 7 * 24 + 6, True),
    (7 * 24 - 1, 7 * 24, False),
]


@pytest.mark.parametrize(("begin", "end", "expected"), TABLE)
def test_a_window_disturbs_what_it_overlaps_in_any_week(begin: float, end: float, expected: bool) -> None:
    assert WINDOW.disturbs(show(begin, end)) is expected


def test_a_window_that_reaches_into_the_next_day_disturbs_a_show_after_midnight() -> None:
    assert Window("WEDNESDAY", 23).disturbs(show(0.5, 1))
    assert str(Window("SUNDAY", 23)) == "Sundays 23:00 to 01:00 UTC"
    assert Window("SUNDAY", 23).disturbs(show(4 * 24 + 0.5, 4 * 24 + 1))  # the Monday after


def test_the_next_free_window_is_taken() -> None:
    assert free_window(WINDOW, [show(5, 9)]) == Window("THURSDAY", 9)
    assert free_window(WINDOW, [show(5, 44)]) == Window("FRIDAY", 20)
    assert free_window(WINDOW, []) == WINDOW
    assert free_window(WINDOW, [show(0, 24 * 7)]) is None


def test_the_first_disturbed_show_is_named() -> None:
    later, sooner = show(7 * 24 + 4, 7 * 24 + 5), show(4, 5)
    assert clash(WINDOW, [later, sooner]) == sooner
    assert clash(None, [sooner]) is None


@pytest.mark.parametrize("text", ["", "THURSDAY", "SOMEDAY 04:00", "THURSDAY 24:00", "THURSDAY x"])
def test_a_window_that_is_not_known_is_none(text: str) -> None:
    assert window_of(text) is None
    assert window_of(WINDOW.text) == WINDOW


# --- on the emulator ---------------------------------------------------------------------------


def created(world: WorldUnderTest, **options: Any) -> Channel:
    row = channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"], **options)
    world.settle()
    row.refresh_from_db()
    return row


def planned_inside(row: Channel, days: float = 14) -> Breakout:
    """A show that is planned into the channel's window, in so many days or a little more."""
    window = window_of(row.maintenance_window)
    assert window is not None
    begin = (database_now() + timedelta(days=days)).replace(minute=30, second=0, microsecond=0)
    while DAYS[begin.weekday()] != window.day or begin.hour != window.hour:
        begin += timedelta(hours=1)
    return breakout_create(row, "Keynote", starts_at=begin, duration_minutes=60, who=TESTER)


def test_the_window_is_read_and_moves_away_from_a_planned_show(world: WorldUnderTest) -> None:
    row = created(world)
    before = row.maintenance_window
    breakout = planned_inside(row)
    assert [check.name for check in readiness(breakout).checks if check.ok is False] == ["maintenance_window"]
    world.settle()
    row.refresh_from_db()
    assert (row.state, row.error) == ("idle", None)
    assert row.maintenance_window != before
    breakout.refresh_from_db()
    assert readiness(breakout).ready
    described, _ = world.session.call("medialive", "DescribeChannel", ChannelId=row.ml_channel_id)
    window = described["Maintenance"]
    assert f"{window['MaintenanceDay']} {window['MaintenanceStartTime']}" == row.maintenance_window
    assert described["RoleArn"] == settings.MEDIALIVE_ROLE_ARN
    assert world.counts()["medialive:UpdateChannel"] == 1
    assert world.illegal() == []
    assert Transition.objects.filter(why__startswith="maintenance window moved to").count() == 1


def test_the_window_moves_away_from_a_planned_show_that_is_extended_into_it(world: WorldUnderTest) -> None:
    row = created(world)
    before = row.maintenance_window
    breakout = planned_inside(row)
    begin = breakout.starts_at
    assert begin is not None
    Breakout.objects.update(starts_at=begin - timedelta(hours=2))  # it ends half an hour before the window
    world.settle()
    row.refresh_from_db()
    assert row.maintenance_window == before
    breakout_extend(breakout, 60, who=TESTER)
    row.refresh_from_db()
    assert row.not_before is not None
    world.settle()
    row.refresh_from_db()
    assert row.maintenance_window != before


def test_an_input_that_aws_does_not_restore_holds_up_no_window(world: WorldUnderTest) -> None:
    row = created(world)
    before = row.maintenance_window
    console.move_to_another_group(world)
    error = {"code": "BadRequestException", "status": 400, "message": "No such thing"}
    world.control.fault("medialive:UpdateInput", "refuse", times=None, error=error)
    world.observe()
    world.settle()
    planned_inside(row)
    for _ in range(6):
        world.step_all()
        world.observe()
    row.refresh_from_db()
    assert row.error_code == "input_not_restored"
    assert row.maintenance_window != before


def test_a_show_outside_of_the_window_moves_nothing(world: WorldUnderTest) -> None:
    row = created(world)
    window = window_of(row.maintenance_window)
    assert window is not None
    begin = database_now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    while window.disturbs(Show(begin, begin + timedelta(hours=1))):
        begin += timedelta(hours=1)
    breakout = breakout_create(row, "Keynote", starts_at=begin, duration_minutes=60, who=TESTER)
    world.settle()
    assert "medialive:UpdateChannel" not in world.counts()
    assert "maintenance_window" not in [check.name for check in readiness(breakout).checks]


def test_shortly_before_a_show_the_window_stays(db: None) -> None:
    now = database_now()
    begin = now + timedelta(minutes=10)
    window = Window(DAYS[begin.weekday()], begin.hour)
    row = rows.channel(maintenance_window=window.text)
    rows.breakout("idle", row, starts_at=begin, duration_minutes=60)
    assert better_window(row) is None
    Breakout.objects.update(starts_at=begin + timedelta(days=7))
    assert better_window(row) is not None


def test_two_pipelines_are_told_apart(db: None) -> None:
    begin = database_now() + timedelta(days=2)
    window = Window(DAYS[begin.weekday()], begin.hour)
    row = rows.channel(maintenance_window=window.text, channel_class="STANDARD")
    breakout = rows.breakout("idle", row, starts_at=begin)
    [check] = [check for check in readiness(breakout).checks if check.name == "maintenance_window"]
    assert (check.ok, "The other one goes on" in check.detail) == (True, True)


def test_the_page_shows_the_window(db: None) -> None:
    row = rows.channel(maintenance_window=WINDOW.text)
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    page = client.get(reverse("admin:channels_app_channel_change", args=[row.pk])).content.decode()
    assert "Thursdays 04:00 to 06:00 UTC" in page
