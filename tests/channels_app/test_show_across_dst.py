"""A whole show by schedule on the night on which the clocks change, with beat down over it, and two beats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from channels_app import services
from channels_app.admin import schedule_alarms
from channels_app.models import Breakout, Channel
from channels_app.tasks import run_schedule
from streamhub.lifecycle.models import Transition
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.database_clock import DatabaseClock, database_clock
from tests.scenarios.racing import at_once
from tests.scenarios.staff import As
from tests.scenarios.world import WorldUnderTest

BERLIN = ZoneInfo("Europe/Berlin")
CHOICE = {
    "preflight_minutes": 30,
    "warm_up_minutes": 10,
    "reminder_minutes": 3,
    "end_warning_minutes": 15,
    "auto_start": True,
    "auto_stop": True,
}
# The clocks of Berlin go from 01:59 CET to 03:00 CEST, and from 02:59 CEST to 02:00 CET.
SPRING, AUTUMN = "2027-03-28", "2027-10-31"


@pytest.fixture
def clock(live_world: WorldUnderTest) -> Iterator[DatabaseClock]:
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite's clock can be set by a test.")
    with database_clock() as clock:
        yield clock


class Night:
    """The night of a show. Times are those of Berlin's clocks; `fold=1`: the second time they show it."""

    def __init__(self, world: WorldUnderTest, clock: DatabaseClock, day: str) -> None:
        self.world, self.clock, self.day = world, clock, day

    def moment(self, local: str, fold: int = 0) -> datetime:
        wall = datetime.fromisoformat(f"{self.day}T{local}")
        return wall.replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)

    def beats(self, local: str, fold: int = 0) -> None:
        """Two beats send the job at this time."""
        self.clock.set(self.moment(local, fold))
        ends = at_once(run_schedule, run_schedule)
        assert not [end for end in ends if isinstance(end, BaseException)]
        self.world.settle()

    @property
    def show(self) -> Breakout:
        return Breakout.objects.select_related("channel").get(starts_at=self.moment("01:45"))

    def said(self) -> list[str]:
        lines = Transition.objects.filter(resource_type="breakout", resource_id=self.show.pk, who="schedule")
        return [why.partition(":")[0] for why in lines.order_by("id").values_list("why", flat=True)]

    def alarms(self) -> list[str]:
        return sorted(alarm.rule for alarm in schedule_alarms.current())


@pytest.fixture
def night(request: Any, live_world: WorldUnderTest, clock: DatabaseClock) -> Night:
    """Three shows of a series, at 01:45 local time; the second is in the night of the change."""
    found = Night(live_world, clock, request.param)
    clock.set(found.moment("00:30"))
    scene.with_channel(live_world)
    channel = Channel.objects.get()
    first = datetime.fromisoformat(f"{found.day}T01:45")
    slots = services.series_slots(first, "Europe/Berlin", "daily", 2)
    times = [slot.starts_at for slot in slots]
    services.breakouts_plan(
        channel,
        "night talk",
        times,
        who=TESTER,
        duration_minutes=60,
        time_zone="Europe/Berlin",
        schedule=CHOICE,
    )
    live_world.control.clear_calls()
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("night", "before_the_end", "end", "shown_end"),
    [(SPRING, ("03:35", 0), ("03:45", 0), "03:45"), (AUTUMN, ("02:35", 0), ("02:45", 0), "02:45")],
    indirect=["night"],
    ids=["spring", "autumn"],
)
def test_a_show_is_held_by_schedule_over_the_change_of_the_clocks(
    night: Night,
    as_role: As,
    before_the_end: tuple[str, int],
    end: tuple[str, int],
    shown_end: str,
) -> None:
    other = Breakout.objects.exclude(pk=night.show.pk).get()
    assert {
        each.astimezone(BERLIN).strftime("%H:%M") for each in (night.show.starts_at, other.starts_at)
    } == {"01:45"}
    assert abs((other.starts_at - night.show.starts_at).total_seconds()) / 3600 in (23, 25)
    assert night.show.planned_end_at == night.moment(*end)

    night.beats("01:10")
    assert night.said() == []
    night.beats("01:15")
    assert night.said() == ["pre-flight"]
    assert scene.medialive_state(night.world) == "IDLE"
    # Beat is down from before the warm-up until after the start.
    night.beats("01:49")
    assert night.said() == ["pre-flight", "warm-up", "start accepted"]
    assert night.show.state == "running"
    assert night.alarms() == []
    # Beat is down over the change itself.
    night.beats(*before_the_end)
    assert night.alarms() == ["schedule_end"]
    _pages_show_both_times(night, as_role, shown_end)
    night.beats(*end)
    assert (night.show.state, night.alarms()) == ("completed", [])
    assert night.said() == ["pre-flight", "warm-up", "start accepted", "planned end", "stop accepted"]
    counts = night.world.counts()
    assert counts["medialive:StartChannel"] == counts["medialive:StopChannel"] == 1
    assert night.world.illegal() == []
    length = night.show.session_ended_at - night.show.session_started_at
    assert 55 * 60 < length.total_seconds() <= 60 * 60
    other.refresh_from_db()
    assert (other.state, other.schedule_done) == ("idle", {})


def _pages_show_both_times(night: Night, as_role: As, end: str) -> None:
    night.clock.set(datetime.now(UTC))  # the session of who looks began today
    viewer = as_role("viewer")
    html = viewer.get(f"/admin/channels_app/breakout/{night.show.pk}/change/").content.decode()
    start = night.show.starts_at
    assert f"{start:%Y-%m-%d %H:%M:%S} UTC" in html
    assert f"{night.day} 01:45 {start.astimezone(BERLIN):%Z} in Europe/Berlin" in html
    query = {"zone": "Europe/Berlin", "day": night.day}
    calendar = viewer.get("/admin/calendar/", query).content.decode()
    began = night.show.session_started_at.astimezone(BERLIN)
    assert f"{began:%H:%M} to {end}" in calendar
