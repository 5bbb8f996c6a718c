"""Chaos: `python -m tests.chaos.run [--minutes N] [--seed S]`.

Clients use the API while workers, beat, web, Redis, PostgreSQL and the AWS endpoint are killed and started
again, and AWS calls fail. The seed also draws misfortunes: the database is a reader for a while, Redis
changes places with its replica, one worker's clock is wrong by 90 s. Then the faults end, everything is
stopped and deleted, and the measures of the matrix are taken. The seed makes the choice of operations and
kills repeatable, but not their timing.
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
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from devstack.demo.api import ApiError
from tests.chaos.clients import Client, Notes, Viewers
from tests.chaos.logs import unexpected_exceptions
from tests.chaos.monkey import Monkey, drawn
from tests.chaos.system import DEMOTION, MISFORTUNES, READER, ChaosSystem, chaos_system

CLIENTS = 4
# A killed worker's claims expire after 60 s, its jobs' leases after up to 180 s.
QUIET_SECONDS = 420.0
# CloudWatch is late by less than METRICS_FINAL_AFTER_SECONDS, so that final usage is correct.
PUBLISH = {"least": 20, "most": 90, "late_share": 0.2, "grow_share": 0.3, "after_minute": False}
ROUND_MINUTES = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default="")
    parser.add_argument(
        "--misfortunes",
        type=lambda text: [name for name in text.split(",") if name],
        help=f"of {', '.join(MISFORTUNES)}, with commas between (default: the seed draws)",
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    options = parser.parse_args()
    seed = options.seed or str(random.SystemRandom().randrange(10**6))
    folder = Path(tempfile.mkdtemp(prefix="streamhub-chaos-"))
    good = False
    try:
        with chaos_system(folder) as system:
            use_product_settings(system, folder)
            misfortunes = drawn(seed) if options.misfortunes is None else options.misfortunes
            good = Chaos(system, seed, misfortunes).run(options.minutes)
    finally:
        if good and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"The logs are in {folder / 'logs'}.")
    return 0 if good else 1


def use_product_settings(system: ChaosSystem, folder: Path) -> None:
    """Give this process the product's settings: the same database and the same AWS."""
    os.environ |= {**system.environment(), "STREAMHUB_VAR_DIR": str(folder), "STREAMHUB_ENV_FILE": os.devnull}
    os.environ["DJANGO_SETTINGS_MODULE"] = "streamhub.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)


