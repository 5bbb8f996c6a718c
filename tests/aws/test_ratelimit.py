"""The rate limit: a bucket and a line per operation, a reserve for urgent work, shared through Redis."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from streamhub.aws import adaptive_rate, call_queue
from streamhub.aws.call_queue import LocalQueues, Queues, reserve_of
from streamhub.aws.iam_actions import ACTIONS
from streamhub.aws.paging import pages_of
from streamhub.aws.ratelimit import (
    PREFIX,
    RATES,
    Limiter,
    current_caller,
    parse_rates,
    rate_for,
    rates_of,
    scaled,
    step_of,
    urgency,
)
from streamhub.aws.redis_call_queue import RedisQueues
from streamhub.errors import Misconfigured, NotSent, Retryable
from streamhub.token_bucket import Rate

OPERATION = "cloudfront:UpdateDistribution"
SLOW = {"*": Rate(per_second=1, burst=9)}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shared(client: Any, rates: dict[str, Rate] = SLOW, **options: Any) -> Limiter:
    return Limiter(RedisQueues(client, prefix=PREFIX, **options), rates)


def taken(limiter: Any, urgent: bool = False, operation: str = OPERATION) -> int:
    """How many calls of different steps the limiter allows at once."""
    for count in range(1000):
        try:
            with step_of(f"row:{count}:{urgent}", urgent=urgent):
                limiter.acquire(operation)
        except NotSent:
            return count
    raise AssertionError("no limit")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A real Redis on a socket of this machine (a socket's path must be short)."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server here")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder) / "s"
        arguments = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        try:
            _wait_for(socket)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")


def _redis(kind: str, request: pytest.FixtureRequest) -> Any:
    """An empty Redis, simulated or real."""
    if kind == "fakeredis":
        return fakeredis.FakeRedis()
    client = redis.Redis.from_url(request.getfixturevalue("redis_server"))
    request.addfinalizer(client.close)
    client.flushall()
    return client


@pytest.fixture(params=["fakeredis", "redis"])
def client(request: pytest.FixtureRequest) -> Any:
    return _redis(request.param, request)


@pytest.fixture(params=["local", "fakeredis", "redis"])
def limiter(request: pytest.FixtureRequest) -> Any:
    if request.param == "local":
        return Limiter(LocalQueues(), SLOW)
    return shared(_redis(request.param, request))


def test_bulk_work_leaves_the_last_third_to_urgent_work(limiter: Any) -> None:
    assert taken(limiter, urgent=False) == 6
    assert taken(limiter, urgent=True) == 3


def test_after_an_error_of_redis_no_connection_is_used_again() -> None:
    server, clock = fakeredis.FakeServer(), Clock()
    client = fakeredis.FakeRedis(server=server)
    limiter = shared(client, clock=clock)
    assert taken(limiter, urgent=True) == 9
    dropped: list[bool] = []
    client.connection_pool.disconnect = lambda *args, **kwargs: dropped.append(True)
    server.connected = False
    clock.now += 1
    taken(limiter, urgent=True)
    assert dropped == [True]


def test_operations_have_separate_buckets(limiter: Any) -> None:
    taken(limiter, urgent=True)
    assert taken(limiter, urgent=True, operation="medialive:StartChannel") == 9


def test_a_step_learns_when_its_turn_comes(limiter: Any) -> None:
    taken(limiter, urgent=True)
    with step_of("a", urgent=False), pytest.raises(NotSent) as unsent:
        limiter.acquire(OPERATION)
    # One for itself, one for the urgent step that waits, and three for the reserve.
    assert unsent.value.after == pytest.approx(5, abs=0.2)
    assert unsent.value.operation == OPERATION


def test_buckets_refill_with_time_up_to_the_burst() -> None:
    clock = Clock()
    queues = LocalQueues(clock=clock)
    limiter = Limiter(queues, SLOW)
    taken(limiter, urgent=True)
    clock.now += 2.5
    queues.clear_lines()
    assert taken(limiter, urgent=True) == 2
    queues.clear_lines()
    clock.now += 1_000_000
    assert taken(limiter, urgent=True) == 9


def test_redis_refills_buckets_by_its_own_clock(client: Any) -> None:
    limiter = shared(client, {"*": Rate(per_second=10, burst=3)})
    taken(limiter, urgent=True)
    time.sleep(0.21)
    assert taken(limiter, urgent=True) >= 1  # two tokens, and one step waits already


def test_workers_share_one_bucket(client: Any) -> None:
    first, second = shared(client), shared(client)
    assert taken(first, urgent=True) == 9
    assert taken(second, urgent=True) == 0


def test_idle_buckets_expire_in_redis(client: Any) -> None:
    shared(client).acquire(OPERATION)
    assert 0 < client.ttl(f"streamhub:rate:{OPERATION}") <= call_queue.FORGET_SECONDS + 10


def test_without_redis_the_process_uses_its_own_buckets(caplog: pytest.LogCaptureFixture) -> None:
    server = fakeredis.FakeServer()
    clock = Clock()
    limiter = shared(fakeredis.FakeRedis(server=server), clock=clock)
    limiter.acquire(OPERATION)
    server.connected = False
    assert taken(limiter, urgent=True) == 9
    assert len(caplog.records) == 1  # Redis is tried once, then not again for a while
    server.connected = True
    clock.now += RedisQueues.RETRY_REDIS_SECONDS
    assert taken(limiter, urgent=True) == 8


@pytest.mark.parametrize("operation", sorted(ACTIONS))
def test_every_operation_has_a_rate_that_bulk_work_can_use(operation: str) -> None:
    rate = rate_for(operation)
    assert rate.burst - reserve_of(rate) >= 1


def test_writes_have_lower_rates_than_reads() -> None:
    assert (
        rate_for("cloudfront:UpdateDistribution").per_second
        < rate_for("cloudfront:GetDistribution").per_second
    )
    assert rate_for("medialive:CreateChannel").per_second < rate_for("medialive:DescribeChannel").per_second


def test_rates_can_be_multiplied() -> None:
    assert scaled(RATES, 50)["cloudfront:*"] == Rate(100, 500)


def test_calls_outside_steps_are_bulk_and_wait() -> None:
    assert (current_caller().urgent, current_caller().patience) == (False, None)
    with step_of("row:1", urgent=True):
        assert (current_caller().holder, current_caller().urgent) == ("row:1", True)
        with step_of("row:2", urgent=False):
            assert not current_caller().urgent
        assert current_caller().urgent
    assert not current_caller().urgent
    with urgency():
        assert (current_caller().urgent, current_caller().patience) == (True, None)
    assert not current_caller().urgent


class Waiting:
    """A limiter on a clock that its own sleeps move."""

    def __init__(self, rates: dict[str, Rate]) -> None:
        self.clock = Clock()
        self.queues = LocalQueues(clock=self.clock)
        self.limiter = Limiter(self.queues, rates, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds


def test_outside_steps_a_call_waits_for_its_turn() -> None:
    waiting = Waiting({"*": Rate(1, 3)})
    for _ in range(20):
        waiting.limiter.acquire(OPERATION)
    assert waiting.clock.now - 100 == pytest.approx(18)  # the reserve keeps one of three


def test_a_call_does_not_wait_for_ever() -> None:
    waiting = Waiting({"*": Rate(0.001, 3)})
    waiting.limiter.acquire(OPERATION)
    waiting.limiter.acquire(OPERATION)
    with pytest.raises(Retryable) as error:
        waiting.limiter.acquire(OPERATION)
    assert (error.value.code, error.value.effect_unknown) == ("OwnRateLimit", False)


def test_a_list_that_a_step_has_begun_is_read_to_its_end() -> None:
    """A list longer than the bucket: each later page waits for its turn."""
    waiting = Waiting({"*": Rate(4, 12)})
    calls: list[str | None] = []

    def fetch(token: str | None) -> tuple[tuple[int, ...], str | None, str | None]:
        waiting.limiter.acquire("cloudfront:ListDistributions")
        calls.append(token)
        number = len(calls)
        return (number,), (str(number) if number < 101 else None), None

    with step_of("row:1", urgent=False):
        assert [page.number for page in pages_of(fetch)] == list(range(1, 102))
        assert current_caller().patience == 0
    assert calls == [None, *(str(number) for number in range(1, 101))]


def test_the_token_of_a_write_is_taken_before_the_reads_that_prepare_it() -> None:
    waiting = Waiting({"*": Rate(1, 3)})
    with step_of("row:1", urgent=False):
        waiting.limiter.prepay(OPERATION)
        waiting.limiter.prepay(OPERATION)  # once is enough
        waiting.limiter.acquire("cloudfront:GetDistribution")
        waiting.limiter.acquire(OPERATION)
        waiting.limiter.acquire(OPERATION)
        with pytest.raises(NotSent):
            waiting.limiter.prepay(OPERATION)


@pytest.fixture(params=["local", "fakeredis"])
def line(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The queues and the clock that they follow, for both implementations."""
    clock = Clock()
    if request.param == "local":
        return LocalQueues(clock=clock), clock
    monkeypatch.setattr(REDIS_TIME, lambda: clock.now)
    return RedisQueues(fakeredis.FakeRedis(), prefix=PREFIX, clock=clock), clock


