"""The monkey: kills parts of the house, lets AWS misbehave, and starts everything again in the end."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

from tests.chaos.house import PARTS, ChaosHouse

OPERATIONS = ("cloudfront:*", "medialive:*", "mediapackage:*", "cloudwatch:*", "*")
# What AWS does wrong, how often, and for how many calls at most.
FAULTS = {
    "throttle": (4, 6),
    "error500": (4, 3),
    "cut_before": (4, 3),
    "cut_after": (5, 3),
    "access_denied": (2, 4),
    "stale_list": (2, 2),
    "delay": (2, 2),
    "lie": (4, 1),
    "fail_start": (1, 1),
}
# The reads that may lie once about each resource: the operation, the parameter, where the ids are.
LIES = (
    ("cloudfront:GetDistribution", "Id", "cloudfront", "distributions", "Id"),
    ("medialive:DescribeChannel", "ChannelId", "medialive", "channels", "id"),
    ("medialive:DescribeInput", "InputId", "medialive", "inputs", "id"),
    ("mediapackage:DescribeChannel", "Id", "mediapackage", "channels", "id"),
    ("mediapackage:DescribeOriginEndpoint", "Id", "mediapackage", "origin_endpoints", "id"),
)
DOWN_SECONDS = (0.0, 4.0)
BETWEEN_SECONDS = (1.0, 6.0)


class Monkey:
    """One step at a time, by its seed; call it from the main thread: processes die with theirs."""

    def __init__(self, house: ChaosHouse, seed: str) -> None:
        self.house = house
        self.rng = random.Random(f"{seed}/monkey")
        self.faults: Counter[str] = Counter()
        self._lied_about: set[str] = set()

    def rage(self, until: float) -> None:
        """Until that moment (`time.monotonic`): kill, wait, start again, and a fault now and then."""
        while time.monotonic() < until:
            self._pause(*BETWEEN_SECONDS)
            self._fault()
            part = self.rng.choices(list(PARTS), list(PARTS.values()))[0]
            self.house.kill(part, gently=self.rng.random() < 0.5)
            time.sleep(self.rng.uniform(*DOWN_SECONDS))
            self.house.start(part)

    def rest(self) -> None:
        """No more faults; what was killed is up again already."""
        self.house.control.clear_faults()

    def _pause(self, least: float, most: float) -> None:
        ends = time.monotonic() + self.rng.uniform(least, most)
        while time.monotonic() < ends:
            self.house.supervise()
            time.sleep(0.1)

    def _fault(self) -> None:
        kind = self.rng.choices(list(FAULTS), [often for often, _ in FAULTS.values()])[0]
        times = self.rng.randint(1, FAULTS[kind][1])
        operation = self.rng.choice(OPERATIONS)
        self.faults[kind] += 1
        if kind == "lie":
            self._lie()
        elif kind == "stale_list":
            self.house.control.fault("*:List*", "stale_read", times=times)
        elif kind == "fail_start":
            self.house.control.console("medialive", "fail_start")
        else:
            self.house.control.fault(operation, kind, times=times, seconds=self.rng.uniform(1, 8))

    def _lie(self) -> None:
        """A false NotFound, or what was true before the last write (which may be a NotFound too).

        Never two about one resource: two, far enough apart, are what StreamHub takes for proof. From a
        list nothing is ever proven: those may lie more often.
        """
        operation, parameter, service, kind, name = self.rng.choice(LIES)
        things: list[dict[str, Any]] = self.house.control.inventory()[service][kind]
        ids = sorted(each[name] for each in things if f"{operation} {each[name]}" not in self._lied_about)
        if not ids:
            return
        victim = self.rng.choice(ids)
        self._lied_about.add(f"{operation} {victim}")
        kind = self.rng.choice(["not_found", "stale_read"])
        self.house.control.fault(operation, kind, where={parameter: victim})