class Chaos:
    """One run."""

    def __init__(self, system: ChaosSystem, seed: str, misfortunes: Collection[str]) -> None:
        from tests.scenarios.truth import Wrongs

        self.system, self.seed = system, seed
        self.notes, self.wrongs = Notes(), Wrongs()
        self.monkey = Monkey(system, seed, misfortunes)
        self.misfortunes = ", ".join(misfortunes) or "none"
        self.began = time.monotonic()

    def run(self, minutes: float) -> bool:
        self.system.open()
        self.system.control.publish_delay(**PUBLISH)
        self.say(f"seed {self.seed}, misfortunes: {self.misfortunes}: everything is up")
        rounds = max(1, round(minutes / ROUND_MINUTES))
        for number in range(1, rounds + 1):
            self.disturb(minutes * 60 / rounds, number)
            self.settle(f"quiet point {number}")
        self.close_down()
        return self.report()

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {what}", flush=True)

    # --- the run ---------------------------------------------------------------------------

    def disturb(self, seconds: float, number: int) -> None:
        """Run clients, viewers and the monkey at once."""
        over = threading.Event()
        seed = f"{self.seed}/{number}"
        api = self.system.api
        threads: list[threading.Thread] = [
            Client(n, seed, api(), self.system.outages, self.notes, over) for n in range(CLIENTS)
        ]
        threads.append(Viewers(seed, api(), self.system.control, over))
        for thread in threads:
            thread.start()
        try:
            self.monkey.disturb(time.monotonic() + seconds)
        finally:
            over.set()
        for thread in threads:
            self.wait_for(lambda thread=thread: not thread.is_alive(), f"{thread.name} has ended", 60)
        self.say(f"round {number}: {self.operations()} operations, {self.system.kills.total()} kills so far")

    def settle(self, when: str) -> None:
        """End the faults, wait until all rows are at rest, then compare AWS with the rows."""
        from django.db import connections

        from tests.scenarios import truth

        self.monkey.stop_faults()
        connections.close_all()  # connections from before the database was killed
        rested = self.wait_for(
            lambda: not truth.rows_not_at_rest(), f"{when}: all rows are at rest", QUIET_SECONDS
        )
        if not rested:
            for row in truth.rows_not_at_rest():
                self.wrongs.add("stuck", f"{when}: {row}")
        self.wait_for(self.no_surplus, f"{when}: the drift job has deleted duplicate security groups", 60)
        truth.compare(self.system.control, self.wrongs, when)
        self.say(f"{when}: {len(truth.ours(self.system.control))} resources")

    def no_surplus(self) -> bool:
        """Whether AWS has nothing surplus. Lets drift's grace hour pass first if it has."""
        from tests.scenarios import truth

        if self.has_surplus():
            truth.run_drift_twice()
        return not self.has_surplus()

    def has_surplus(self) -> bool:
        from tests.scenarios import truth

        wrongs = truth.Wrongs()
        truth.compare(self.system.control, wrongs, "")
        return bool(list(wrongs.all()))

    def close_down(self) -> None:
        """Stop every breakout, wait for final usage, delete every channel, and wait for the reaper."""
        from tests.scenarios import truth

        api = self.system.api()
        for breakout in self.all(api, "breakouts"):
            if breakout["state"] in ("starting", "running", "failed"):
                self.ask(api, f"breakouts/{breakout['id']}/stop")
        if not self.wait_for(lambda: not truth.rows_not_at_rest(), "all breakouts are over", QUIET_SECONDS):
            self.report_wrong("stuck", truth.rows_not_at_rest())
        usage = partial(truth.open_usage, silent=False)
        if not self.wait_for(lambda: not usage(), "all usage with a datapoint is final", QUIET_SECONDS):
            self.report_wrong("stuck", usage())
        for channel in self.all(api, "channels"):
            self.ask(api, f"channels/{channel['id']}", "DELETE")
        if not self.wait_for(lambda: not truth.rows_left(), "all rows are gone", QUIET_SECONDS):
            self.report_wrong("stuck", truth.rows_left())
        self.wait_for(self.empty, "AWS is empty", 60)
        self.measure()

    def empty(self) -> bool:
        """Whether AWS has nothing of ours. Lets drift's grace hour pass first if it has."""
        from tests.scenarios import truth

        if truth.ours(self.system.control):
            truth.run_drift_twice()
        return not truth.ours(self.system.control)

    def measure(self) -> None:
        from channels_app.models import Breakout
        from streamhub.lifecycle.models import Transition
        from tests.scenarios import truth

        for resource in truth.ours(self.system.control):
            self.wrongs.add("orphans", f"at the end: {resource} is left")
        truth.record_unfinished(self.wrongs)
        self.lost, self.delivered = truth.bytes_lost(self.system.control, self.wrongs, datetime.now(UTC))
        self.report_wrong("stuck", truth.open_usage(silent=True))
        for call in self.system.control.calls(illegal=True):
            sentence = f"{call['time']} {call['name']} {call['params']}: {call['error']}: {call['message']}"
            self.wrongs.add("illegal calls", sentence)
        creations = Transition.objects.filter(resource_type="channel", from_state="")
        self.channels, self.breakouts = creations.count(), Breakout.objects.count()
        self.report_wrong(
            "lost intents",
            sorted(self.notes.channels - set(creations.values_list("resource_name", flat=True))),
        )
        stored = {str(pk) for pk in Breakout.objects.values_list("pk", flat=True)}
        self.report_wrong("lost intents", [f"breakout {id}" for id in sorted(self.notes.breakouts - stored)])
        names = list(Breakout.objects.values_list("name", flat=True))
        self.report_wrong("duplicates", sorted({f"breakouts named {n}" for n in names if names.count(n) > 1}))
        self.report_wrong("bad answers", self.notes.wrong)
        self.report_wrong(
            "unexpected exceptions", unexpected_exceptions(self.system.processes.folder / "logs")
        )

    # --- tools -----------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float) -> bool:
        """Wait for the condition while restarting ended processes; whether it became true in time."""
        began = time.monotonic()
        while not condition():
            self.system.supervise()
            if time.monotonic() - began > seconds:
                self.say(f"TIMEOUT after {seconds:.0f} s: {what}")
                return False
            time.sleep(0.3)
        if time.monotonic() - began > 1:
            self.say(f"{what} ({time.monotonic() - began:.0f} s)")
        return True

    def report_wrong(self, measure: str, sentences: list[str]) -> None:
        for sentence in sentences:
            self.wrongs.add(measure, sentence)

    def all(self, api: Any, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        items, next_page = [], f"{path}?limit=200"
        while next_page:
            page = api.get(next_page)
            items += page["items"]
            next_page = page["next"].partition("/api/v1/")[2] if page["next"] else ""
        return items

    def ask(self, api: Any, path: str, method: str = "POST") -> None:
        """Send a request while everything is up: a refusal is recorded as wrong."""
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
        print(f"refusals: {refused} · unanswered during an outage: {self.notes.unanswered}")
        print("faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.monkey.faults.items())))
        print(f"bytes delivered to viewers: {self.delivered:,}")
        for measure, sentence in wrongs:
            print(f"WRONG {measure}: {sentence}")
        kills = self.system.kills
        parts = ", ".join(
            f"{part} {kills[part]}"
            for part in ("worker", "beat", "web", "redis", "postgres", "aws", READER, DEMOTION)
        )
        others = "".join(
            f" · {measure} {self.wrongs.count(measure)}"
            for measure in ("stuck", "lost intents", "bad answers", "unexpected exceptions")
            if self.wrongs.count(measure)
        )
        print(
            f"operations {self.operations()} · kills {kills.total()} ({parts}) · channels {self.channels}"
            f" · breakouts {self.breakouts} · orphans {self.wrongs.count('orphans')}"
            f" · duplicates {self.wrongs.count('duplicates')}"
            f" · illegal calls {self.wrongs.count('illegal calls')} · lost bytes {self.lost}{others}"
            f" · misfortunes: {self.misfortunes} · seed {self.seed}"
        )
        return not wrongs


if __name__ == "__main__":
    raise SystemExit(main())
