"""Many shows at once, as in production (`production`): starts at our own rate, and workers that are killed.

`floor` sends the same calls itself, at the same rate and with nothing else to do. `naive` does what a request
that starts a show does without a control plane: it reads both parts, starts, and asks every five seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from streamhub.aws.ratelimit import rate_for
from tests.bench.figures import Figure, write_json
from tests.bench.production import WORKERS, Stack, running, seconds_of

START = "medialive:StartChannel"
CREATE = "medialive:CreateChannel"
RATE = rate_for(START)
POLL_SECONDS = 5.0
# Of production. And how many channels a page of MediaLive's lists shows.
OBSERVE_SECONDS = 15
PAGE = 100
# How many shows the naive way starts.
NAIVE = 10
# How long a claim lasts: without a heartbeat, what a dead worker held waits for its end.
CLAIM_SECONDS = 60
# AWS takes a quarter of its usual time: what StreamHub loses shows more clearly beside it.
SCALE = 0.25
# What a supervisor waits before it starts a dead process again.
RESTART_SECONDS = 2.0


def starts(quick: bool) -> Iterator[Figure]:
    """All shows are started at once, on channels that were last looked at a while ago."""
    count = 40 if quick else 200
    with running({}) as processes:
        stack = Stack(*processes)
        shows = prepared(stack, count)
        stack.control.clear_calls()
        began = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda id: stack.api.post(f"breakouts/{id}/start"), shows))
        asked = time.monotonic() - began
        stack.wait(lambda: stack.accepted(START) == count, "all are started", 300)
        taken = time.monotonic() - began
        entries = stack.control.calls(limit=200_000)
        write_json("starts", {"taken_seconds": taken, "calls": [_brief(entry) for entry in entries]})
        floor, (naive_seconds, naive) = _floor(stack, count), _naive(stack, NAIVE)
    names = [entry["name"] for entry in entries]
    until_last = names[: len(names) - names[::-1].index(START)]
    times = sorted(seconds_of(entry) for entry in entries if entry["name"] == START)
    seconds = times[-1] - times[0]
    reads = [name for name in until_last if name in OWN_READS]
    first = seconds_of(entries[0])
    read_at = {
        name: [round(seconds_of(entry) - first, 1) for entry in entries if entry["name"] == name]
        for name in LISTS
    }
    lists = {name: until_last.count(name) for name in LISTS}
    found = {
        "count": count,
        "asked_seconds": asked,
        "taken_seconds": taken,
        "start_seconds": seconds,
        "floor_seconds": floor,
        "per_second": (count - RATE.burst) / seconds,
        "lists": lists,
        "lists_read_at": read_at,
        "own_reads": len(reads),
        "naive_calls_each": naive,
        "load": os.getloadavg()[0],
    }
    write_json("starts", {**found, "calls": [_brief(entry) for entry in entries]})
    note = f"{found['per_second']:.2f} of {RATE.per_second:g} a second; asked for in {asked:.0f} s"
    slow = naive_seconds * count / NAIVE / floor
    yield Figure(f"{count} starts: time / floor's", seconds / floor, 1, slow, 1.11, note)
    each = (names.count(START) + len(reads)) / count
    yield Figure(f"{count} starts: own calls each", each, 1, naive, 1.1, f"{len(reads)} describes")
    # One for all starts, and one of the observation, which sees what has begun to run.
    pages, periods = -(-count // PAGE), -(-taken // OBSERVE_SECONDS)
    most = max(lists.values()) / pages / periods
    note = ", ".join(f"{name} {n}" for name, n in lists.items()) + f" pages in {taken:.0f} s"
    yield Figure(f"{count} starts: lists of a kind each OBSERVE_SECONDS", most, 1, count, 2, note)


OWN_READS = ("medialive:DescribeChannel", "medialive:DescribeInput", "cloudfront:GetDistribution")
LISTS = ("medialive:ListChannels", "medialive:ListInputs")


def _brief(entry: dict[str, Any]) -> tuple[float, str]:
    return seconds_of(entry), str(entry["name"])


def prepared(stack: Stack, count: int) -> list[str]:
    """Idle shows on ready channels; their ids."""
    ids = stack.prepare_channels(count)
    bodies = [{"channel": id, "name": f"show {number}"} for number, id in enumerate(ids)]
    with ThreadPoolExecutor(8) as threads:
        return [show["id"] for show in threads.map(lambda body: stack.api.post("breakouts", body), bodies)]


def _floor(stack: Stack, count: int) -> float:
    """Seconds from the first to the last of so many starts of others' channels, at our own rate."""
    ids = _foreign(stack, count)
    client = stack.aws("medialive")
    sent: list[float] = []
    began = time.monotonic()

    def start(job: tuple[int, str]) -> None:
        number, id = job
        turn = (number + 1 - RATE.burst) / RATE.per_second
        time.sleep(max(0.0, began + turn - time.monotonic()))
        client.start_channel(ChannelId=id)
        sent.append(time.monotonic())

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(start, enumerate(ids)))
    return max(sent) - min(sent)


