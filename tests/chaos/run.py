"""Chaos: `python -m tests.chaos.run [--minutes N] [--seed S]`.

Clients work through the API while workers, beat, web, Redis, PostgreSQL and the AWS endpoint are killed
and started again, and AWS misbehaves. Then everything heals, all is stopped and deleted, and the measures
of the matrix are taken. The seed makes the choice of operations and of kills repeatable, not their timing.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devstack.demo.api import ApiError
from tests.chaos.clients import Client, Notes, Viewers
from tests.chaos.house import ChaosHouse, chaos_house
from tests.chaos.logs import surprises
from tests.chaos.monkey import Monkey

CLIENTS = 4
# Claims of the dead run out after 60 s, their jobs' leases after up to 180.
QUIET_SECONDS = 420.0
# CloudWatch is late by less than METRICS_FINAL_AFTER_SECONDS, so that what is final is right.
PUBLISH = {"least": 20, "most": 90, "late_share": 0.2, "grow_share": 0.3, "after_minute": False}
ROUND_MINUTES = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default="")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    options = parser.parse_args()
    seed = options.seed or str(random.SystemRandom().randrange(10**6))
    folder = Path(tempfile.mkdtemp(prefix="streamhub-chaos-"))
    good = False
    try:
        with chaos_house(folder) as house:
            look_through(house, folder)
            good = Chaos(house, seed).run(options.minutes)
    finally:
        if good and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"The logs are in {folder / 'logs'}.")
    return 0 if good else 1


def look_through(house: ChaosHouse, folder: Path) -> None:
    """Have this process see the same rows and the same AWS as the product, through its own door."""
    os.environ |= {**house.environment(), "STREAMHUB_VAR_DIR": str(folder), "STREAMHUB_ENV_FILE": os.devnull}
    os.environ["DJANGO_SETTINGS_MODULE"] = "streamhub.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)


class Chaos:
    """One run."""

    def __init__(self, house: ChaosHouse, seed: str) -> None:
        from tests.scenarios.truth import Wrongs

        self.house, self.seed = house, seed
        self.notes, self.wrongs = Notes(), Wrongs()
        self.monkey = Monkey(house, seed)
        self.began = time.monotonic()

    def run(self, minutes: float) -> bool:
        self.house.open()
        self.house.control.publish_delay(**PUBLISH)
        self.say(f"seed {self.seed}: everything is up")
        rounds = max(1, round(minutes / ROUND_MINUTES))
        for number in range(1, rounds + 1):
            self.rage(minutes * 60 / rounds, number)
            self.calm(f"quiet point {number}")
        self.close_down()
        return self.report()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {what}", flush=True)

    # --- the run ---------------------------------------------------------------------------

    def rage(self, seconds: float, number: int) -> None:
        """Clients, viewers and the monkey, all at once."""
        over = threading.Event()
        seed = f"{self.seed}/{number}"
        api = self.house.api
        crowd: list[threading.Thread] = [
            Client(n, seed, api(), self.house.outages, self.notes, over) for n in range(CLIENTS)
        ]
        crowd.append(Viewers(seed, api(), self.house.control, over))
        for each in crowd:
            each.start()
        try:
            self.monkey.rage(time.monotonic() + seconds)
        finally:
            over.set()
        for each in crowd:
            self.until(lambda each=each: not each.is_alive(), f"{each.name} ends", 60)
        self.say(f"round {number}: {self.operations()} operations, {self.house.kills.total()} kills so far")

    def calm(self, when: str) -> None:
        """No more faults; all rows come to rest; then AWS and rows are compared."""
        from django.db import connections

        from tests.scenarios import truth

        self.monkey.rest()
        connections.close_all()  # our own, from before the database was killed
        rested = self.until(lambda: not truth.restless(), f"{when}: all rows are at rest", QUIET_SECONDS)
        if not rested:
            for row in truth.restless():
                self.wrongs.add("stuck", f"{when}: {row}")
        self.until(self.tidy, f"{when}: drift's job has deleted security groups' twins", 60)
        truth.compare(self.house.control, self.wrongs, when)
        self.say(f"{when}: {len(truth.ours(self.house.control))} resources")

    def tidy(self) -> bool:
        """Whether nothing is surplus, if need be after the hour that drift's job leaves it."""
        from . import truth

        if self.surplus():
            truth.an_hour_of_drift()
        return not self.surplus()

    def surplus(self) -> bool:
        from tests.scenarios import truth

        seen = truth.Wrongs()
        truth.compare(self.house.control, seen, "")
        return bool(list(seen.all()))

    def close_down(self) -> None:
        """Stop every breakout, see the usage become final, delete every channel, let the reaper work."""
        from tests.scenarios import truth

        api = self.house.api()
        for breakout in self.all(api, "breakouts"):
            if breakout["state"] in ("starting", "running", "failed"):
                self.ask(api, f"breakouts/{breakout['id']}/stop")
        if not self.until(lambda: not truth.restless(), "all breakouts are over", QUIET_SECONDS):
            self.blame("stuck", truth.restless())
        if not self.until(lambda: not truth.open_usage(), "all usage is final", QUIET_SECONDS):
            self.blame("stuck", truth.open_usage())
        for channel in self.all(api, "channels"):
            self.ask(api, f"channels/{channel['id']}", "DELETE")
        if not self.until(lambda: not truth.rows_left(), "all rows are gone", QUIET_SECONDS):
            self.blame("stuck", truth.rows_left())
        self.until(self.empty, "AWS is empty", 60)
        self.measure()

    def empty(self) -> bool:
        """Whether AWS has nothing of ours, if need be after the hour that drift's job leaves a twin."""
        from . import truth

        if truth.ours(self.house.control):
            truth.an_hour_of_drift()
        return not truth.ours(self.house.control)

    def measure(self) -> None:
        from channels_app.models import Breakout
        from streamhub.lifecycle.models import Transition
        from tests.scenarios import truth

        for each in truth.ours(self.house.control):
            self.wrongs.add("orphans", f"at the end: {each} is left")
        truth.unended(self.wrongs)
        self.lost, self.delivered = truth.bytes_lost(self.house.control, self.wrongs, datetime.now(UTC))
        for call in self.house.control.calls(illegal=True):
            said = f"{call['time']} {call['name']} {call['params']}: {call['error']}: {call['message']}"
            self.wrongs.add("illegal calls", said)
        born = Transition.objects.filter(resource_type="channel", from_state="")
        self.channels, self.breakouts = born.count(), Breakout.objects.count()
        self.blame(
            "lost intents", sorted(self.notes.channels - set(born.values_list("resource_name", flat=True)))
        )
        here = {str(pk) for pk in Breakout.objects.values_list("pk", flat=True)}
        self.blame("lost intents", [f"breakout {id}" for id in sorted(self.notes.breakouts - here)])
        names = list(Breakout.objects.values_list("name", flat=True))
        self.blame("duplicates", sorted({f"breakouts named {n}" for n in names if names.count(n) > 1}))
        self.blame("bad answers", self.notes.wrong)
        self.blame("surprises in the logs", surprises(self.house.processes.folder / "logs"))

    # --- means -----------------------------------------------------------------------------

    def until(self, so: Callable[[], bool], what: str, seconds: float) -> bool:
        """Wait, as a supervisor that restarts what fell; whether it came to be so."""
        began = time.monotonic()
        while not so():
            self.house.supervise()
            if time.monotonic() - began > seconds:
                self.say(f"NOT SO after {seconds:.0f} s: {what}")
                return False
            time.sleep(0.3)
        if time.monotonic() - began > 1:
            self.say(f"{what} ({time.monotonic() - began:.0f} s)")
        return True

    def blame(self, measure: str, sentences: list[str]) -> None:
        for sentence in sentences:
            self.wrongs.add(measure, sentence)

    def all(self, api: Any, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found, next_page = [], f"{path}?limit=200"
        while next_page:
            page = api.get(next_page)
            found += page["items"]
            next_page = page["next"].partition("/api/v1/")[2] if page["next"] else ""
        return found

    def ask(self, api: Any, path: str, method: str = "POST") -> None:
        """Everything is up: a refusal now is wrong."""
        try:
            api.send(method, path, {} if method == "POST" else None)
        except ApiError as error:
            self.wrongs.add("bad answers", f"closing down: {method} {path}: {error}")

    def operations(self) -> int:
        return self.notes.operations.total()

    # --- the report ------------------------------------------------------------------------

    def report(self) -> bool:
        wrongs = list(self.wrongs.all())
        print("operations: " + ", ".join(f"{verb} {n}" for verb, n in sorted(self.notes.operations.items())))
        refused = ", ".join(f"{status} x{n}" for status, n in sorted(self.notes.refusals.items())) or "none"
        print(f"refusals: {refused} · unanswered while something was away: {self.notes.unanswered}")
        print("faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.monkey.faults.items())))
        print(f"bytes delivered to viewers: {self.delivered:,}")
        for measure, sentence in wrongs:
            print(f"WRONG {measure}: {sentence}")
        kills = self.house.kills
        parts = ", ".join(
            f"{part} {kills[part]}" for part in ("worker", "beat", "web", "redis", "postgres", "aws")
        )
        others = "".join(
            f" · {measure} {self.wrongs.count(measure)}"
            for measure in ("stuck", "lost intents", "bad answers", "surprises in the logs")
            if self.wrongs.count(measure)
        )
        print(
            f"operations {self.operations()} · kills {kills.total()} ({parts}) · channels {self.channels}"
            f" · breakouts {self.breakouts} · orphans {self.wrongs.count('orphans')}"
            f" · duplicates {self.wrongs.count('duplicates')}"
            f" · illegal calls {self.wrongs.count('illegal calls')} · lost bytes {self.lost}{others}"
            f" · seed {self.seed}"
        )
        return not wrongs


if __name__ == "__main__":
    raise SystemExit(main())
