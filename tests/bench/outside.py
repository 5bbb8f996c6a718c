"""Cases on a running stack, at a scale at which AWS's durations are much longer than our own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devstack.demo.tour import left_in_aws
from tests.bench.figures import Figure
from tests.scenarios.processes import RunningStack, running

# An AWS second takes a tenth of a real second: AWS is observed every 20 AWS seconds.
SCALE = 0.1
PERIODS = {
    "SWEEP_SECONDS": "1",
    "OBSERVE_SECONDS": "2",
    "FULL_OBSERVE_SECONDS": "3600",
    "REAPER_SECONDS": "5",
}
DEPLOY = 275.0  # AWS seconds; constant, so that the critical path is known
MANY = 20
CIDRS = ["203.0.113.0/24"]
READS = (":Get", ":List", ":Describe")


def processes() -> Iterator[Figure]:
    """One channel after another has created the security group, then twenty at once, then the deletion."""
    with (
        tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder,
        running(Path(folder), PERIODS, workers=2, scale=SCALE) as stack,
    ):
        stack.control.durations(cloudfront_deploy=DEPLOY)
        _create_channels(stack, 1)
        yield from _one(stack)
        yield from _many(stack)
        yield from _delete(stack)


def _one(stack: RunningStack) -> Iterator[Figure]:
    stack.control.clear_calls()
    seconds = _create_channels(stack, 1)
    calls = stack.control.counts()["calls"]
    writes = _writes(calls)
    yield Figure("create: writes per channel", sum(writes.values()), 5, 10, 5, ", ".join(sorted(writes)))
    reads = sum(calls.values()) - sum(writes.values())
    ratio = seconds / (DEPLOY * SCALE)
    yield Figure("create: time to ready / AWS's own", ratio, 1.05, 1.6, 1.25, f"{reads} reads meanwhile")


def _many(stack: RunningStack) -> Iterator[Figure]:
    stack.control.clear_calls()
    _create_channels(stack, MANY)
    calls = stack.control.counts()["calls"]
    lists = sum(n for name, n in calls.items() if ":List" in name)
    groups = calls.get("medialive:CreateInputSecurityGroup", 0)
    note = f"{groups} security groups created, {sum(_writes(calls).values())} writes"
    yield Figure("twenty at once: list polls in all", lists, 18, 80, 40, note)


def _delete(stack: RunningStack) -> Iterator[Figure]:
    """Delete all channels but one, then count the calls that delete the last one with its group."""
    api = stack.api
    ids = [channel["id"] for channel in api.get("channels?limit=200")["items"]]
    for id in ids[1:]:
        api.delete(f"channels/{id}")
    _wait(lambda: _rows(stack) == (1, 1), "all channels but one are gone")
    stack.control.clear_calls()
    api.delete(f"channels/{ids[0]}")
    _wait(lambda: _rows(stack) == (0, 0) and not left_in_aws(stack.control), "nothing is left")
    counts = stack.control.counts()
    calls = {name: n for name, n in counts["calls"].items() if not name.endswith("SecurityGroup")}
    writes = sum(_writes(calls).values())
    note = f"{sum(counts['illegal'].values())} illegal; the floor's 7 include one read"
    yield Figure("delete: writes per channel", writes, 6, 13, 6, note)


def _create_channels(stack: RunningStack, count: int) -> float:
    """Create channels at once; real seconds until all are idle with deployed distributions."""
    before = len(_channels(stack))
    began = time.monotonic()
    for n in range(count):
        stack.api.post("channels", {"name": f"stage {before + n}", "allowed_cidrs": CIDRS})
    _wait(lambda: sum(_ready(channel) for channel in _channels(stack)) == before + count, "all are ready")
    return time.monotonic() - began


def _channels(stack: RunningStack) -> list[dict[str, Any]]:
    channels: list[dict[str, Any]] = stack.api.get("channels?limit=200")["items"]
    return channels


def _ready(channel: dict[str, Any]) -> bool:
    distribution = channel["distribution"]
    return channel["state"] == "idle" and bool(distribution) and distribution["state"] == "deployed"


def _rows(stack: RunningStack) -> tuple[int, int]:
    return len(_channels(stack)), len(stack.api.get("distributions?limit=200")["items"])


def _writes(calls: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in calls.items() if not any(read in name for read in READS)}


def _wait(until: Callable[[], bool], what: str, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"Timeout after {seconds:.0f} s: {what}.")
        time.sleep(0.1)
