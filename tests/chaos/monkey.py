"""The chaos monkey: kills parts of the system, starts them again, and injects AWS faults."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from tests.chaos.system import MISFORTUNES, PARTS, SHIFT, ChaosSystem

OPERATIONS = ("cloudfront:*", "medialive:*", "mediapackage:*", "cloudwatch:*", "*")
# AWS faults: weight, and the greatest number of calls that fail.
FAULTS = {
    "throttle": (4, 6),
    "error500": (4, 3),
    "cut_before": (4, 3),
    "cut_after": (5, 3),
    "access_denied": (2, 4),
    "stale_list": (2, 2),
    "delay": (2, 2),
    "false_read": (4, 1),
    "fail_start": (1, 1),
}
# Reads that may answer falsely once per resource: operation, parameter, and where the inventory has the ids.
READS = (
    ("cloudfront:GetDistribution", "Id", "cloudfront", "distributions", "Id"),
    ("medialive:DescribeChannel", "ChannelId", "medialive", "channels", "id"),
    ("medialive:DescribeInput", "InputId", "medialive", "inputs", "id"),
    ("mediapackage:DescribeChannel", "Id", "mediapackage", "channels", "id"),
    ("mediapackage:DescribeOriginEndpoint", "Id", "mediapackage", "origin_endpoints", "id"),
)
DOWN_SECONDS = (0.0, 4.0)
BETWEEN_SECONDS = (1.0, 6.0)
# Reads are eventually consistent: they lag behind a write by seconds, not by minutes.
STALE_SECONDS = 5.0
SHIFTS = (-90, 90)  # seconds


def drawn(seed: str) -> tuple[str, ...]:
    """The misfortunes of a run: each in two of three."""
    rng = random.Random(f"{seed}/misfortunes")
    return tuple(name for name in MISFORTUNES if rng.random() < 2 / 3)


class Monkey:
    """Disturbs the system as its seed says. Call it from the main thread: a process ends with its thread."""

    def __init__(self, system: ChaosSystem, seed: str, misfortunes: Collection[str]) -> None:
        self.system = system
        self.rng = random.Random(f"{seed}/monkey")
        self.parts = PARTS | {name: MISFORTUNES[name] for name in MISFORTUNES if name in misfortunes}
        if SHIFT in misfortunes:
            system.shift(self.rng.choice(SHIFTS))
        self.faults: Counter[str] = Counter()
        self._answered_falsely: set[str] = set()

    def disturb(self, until: float) -> None:
        """Inject faults, kill parts and start them again until that moment (`time.monotonic`)."""
        while time.monotonic() < until:
            self._pause(*BETWEEN_SECONDS)
            self._fault()
            part = self.rng.choices(list(self.parts), list(self.parts.values()))[0]
            self.system.kill(part, gently=self.rng.random() < 0.5)
            time.sleep(self.rng.uniform(*DOWN_SECONDS))
            self.system.start(part)

    def stop_faults(self) -> None:
        """Inject no more faults. Killed parts are already started again."""
        self.system.control.clear_faults()

    def _pause(self, shortest: float, longest: float) -> None:
        ends = time.monotonic() + self.rng.uniform(shortest, longest)
        while time.monotonic() < ends:
            self.system.supervise()
            time.sleep(0.1)

    def _fault(self) -> None:
        kind = self.rng.choices(list(FAULTS), [weight for weight, _ in FAULTS.values()])[0]
        times = self.rng.randint(1, FAULTS[kind][1])
        operation = self.rng.choice(OPERATIONS)
        self.faults[kind] += 1
        if kind == "false_read":
            self._false_read()
        elif kind == "stale_list":
            self.system.control.fault("*:List*", "stale_read", times=times, seconds=STALE_SECONDS)
        elif kind == "fail_start":
            self.system.control.console("medialive", "fail_start")
        else:
            self.system.control.fault(operation, kind, times=times, seconds=self.rng.uniform(1, 8))

    def _false_read(self) -> None:
        """Have one describe answer NotFound, or with the state before the last write.

        At most once per resource: StreamHub accepts two NotFound answers, far enough apart, as proof. A list
        proves nothing and may be stale more often.
        """
        operation, parameter, service, kind, name = self.rng.choice(READS)
        resources: list[dict[str, Any]] = self.system.control.inventory()[service][kind]
        ids = sorted(
            item[name] for item in resources if f"{operation} {item[name]}" not in self._answered_falsely
        )
        if not ids:
            return
        victim = self.rng.choice(ids)
        self._answered_falsely.add(f"{operation} {victim}")
        kind = self.rng.choice(["not_found", "stale_read"])
        self.system.control.fault(operation, kind, where={parameter: victim}, seconds=STALE_SECONDS)