REDIS_TIME = "fakeredis.commands_mixins.server_mixin.time.time"
RATE = Rate(per_second=2, burst=6)


def ask(queues: Queues, holder: str, urgent: bool = False) -> float:
    return queues.take(OPERATION, RATE, holder=holder, urgent=urgent)


def test_steps_get_their_tokens_in_the_order_of_their_coming(line: Any) -> None:
    queues, clock = line
    waits = {name: ask(queues, name) for name in "abcdefgh"}
    assert [name for name, wait in waits.items() if not wait] == list("abcd")
    assert [waits[name] for name in "efgh"] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    clock.now += 0.5
    assert ask(queues, "late") > 0  # a newcomer does not jump the line
    assert ask(queues, "e") == 0
    clock.now += 0.5
    assert ask(queues, "g") > 0
    assert ask(queues, "f") == 0


def test_an_urgent_step_goes_before_those_that_wait(line: Any) -> None:
    queues, clock = line
    for name in "abcdefgh":
        ask(queues, name)
    assert [ask(queues, f"urgent {n}", urgent=True) for n in range(3)] == [0, 0, pytest.approx(0.5)]
    clock.now += 0.5
    assert ask(queues, "e") > 0
    assert ask(queues, "urgent 2", urgent=True) == 0


def test_a_step_that_becomes_urgent_leaves_its_place_among_the_others(line: Any) -> None:
    queues, clock = line
    for n in range(44):
        ask(queues, f"row {n}")
    while not ask(queues, "first", urgent=True):
        pass
    assert [queues.place(OPERATION, name) for name in ("first", "row 43")] == [1, 41]
    assert ask(queues, "row 43", urgent=True) == pytest.approx(1.0)
    assert [queues.place(OPERATION, name) for name in ("first", "row 43")] == [1, 2]
    clock.now += 0.5
    assert ask(queues, "first", urgent=True) == 0
    clock.now += 0.5
    assert ask(queues, "row 43", urgent=True) == 0


