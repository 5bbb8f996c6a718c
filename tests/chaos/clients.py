"""API clients that send random requests and record what the API promised them.

A refusal (404, 409, 422) is an answer. No answer or a 503 is accepted only if web or database was down during
the request; otherwise it is recorded as wrong, and a 500 always is. Every write carries an Idempotency-Key
and is mostly repeated until it is answered.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from devstack.demo.api import Api, ApiError
from emulator.control import Control, ControlError
from tests.chaos.system import Outages

CHANNELS = 12
CIDRS = ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"]
# The verbs and their weights.
VERBS = {
    "channel_create": 10,
    "channel_delete": 1,
    "channel_retry": 2,
    "breakout_create": 10,
    "breakout_start": 20,
    "breakout_stop": 4,
    "breakout_cancel": 2,
    "breakout_prepare": 5,
    "breakout_curtain": 20,
    "distribution_detach": 3,
    "distribution_create": 5,
    "distribution_sync": 3,
    "distribution_retry": 2,
    "read": 7,
}
READS = ("breakouts/{}/readiness", "breakouts/{}/usage", "breakouts/{}")
MAX_ATTEMPTS = 8
# Raised if the connection, the response's head or its body was cut.
NO_ANSWER = (OSError, HTTPException, ValueError)


@dataclass
class Notes:
    """What all clients did and were answered."""

    operations: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    channels: set[str] = field(default_factory=set)
    breakouts: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


class Client(threading.Thread):
    """One client. Its choices depend on its seed and on what the API lists."""

    def __init__(
        self, number: int, seed: str, api: Api, outages: Outages, notes: Notes, over: threading.Event
    ) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.number, self.api, self.outages, self.notes, self.over = number, api, outages, notes, over
        self.rng = random.Random(f"{seed}/{number}")
        self.seed, self.count = seed, 0

    @property
    def unique_name(self) -> str:
        """A name that is unique in the whole run."""
        return f"{self.seed}-{self.number}-{self.count}"

    def run(self) -> None:
        while not self.over.is_set():
            verb = self.rng.choices(list(VERBS), list(VERBS.values()))[0]
            self.count += 1
            self.notes.operations[verb] += 1
            try:
                getattr(self, verb)()
            except Exception as error:  # noqa: BLE001  a failing client must not end unnoticed
                self.notes.wrong.append(f"{self.name} broke in {verb}: {error!r}")
            self.over.wait(self.rng.uniform(0.05, 0.6))

    # --- sending ---------------------------------------------------------------------------

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer; None if refused, or unanswered during an outage. Repeats with the same key."""
        key = {"Idempotency-Key": self.unique_name} if method != "GET" else {}
        for _ in range(MAX_ATTEMPTS if self.rng.random() < 0.9 else 1):
            began = time.monotonic()
            try:
                return self.api.send(method, path, body, key)
            except ApiError as error:
                if error.status < 500:
                    self.notes.refusals[f"{error.status}"] += 1
                    return None
                if error.status == 500:
                    self.notes.wrong.append(f"{method} {path}: {error}")
                self._unanswered(began, f"{method} {path}: {error}")
            except NO_ANSWER as error:
                self._unanswered(began, f"{method} {path}: {error!r}")
            if self.over.wait(self.rng.uniform(0.2, 1.5)):
                break
        return None

    def _unanswered(self, began: float, what: str) -> None:
        self.notes.unanswered += 1
        ended = time.monotonic()
        if not self.outages.met(began, ended):
            self.notes.wrong.append(f"{what} ({ended - began:.1f} s, while web and database were up)")

    def random_item(self, path: str) -> dict[str, Any] | None:
        """A random item of the list; None if it is empty or unanswered."""
        page = self.send("GET", f"{path}{'&' if '?' in path else '?'}limit=200")
        items = sorted(page["items"], key=lambda item: int(item["id"])) if page else []
        return self.rng.choice(items) if items else None

    def act_on_random(
        self, list_path: str, path: str, body: dict[str, Any] | None = None, method: str = "POST"
    ) -> Any:
        """Send a request for a random item of the list."""
        target = self.random_item(list_path)
        if target is None:
            return None
        return self.send(method, path.format(target["id"]), body or ({} if method == "POST" else None))

    # --- verbs -----------------------------------------------------------------------------

    def channel_create(self) -> None:
        page = self.send("GET", "channels?limit=200")
        if not page or len(page["items"]) >= CHANNELS:
            return
        body = {
            "name": f"stage {self.unique_name}",
            "allowed_cidrs": [self.rng.choice(CIDRS)],
            "record": self.rng.random() < 0.2,
        }
        if created := self.send("POST", "channels", body):
            self.notes.channels.add(created["name"])

    def channel_delete(self) -> None:
        self.act_on_random("channels", "channels/{}", method="DELETE")

    def channel_retry(self) -> None:
        self.act_on_random("channels", "channels/{}/retry")

    def breakout_create(self) -> None:
        channel = self.random_item("channels")
        if channel is None:
            return
        body = {"channel": channel["id"], "name": f"show {self.unique_name}"}
        if created := self.send("POST", "breakouts", body):
            self.notes.breakouts.add(created["id"])

    def breakout_start(self) -> None:
        self.act_on_random(
            f"breakouts?state={self.rng.choice(['idle', 'idle', 'failed'])}", "breakouts/{}/start"
        )

    def breakout_stop(self) -> None:
        self.act_on_random(
            f"breakouts?state={self.rng.choice(['running', 'running', 'starting'])}", "breakouts/{}/stop"
        )

    def breakout_cancel(self) -> None:
        self.act_on_random(
            f"breakouts?state={self.rng.choice(['idle', 'starting', 'starting'])}", "breakouts/{}/cancel"
        )

    def breakout_prepare(self) -> None:
        self.act_on_random(f"breakouts?state={self.rng.choice(['idle', 'running'])}", "breakouts/{}/prepare")

    def breakout_curtain(self) -> None:
        state = self.rng.choice(["idle", "starting", "running"])
        self.act_on_random(
            f"breakouts?state={state}", "breakouts/{}/curtain", {"raised": self.rng.random() < 0.9}
        )

    def distribution_detach(self) -> None:
        self.act_on_random("distributions", "distributions/{}/detach")

    def distribution_create(self) -> None:
        self.act_on_random("channels", "channels/{}/distribution")

    def distribution_sync(self) -> None:
        self.act_on_random("distributions", "distributions/{}/sync")

    def distribution_retry(self) -> None:
        self.act_on_random("distributions", "distributions/{}/retry")

    def read(self) -> None:
        self.act_on_random("breakouts", self.rng.choice(READS), method="GET")
        self.act_on_random("distributions", "distributions/{}/config", method="GET")


class Viewers(threading.Thread):
    """Viewers: they watch every breakout that has a playback URL, and sometimes leave again."""

    def __init__(self, seed: str, api: Api, control: Control, over: threading.Event) -> None:
        super().__init__(name="viewers", daemon=True)
        self.api, self.control, self.over = api, control, over
        self.rng = random.Random(f"{seed}/viewers")
        self.audiences: dict[str, str] = {}

    def run(self) -> None:
        while not self.over.wait(0.3):
            try:
                running = self.api.get("breakouts?state=running&limit=200")["items"]
            except (ApiError, *NO_ANSWER):
                continue  # the clients check the API's answers
            for url in sorted({row["playback_url"] for row in running if row["playback_url"]}):
                self._watch(url)

    def _watch(self, url: str) -> None:
        if url not in self.audiences:
            try:
                self.audiences[url] = self.control.audience_join(
                    url, viewers=self.rng.randint(5, 50), kbps=3_500, tail_seconds=self.rng.choice([0, 2])
                )
            except ControlError:
                return  # its distribution was just deleted from AWS
        elif self.rng.random() < 0.02:
            self.control.audience_leave(self.audiences.pop(url))
