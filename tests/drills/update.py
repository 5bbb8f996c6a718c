"""During shows a new version replaces the one that runs, as docs/operators.md says; then the old one is back.

`FROM=<commit>` is the old version: without it, the one before the newest migration. It runs in the virtual
environment of the new one.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from devstack.demo.api import Api
from devstack.ports import free_port
from devstack.processes import ROOT, WEB, readiness
from tests.drills.clocks import BYTES, FINAL_SECONDS
from tests.drills.measures import answers
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "an update and its rollback during shows"
TAIL_SECONDS = 600
# What came to the old web is answered, and followed by what it leads to.
DRAIN_SECONDS = 5.0


def drill(world: World) -> None:
    """A show goes on air in each part of the update and of the rollback, and ends in a later one."""
    commit = older_version()
    world.note("from", _git("log", "-1", "--format=%h %cs %s", commit).strip())
    old, new = unpacked(commit, world.processes.folder / "old"), ROOT
    world.processes.root = old
    world.open(environment={"USAGE_TAIL_SECONDS": str(TAIL_SECONDS)})
    steady = world.show("steady")
    shows = Shows(world)
    with at_work(world, steady) as traffic:
        shows.next("before the update")
        world.processes.root = new
        world.say("the database is updated")
        world.processes.run("bootstrap")
        for where in (new, old):
            what = "update" if where == new else "rollback"
            world.processes.root = where
            shows.next(f"{what}: no process replaced")
            for worker in ("worker-1", "worker-2"):
                replace(world, worker)
                shows.next(f"{what}: {worker} replaced")
            replace(world, "beat")
            replace_web(world)
            shows.next(f"{what}: all replaced")
    world.processes.wait_ready("database", "broker", "worker", "beat")
    answers(world, traffic)
    world.check(world.api().get(f"breakouts/{steady}")["state"] == "running", "the steady show is not on air")
    shows.end()
    illegal = world.control.calls(illegal=True)
    world.check(not illegal, f"illegal calls: {illegal}")


class Shows:
    """Each is on air until the next one is: from one part of the drill into another."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[str, str] = {}

    def next(self, part: str) -> None:
        """A new channel, a show on it, its bytes; then the stop of the one before."""
        world, api = self.world, self.world.api()
        world.say(f"a show: {part}")
        show = world.show(part)
        channel = api.get(f"breakouts/{show}")["channel"]

        def delivery() -> dict[str, str]:
            found: dict[str, str] = api.get(f"channels/{channel}")["distribution"]
            return found

        world.wait(lambda: delivery()["state"] == "deployed", f"{part}: its distribution is deployed", 180)
        world.control.deliver(delivery()["domain_name"], BYTES)
        if world.rows("SELECT 1 FROM information_schema.columns WHERE column_name = 'tail'"):
            tails = world.rows("SELECT DISTINCT extract(epoch FROM tail)::int FROM channels_app_attachment")
            world.check(tails == [(TAIL_SECONDS,)], f"{part}: tails {tails}")
        self._stop_last()
        self.ids[part] = show

    def end(self) -> None:
        """Stop the last one, and find the bytes of all."""
        self._stop_last()
        for part, show in self.ids.items():
            world, api = self.world, self.world.api()

            def counted(show: str = show, api: Api = api) -> bool:
                return bool(api.get(f"breakouts/{show}")["usage"]["bytes_downloaded"] == BYTES)

            world.wait(counted, f"{part}: its bytes", FINAL_SECONDS)

    def _stop_last(self) -> None:
        if not self.ids:
            return
        (part, show), api = list(self.ids.items())[-1], self.world.api()
        api.post(f"breakouts/{show}/stop")
        over = self.world.wait(
            lambda: api.get(f"breakouts/{show}")["state"] == "completed", f"{part}: over", 90
        )
        self.world.note(f"{part}: its stop took", over)


def older_version() -> str:
    """`FROM`, or the newest commit that lacks the newest migration."""
    if named := os.environ.get("FROM"):
        return _git("rev-parse", "--verify", f"{named}^{{commit}}").strip()
    newest = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", "*/migrations/*.py").strip()
    return f"{newest}^"


def unpacked(commit: str, folder: Path) -> Path:
    """The files of the commit."""
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def replace(world: World, role: str) -> None:
    """Stop a process as a supervisor does, and start it with the code at `processes.root`."""
    world.say(f"{role} is replaced")
    world.processes.stop(role, timeout=60)
    world.start(role)


def replace_web(world: World) -> None:
    """As behind a load balancer: the new one takes calls once it answers, the old one ends what it has."""
    world.say("web is replaced")
    processes, before = world.processes, world.processes.port
    processes.running["web-before"] = processes.running.pop(WEB)
    world.port = free_port()
    processes.start_web(world.port)
    address, processes.port = processes.web_url, before
    world.wait(lambda: bool(readiness(address)), "the new web answers", 60)
    processes.port = world.port
    time.sleep(DRAIN_SECONDS)
    with suppress(KeyError):
        processes.stop("web-before", timeout=60)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