def test_a_step_that_becomes_urgent_is_not_late_among_the_others(line: Any) -> None:
    """Its turn among them counts no more: it would make the line look shorter than it is."""
    queues, clock = line
    for n in range(8):
        ask(queues, f"row {n}")
    while not ask(queues, "first", urgent=True):
        pass
    ask(queues, "row 4", urgent=True)
    clock.now += 2
    # Itself, five before it of whom "first" is late, and the reserve of two; the bucket has four.
    assert ask(queues, "new") == pytest.approx((1 + 4 + 2 - 4) / 2)


def test_a_step_that_is_urgent_no_more_stands_behind_all_others(line: Any) -> None:
    queues, _clock = line
    for n in range(8):
        ask(queues, f"row {n}")
    while not ask(queues, "first", urgent=True):
        pass
    ask(queues, "first")
    assert [queues.place(OPERATION, name) for name in ("row 4", "first")] == [1, 5]


def test_a_step_that_never_comes_back_loses_its_place(line: Any) -> None:
    queues, clock = line
    for name in "abcdefgh":
        ask(queues, name)
    clock.now += call_queue.GRACE_SECONDS + 10
    assert [ask(queues, name) for name in ("new 1", "new 2", "new 3", "new 4")] == [0, 0, 0, 0]


def test_a_long_wait_is_announced_in_parts(line: Any) -> None:
    queues, _clock = line
    waits = [ask(queues, f"row {n}") for n in range(104)]
    assert waits[-1] == pytest.approx(100 / 2 * call_queue.PART_OF_WAIT)
    assert ask(queues, "row 103") == pytest.approx(waits[-1])
    assert [(state.waiting, state.share) for state in queues.states([OPERATION])] == [(100, 1.0)]


