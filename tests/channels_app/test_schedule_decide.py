"""When the schedule does what: a table of moments, with what is late, done already, or moved."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels_app.decide.schedule import NAMES, Action, Plan, Rules, due, rules_of

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
END = START + timedelta(minutes=45)
ALL = Rules(30, 15, 5, 10, auto_start=True, auto_stop=True)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def plan(state: str = "idle", rules: Rules = ALL, **changes: object) -> Plan:
    fields = {"starts_at": START, "ends_at": END, "done": {}, **changes}
    return Plan(state, rules=rules, **fields)  # type: ignore[arg-type]


BEFORE = {
    -1441: [],
    -30.01: [],
    -30: ["preflight"],
    -15.01: ["preflight"],
    -15: ["preflight", "warm_up"],
    -0.01: ["preflight", "warm_up"],
    0: ["preflight", "warm_up", "start"],
    5: ["preflight", "warm_up", "start", "reminder"],
    10: ["preflight", "warm_up", "start", "reminder"],
    10.01: ["missed", "reminder"],
    1440: ["missed", "reminder"],
    1440.01: [],
}
DURING = {
    -10.01: [],
    -10: ["end_warning"],
    -0.01: ["end_warning"],
    0: ["end_warning", "stop"],
    999: ["end_warning", "stop"],
}


@pytest.mark.parametrize("at", BEFORE)
def test_around_the_start(at: float) -> None:
    assert due(plan(), START + minutes(at)) == BEFORE[at]


@pytest.mark.parametrize("at", DURING)
def test_around_the_end(at: float) -> None:
    assert due(plan("running"), END + minutes(at)) == DURING[at]


@pytest.mark.parametrize("state", ["starting", "stopping", "completed", "cancelled", "failed"])
def test_in_other_states_nothing_is_due(state: str) -> None:
    assert due(plan(state), START) == due(plan(state), END) == []


@pytest.mark.parametrize("state", ["idle", "running"])
def test_everything_is_off_at_first(state: str) -> None:
    moments = [START + minutes(number) for number in range(-60, 120, 5)]
    assert [due(plan(state, Rules()), moment) for moment in moments] == [[]] * len(moments)


def test_without_a_planned_start_or_end_nothing_is_due() -> None:
    assert due(plan(starts_at=None), START) == due(plan("running", ends_at=None), END) == []


@pytest.mark.parametrize("action", Action)
def test_what_is_done_is_due_again_only_for_another_moment(action: Action) -> None:
    state = "running" if action in ("end_warning", "stop") else "idle"
    now = END if state == "running" else START + minutes(11 if action == "missed" else 6)
    before = plan(state)
    assert action in due(before, now)
    done = {action: before.moment(action)}
    assert action not in due(plan(state, done=done), now)
    moved = {"starts_at": START + minutes(1), "ends_at": END - minutes(1)}
    again = now + minutes(1)
    assert action in due(plan(state, done=done, **moved), again)


@pytest.mark.parametrize(
    ("channel", "breakout", "expected"),
    [
        ({}, {}, {}),
        ({"preflight_minutes": 30}, {}, {"preflight_minutes": 30}),
        ({"preflight_minutes": 30}, {"preflight_minutes": None}, {}),
        ({"preflight_minutes": 30}, {"auto_start": True}, {"preflight_minutes": 30, "auto_start": True}),
        ({"auto_stop": True}, {"auto_stop": False}, {}),
        ({}, {"a_choice_of_a_later_version": 1}, {}),
    ],
)
def test_a_breakouts_choice_counts_before_its_channels(
    channel: dict[str, object], breakout: dict[str, object], expected: dict[str, object]
) -> None:
    nothing = dict.fromkeys(NAMES) | {"auto_start": False, "auto_stop": False}
    assert asdict(rules_of(channel, breakout)) == {**nothing, **expected}


@pytest.mark.parametrize(
    ("start", "real_minutes"),
    [
        # 02:30 exists twice on this night; the planned one is the second.
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), 60),
        (datetime(2026, 10, 25, 3, 15, tzinfo=BERLIN), 60),
        # 02:00 to 03:00 does not exist on this night.
        (datetime(2027, 3, 28, 3, 30, tzinfo=BERLIN), 60),
    ],
)
def test_minutes_are_real_minutes_over_a_change_of_daylight_saving(
    start: datetime, real_minutes: int
) -> None:
    starts_at = start.astimezone(UTC)
    before = plan(rules=Rules(preflight_minutes=real_minutes), starts_at=starts_at)
    moment = starts_at - minutes(real_minutes)
    assert due(before, moment - timedelta(seconds=1)) == []
    assert due(before, moment) == ["preflight"]
