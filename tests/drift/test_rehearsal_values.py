"""The parts of a rehearsal that are functions of values, and its waits with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from drift.rehearsal import deadlines, waiting
from drift.rehearsal.interruption import Interruption
from drift.rehearsal.outcome import StepError, StepFailed
from drift.rehearsal.plan import PLAN, Part, Step, breaks, left_out
from drift.rehearsal.playback import judge
from drift.rehearsal.steps import STEPS
from drift.rehearsal.told import Told
from drift.rehearsal.waiting import Look, Waiter
from streamhub.lifecycle.durations import History, Operation, operations
from streamhub.lifecycle.look_plan import Quantiles

ALL = {"channel", "distribution", "show on air", "show", "resource"}
FAILURE = StepError("AccessDenied", "not allowed")


def by_key(key: str) -> Step:
    return next(step for step in PLAN if step.key == key)


# --- the plan ------------------------------------------------------------------------------


def test_every_step_is_carried_out_and_names_known_operations() -> None:
    known = {operation.key for operation in operations()}
    assert {step.key for step in PLAN} == STEPS.keys()
    assert {key for step in PLAN for key in step.operations} <= known


@pytest.mark.parametrize(
    ("key", "broken", "existing", "reason"),
    [
        ("start", "", ALL, ""),
        ("start", "create a channel", ALL, "left out after the failure: create a channel"),
        ("usage", "create a channel", ALL, "left out after the failure: create a channel"),
        ("stop", "create a channel", ALL, ""),
        ("stop", "create a channel", ALL - {"show on air"}, "there is no show on air"),
        ("delete", "start it", {"channel"}, ""),
        ("delete", "create a channel", set(), "there is no channel"),
        ("left", "create a channel", set(), "there is no resource"),
    ],
)
def test_after_a_failure_only_what_takes_away_is_left(
    key: str, broken: str, existing: set[str], reason: str
) -> None:
    assert left_out(by_key(key), broken=broken, existing=existing) == reason


def test_only_a_vital_step_of_the_opening_ends_it() -> None:
    assert [step.key for step in PLAN if breaks(step)] == ["channel", "ready", "start", "curtain"]
    closing = [step.key for step in PLAN if step.part is Part.CLOSING]
    assert closing == ["stop", "delete", "reap", "left"]


# --- deadlines -----------------------------------------------------------------------------


def history(waits: int, measured: float) -> History:
    assumed = Operation("x:Y", "does", (10.0, 20.0, 600.0), "a page", 1.0, lambda row: True)
    return History(assumed, waits, Quantiles((measured, measured)))


@pytest.mark.parametrize(
    ("waits", "seconds"),
    [(0, 600.0), (4, 600.0), (5, 90.0), (48, 90.0)],
)
def test_a_deadline_follows_what_was_measured_once_that_says_enough(waits: int, seconds: float) -> None:
    assert deadlines.longest(history(waits, 30.0)) == seconds


@pytest.mark.django_db
def test_a_deadline_has_time_for_lists_the_reaper_and_a_new_worker(settings: Any) -> None:
    settings.FULL_OBSERVE_SECONDS, settings.REAPER_SECONDS = 300, 300
    (disable,) = deadlines.histories(by_key("reap"))
    own = 3 * 300 + 2 * 300 + deadlines.SLACK_SECONDS
    assert deadlines.deadline(by_key("reap")) == own + disable.operation.assumed.at(1)


# --- the playback URL ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"#EXTM3U\n#EXT-X-VERSION:3", "a playlist came"),
        (404, b"", "nothing was fed"),
        (200, b"<html>", StepError),
        (403, b"", StepError),
        (503, b"", StepError),
        (0, b"timed out", StepError),
    ],
)
def test_what_an_answer_of_the_playback_url_means(status: int, body: bytes, said: Any) -> None:
    found = judge(status, body)
    assert isinstance(found, StepError) if said is StepError else said in str(found)


# --- waiting -------------------------------------------------------------------------------


class Time:
    """A clock that goes on by pauses."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.said: list[str] = []
        self.interruption = Interruption(self.said.append)
        self.kept = True

    def pause(self, seconds: float) -> None:
        self.seconds += seconds

    def until(self, look: Callable[[], Look], seconds: float = 100, *, closing: bool = False) -> str:
        keep = lambda: self.kept  # noqa: E731
        waiter = Waiter(self.interruption, keep, self.said.append, lambda: self.seconds, self.pause)
        return waiter.until(look, seconds, closing=closing)

    def failure(self, look: Callable[[], Look], seconds: float = 100, *, closing: bool = False) -> StepError:
        with pytest.raises(StepFailed) as failed:
            self.until(look, seconds, closing=closing)
        return failed.value.error


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    monkeypatch.setattr(waiting, "ill", lambda: "")
    return Time()


def test_a_wait_ends_when_it_is_so(time: Time) -> None:
    looks = iter([Look("soon"), Look("soon"), Look("", done="idle")])
    assert time.until(lambda: next(looks)) == "idle"
    assert time.said == ["soon", "soon"]


def test_a_deadline_says_what_was_seen_last_and_who_is_silent(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "ill", lambda: "No worker is alive.")
    error = time.failure(lambda: Look("the channel is pending"), 30)
    assert (error.code, time.seconds) == ("deadline", 30)
    assert (
        error.message
        == "Not done after about 30 seconds. Last seen: the channel is pending No worker is alive."
    )


def test_a_failure_ends_the_wait_once_it_has_stood_for_its_grace(time: Time) -> None:
    assert time.failure(lambda: Look("", failure=FAILURE, grace=30)) == FAILURE
    assert time.seconds == 30


def test_a_failure_that_goes_away_begins_anew(time: Time) -> None:
    def look() -> Look:
        return Look("", failure=FAILURE if time.seconds != 20 else None, grace=30)

    assert time.failure(look) == FAILURE
    assert time.seconds == 50.5


def test_an_interruption_ends_a_wait_but_no_clean_up(time: Time) -> None:
    time.interruption.asked, time.interruption.by = True, "SIGTERM"
    assert time.failure(lambda: Look("soon")).code == "interrupted"
    assert time.until(lambda: Look("", done="gone"), closing=True) == "gone"


def test_a_lost_lease_ends_a_wait_but_no_clean_up(time: Time) -> None:
    time.kept = False
    assert time.failure(lambda: Look("soon")).code == "lease_lost"
    looks = iter([Look("soon"), Look("", done="gone")])
    assert time.until(lambda: next(looks), closing=True) == "gone"


def test_a_failover_of_the_database_is_waited_for(time: Time) -> None:
    def look() -> Look:
        if time.seconds < 20:
            raise OperationalError("server closed the connection unexpectedly")
        return Look("", done="idle")

    assert time.until(look) == "idle"
    assert "The database does not answer now." in time.said


def test_a_terminal_that_is_gone_does_not_end_the_clean_up() -> None:
    written = []

    def write(text: str) -> None:
        written.append(text)
        raise OSError("Input/output error")

    told = Told(write)
    told.line("one")
    told.line("two")
    assert written == ["one"]