def busy(queues: Queues, clock: Clock, seconds: float) -> None:
    """One step after another calls, as fast as it may; one that has to wait comes back."""
    until, calls = clock.now + seconds, 0
    while clock.now < until:
        wait = ask(queues, f"busy {calls}")
        calls += wait == 0
        clock.now += wait + 1e-6


def test_a_throttle_lowers_the_rate_which_then_grows_back_with_calls(line: Any) -> None:
    queues, clock = line
    busy(queues, clock, 60)
    queues.slow_down(OPERATION)
    queues.slow_down(OPERATION)  # at the same time: one and the same
    (state,) = queues.states([OPERATION])
    assert state.share == pytest.approx(0.9, abs=0.01)
    assert ask(queues, "b") > 1  # AWS's own bucket is empty: so is ours
    clock.now += 3600
    (state,) = queues.states([OPERATION])
    assert state.share == pytest.approx(0.9, abs=0.01)  # nothing was tried meanwhile
    assert ask(queues, "b") == 0
    busy(queues, clock, 40)
    (state,) = queues.states([OPERATION])
    assert 0.95 < state.share < 1
    busy(queues, clock, 200)
    (state,) = queues.states([OPERATION])
    assert state.share == 1


@pytest.mark.parametrize("throttled", [False, True])
def test_a_rate_that_nobody_uses_does_not_grow(line: Any, throttled: bool) -> None:
    """That AWS accepts a few calls a minute says nothing of a hundred a second, however many they are."""
    queues, clock = line
    rate = Rate(100, 100)
    for _ in range(adaptive_rate.LEAST_CALLS):
        queues.take(OPERATION, rate, holder="row", urgent=True)
    if throttled:
        queues.slow_down(OPERATION)
    (before,) = queues.states([OPERATION])
    for _ in range(200):
        clock.now += 5
        assert queues.take(OPERATION, rate, holder="row", urgent=False) == 0
    (state,) = queues.states([OPERATION])
    assert state.per_second == before.per_second
    for _ in range(200):
        clock.now += queues.take(OPERATION, rate, holder="row", urgent=False)
    (state,) = queues.states([OPERATION])
    assert state.per_second > before.per_second


def starts(queues: Queues, clock: Clock, count: int, refused_for: float = 0) -> tuple[float, int]:
    """So many starts at once; AWS throttles all for a while. Returns their seconds and the throttles."""
    began, throttled = clock.now, 0
    due = {f"start {n} at {began}": began for n in range(count)}
    while due:
        holder = min(due, key=lambda name: due[name])
        clock.now = max(clock.now, due[holder])
        if wait := queues.take(START, Rate(5, 15), holder=holder, urgent=True):
            due[holder] = clock.now + max(wait, 0.01)
        elif clock.now - began < refused_for:
            queues.slow_down(START)
            throttled += 1
            due[holder] = clock.now + 1
        else:
            del due[holder]
    return clock.now - began, throttled


START = "medialive:StartChannel"


def test_a_throttle_of_seconds_slows_no_start_later(line: Any) -> None:
    queues, clock = line
    fresh, _ = starts(queues, clock, 30)
    clock.now += 86_400
    took, throttled = starts(queues, clock, 30, refused_for=10)
    assert took <= 35
    assert throttled <= 10
    clock.now += 60
    took, _ = starts(queues, clock, 30)
    assert took <= 1.5 * fresh
    clock.now += 86_400
    took, _ = starts(queues, clock, 30)
    assert took == pytest.approx(fresh, abs=0.1)