def _naive(stack: Stack, count: int) -> tuple[float, float]:
    """One after another, whatever the rate: seconds to start them, and calls each until the channels run."""
    ids, client = _foreign(stack, count), stack.aws("medialive")
    stack.control.clear_calls()
    began = time.monotonic()
    for id in ids:
        client.describe_channel(ChannelId=id)
        client.start_channel(ChannelId=id)
    taken = time.monotonic() - began

    def wait_running(id: str) -> None:
        while client.describe_channel(ChannelId=id)["State"] != "RUNNING":
            time.sleep(POLL_SECONDS)

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(wait_running, ids))
    ours = [call for call in stack.control.calls(limit=200_000) if call["params"].get("ChannelId") in ids]
    return taken, len(ours) / count


def _foreign(stack: Stack, count: int) -> list[str]:
    """Idle channels that no row knows."""
    stack.at_once()
    made = [stack.control.console("medialive", "create_foreign_channel") for _ in range(count)]
    stack.as_in_production()
    return [item["Id"] for item in made]


# --- killed workers --------------------------------------------------------------------------


def kills(quick: bool) -> Iterator[Figure]:
    """Channels are created at once; in the middle of it all workers are killed, and start again.

    Before that as many teach StreamHub how long AWS takes: what it does not know yet costs more than a kill.
    """
    count = 10 if quick else 50
    seconds: dict[str, float] = {}
    illegal = 0
    with running({}) as processes:
        stack = Stack(*processes)
        stack.control.durations(cloudfront_deploy=275.0, medialive_create=10.0)
        stack.as_in_production(SCALE)
        for what, meanwhile in (("warm", None), ("without", None), ("killed", kill_all), ("again", None)):
            seconds[what] = _create(stack, count, meanwhile)
            illegal += sum(stack.control.counts()["illegal"].values())
    usual = (seconds["without"] + seconds["again"]) / 2
    found = {**seconds, "count": count, "illegal": illegal, "load": os.getloadavg()[0]}
    write_json("kills", found)
    note = "{killed:.0f} s with, {without:.0f} and {again:.0f} s without a kill".format(**seconds)
    ratio = seconds["killed"] / usual
    slow = (usual + CLAIM_SECONDS) / usual
    yield Figure(f"{count} creates, all workers killed: time / time without", ratio, 1, slow, 1.2, note)
    yield Figure(f"{count} creates: illegal calls", illegal, 0, 0, 0)


def kill_all(stack: Stack, count: int) -> None:
    """Kill all workers when half of the encoders exist; they start again as a supervisor would start them."""
    stack.wait(lambda: stack.accepted(CREATE) >= count / 2, "half of the encoders are created", 300)
    for number in WORKERS:
        stack.processes.kill(f"worker-{number}")
    time.sleep(RESTART_SECONDS)
    for number in WORKERS:
        stack.processes.start_worker(number)


def _create(stack: Stack, count: int, meanwhile: Callable[[Stack, int], None] | None) -> float:
    """Create channels at once, beside those that exist; seconds until all are ready."""
    before = stack.ready()
    stack.control.clear_calls()
    began = time.monotonic()
    stack.create_channels(before + count, before)
    if meanwhile is not None:
        meanwhile(stack, count)
    stack.wait(lambda: stack.ready() == before + count, f"{count} channels are ready", 900)
    return time.monotonic() - began
