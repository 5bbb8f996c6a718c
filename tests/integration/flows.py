"""Common operations of the process tests: create and delete channels, kill workers, count resources."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from devstack.demo.api import Api
from devstack.demo.tour import left_in_aws
from tests.scenarios.processes import RunningStack

CREATES = {
    "mediapackage:CreateChannel",
    "mediapackage:CreateOriginEndpoint",
    "medialive:CreateInput",
    "medialive:CreateChannel",
    "cloudfront:CreateDistributionWithTags",
}
GROUP = "medialive:CreateInputSecurityGroup"


def wait(until: Callable[[], bool], what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"timeout after {seconds} s: {what}"
        time.sleep(0.2)


def delete_channels(api: Api, ids: list[str]) -> None:
    for channel in ids:
        api.delete(f"channels/{channel}")


def create_channels(api: Api, count: int) -> list[str]:
    """Ids of new channels, which share one security group."""
    cidrs = ["203.0.113.0/24"]
    bodies = [{"name": f"stage {number}", "allowed_cidrs": cidrs} for number in range(count)]
    return [api.post("channels", body)["id"] for body in bodies]


def wait_complete(stack: RunningStack, count: int) -> None:
    """Wait until all channels are idle and all distributions deployed."""
    wait_complete_on_air(stack, count, on_air=0)


def wait_complete_on_air(stack: RunningStack, count: int, *, on_air: int) -> None:
    """Wait for `count` channels with deployed distributions: `on_air` running, the others idle."""
    expected = Counter({"idle": count - on_air, "running": on_air})

    def complete() -> bool:
        channels = stack.api.get("channels?limit=200")["items"]
        return Counter(channel["state"] for channel in channels if _deployed(channel)) == expected

    wait(complete, f"{count} channels have deployed distributions, {on_air} of them running")


def _deployed(channel: dict[str, Any]) -> bool:
    return bool(channel["distribution"]) and channel["distribution"]["state"] == "deployed"


def wait_gone(stack: RunningStack) -> None:
    """Wait until no row and no resource is left."""

    def gone() -> bool:
        rows = stack.api.get("channels")["items"] + stack.api.get("distributions")["items"]
        return not rows and not left_in_aws(stack.control)

    wait(gone, "everything is gone")


def assert_each_once(stack: RunningStack, count: int) -> None:
    """AWS has exactly the resources of `count` channels."""
    assert left_in_aws(stack.control) == {
        "cloudfront distributions": count,
        "mediapackage channels": count,
        "mediapackage origin_endpoints": count,
        "medialive channels": count,
        "medialive inputs": count,
        "medialive input_security_groups": 1,
    }


def assert_legal(stack: RunningStack) -> None:
    assert stack.control.counts()["illegal"] == {}, stack.control.calls(illegal=True)


def while_workers_die(stack: RunningStack, times: int, rng: random.Random, work: Callable[[], Any]) -> Any:
    """Kill a worker and its children at random moments during the work; returns the work's result.

    The work runs in a thread and the kills here, because a process ends with the thread that started it.
    """
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work)
        for _ in range(times):
            time.sleep(rng.uniform(0.3, 1.5))
            name = rng.choice([name for name in stack.processes.running if name.startswith("worker")])
            stack.processes.kill(name)
            stack.processes.start_worker(int(name.rpartition("-")[2]))
        return future.result()