def test_time_leads_back_to_the_rate_of_before_and_hours_later_to_that_of_the_beginning(line: Any) -> None:
    """AWS accepted nothing, so no limit was learned."""
    queues, clock = line
    rate = Rate(100, 100)
    queues.take(OPERATION, rate, holder="row", urgent=True)
    found = []
    for pause in (1, 1, 1, 60, 3000, 4 * 3600, 5 * 86_400):
        if pause == 1:
            queues.slow_down(OPERATION)
        clock.now += pause
        found.append(queues.states([OPERATION])[0].per_second)
    assert max(found[:3]) < 7
    assert found[2] < 3
    # 0.9 of it, as after a throttle that taught a limit.
    assert found[3:] == [pytest.approx(0.9 * adaptive_rate.START)] * 4


def test_a_limit_that_was_learned_is_tried_beyond_after_hours_only_up_to_the_rate_of_the_beginning(
    line: Any,
) -> None:
    queues, clock = line
    for operation, per_second in (("a:Low", 2), ("a:High", 40)):
        rate = Rate(per_second, per_second)
        for _ in range(400):
            clock.now += queues.take(operation, rate, holder="row", urgent=True)
        queues.slow_down(operation)
    low, high = (state.per_second for state in queues.states(["a:Low", "a:High"]))
    clock.now += 3500
    assert [state.per_second for state in queues.states(["a:Low", "a:High"])] == [low, high]
    clock.now += 4 * 3600
    assert [state.per_second for state in queues.states(["a:Low", "a:High"])] == [2, high]


def test_nobody_waits_for_those_that_are_late(line: Any) -> None:
    """A worker died: half of the line never comes back. The others go on at once, in their order."""
    queues, clock = line
    for n in range(44):
        ask(queues, f"row {n}")
    clock.now += 25
    served = [n for n in range(5, 44, 2) if not ask(queues, f"row {n}")]
    assert served == [5, 7, 9, 11]  # what the bucket holds without its reserve
    clock.now += 0.5
    assert ask(queues, "row 4") == 0  # late, but its place is still the first


def test_a_state_says_how_long_the_line_takes(line: Any) -> None:
    queues, _clock = line
    for n in range(14):
        ask(queues, f"row {n}")
    (state,) = queues.states([OPERATION, "medialive:StartChannel"])
    assert (state.operation, state.ceiling, state.per_second) == (OPERATION, 2, 2)
    assert (state.waiting, state.seconds) == (10, 5)


class Aws:
    """An operation that AWS itself limits."""

    def __init__(self, clock: Clock, per_second: float, burst: float = 20) -> None:
        self.buckets = LocalQueues(clock=clock)
        self.rate = Rate(per_second, burst)
        self.accepted = self.refused = 0

    def call(self) -> bool:
        refused = self.buckets.take("aws", self.rate, holder="all", urgent=True) > 0
        self.buckets.clear_lines()
        self.accepted, self.refused = self.accepted + (not refused), self.refused + refused
        return refused


@pytest.mark.parametrize("limit", [0.7, 4, 18])
def test_below_the_ceiling_the_average_is_nine_tenths_of_what_aws_gives(limit: float) -> None:
    """Ten minutes of steps against an AWS that allows less than the configured rate, after a minute."""
    clock = Clock()
    queues, aws, rate = LocalQueues(clock=clock), Aws(clock, limit), Rate(20, 20)
    waiting = {f"row {n}": 100.0 for n in range(40)}
    counted = (0, 0)
    while clock.now < 100 + 660:
        clock.now += 0.05
        for holder in [name for name, due in waiting.items() if due <= clock.now]:
            if wait := queues.take(OPERATION, rate, holder=holder, urgent=False):
                waiting[holder] = clock.now + wait
            elif aws.call():
                queues.slow_down(OPERATION)
        if clock.now < 160:
            counted = (aws.accepted, aws.refused)
    accepted, refused = aws.accepted - counted[0], aws.refused - counted[1]
    assert accepted / 600 >= 0.9 * limit
    assert refused <= 0.03 * accepted + 12


def eight_workers(queues: Queues, aws: Aws, clock: Clock, rate: Rate, calls: int) -> float:
    """Eight workers whose calls AWS answers in 60 ms. Returns the accepted calls per second."""
    answers: list[tuple[float, bool]] = []
    began, enough = clock.now, aws.accepted + calls
    while aws.accepted < enough:
        clock.now += 0.005
        for answer in [answer for answer in answers if answer[0] <= clock.now]:
            answers.remove(answer)
            if answer[1]:
                queues.slow_down(OPERATION)
        while len(answers) < 8 and not queues.take(OPERATION, rate, holder="row", urgent=False):
            answers.append((clock.now + 0.06, aws.call()))
    return calls / (clock.now - began)


@pytest.mark.parametrize(("ceiling", "limit"), [(100, 20), (40, 20), (25, 20), (100, 5), (20, 20)])
def test_a_ceiling_that_is_far_too_high_costs_few_calls(ceiling: float, limit: float) -> None:
    """Nothing is known of AWS's limit."""
    clock = Clock()
    queues, aws = LocalQueues(clock=clock), Aws(clock, limit, limit)
    assert eight_workers(queues, aws, clock, Rate(ceiling, ceiling), 1000) >= 0.9 * limit
    assert aws.refused <= 20


def test_a_known_limit_is_not_found_again_after_a_pause() -> None:
    clock = Clock()
    queues, aws = LocalQueues(clock=clock), Aws(clock, 20)
    eight_workers(queues, aws, clock, Rate(100, 100), 200)
    clock.now += 1800
    refused = aws.refused
    assert eight_workers(queues, aws, clock, Rate(100, 100), 200) >= 0.9 * 20
    assert aws.refused - refused <= 2


PAUSES = [0.0, 0.1, 0.6, 3.0, 45.0, 7000.0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.sampled_from(PAUSES))))
def test_both_kinds_of_queues_follow_the_same_rules(asks: list[tuple[str, bool, float]]) -> None:
    clock = Clock()
    local = LocalQueues(clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(REDIS_TIME, lambda: clock.now)
        shared = RedisQueues(fakeredis.FakeRedis(), prefix=PREFIX)
        for number, (holder, urgent, pause) in enumerate(asks):
            clock.now += pause + 0.001
            waits = [queues.take(OPERATION, RATE, holder=holder, urgent=urgent) for queues in (local, shared)]
            assert waits[0] == pytest.approx(waits[1], abs=1e-3)
            if number % 5 == 4:
                local.slow_down(OPERATION)
                shared.slow_down(OPERATION)


@pytest.mark.parametrize(
    "text",
    ["cloudfront", "cloudfront:X=1", "X=1/2", "a:b=0/2", "a:b=1/0.5", "a:b=x/2", "a:b=nan/2", "a:b=inf/inf"],
)
def test_wrong_rates_are_named(text: str) -> None:
    with pytest.raises(Misconfigured, match="AWS_RATES"):
        parse_rates(text)


def test_configured_rates_come_before_the_defaults_and_are_taken_as_they_are() -> None:
    rates = rates_of("cloudfront:DeleteDistribution=10/20, medialive:*=7/15", factor=50)
    assert rate_for("cloudfront:DeleteDistribution", rates) == Rate(10, 20)
    assert rate_for("medialive:CreateChannel", rates) == Rate(7, 15)
    assert rate_for("cloudfront:UpdateDistribution", rates) == Rate(100, 500)


def test_a_throttle_is_told_since_it_began_and_ends_a_minute_after_the_last(line: Any) -> None:
    queues, clock = line
    ask(queues, "a")
    assert queues.throttles() == []
    for _ in range(3):
        queues.slow_down(OPERATION)
        clock.now += 30
    (throttle,) = queues.throttles()
    assert throttle.operation == OPERATION
    assert (throttle.seconds, throttle.ago) == (pytest.approx(90), pytest.approx(30))
    clock.now += 31
    assert queues.throttles() == []
    queues.slow_down(OPERATION)
    clock.now += 1
    (again,) = queues.throttles()
    assert again.seconds == pytest.approx(1)


def test_a_holder_has_a_place_while_it_waits(line: Any) -> None:
    queues, _clock = line
    for n in range(6):
        ask(queues, f"row {n}")
    assert [queues.place(OPERATION, f"row {n}") for n in (0, 4, 5)] == [0, 1, 2]
    while not ask(queues, "first", urgent=True):
        pass
    assert [queues.place(OPERATION, name) for name in ("first", "row 4")] == [1, 2]
    assert queues.place("medialive:StartChannel", "row 4") == 0
