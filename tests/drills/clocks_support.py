"""Shifted clocks for drills, and what the drills about clocks read from the database."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

from tests.scenarios.shifted import shifted

ROLES = ("web", "worker", "beat")


def shift(world: Any, role: str, seconds: int) -> None:
    """Start the processes of this role again with their clock shifted (0: not shifted)."""
    names = [name for name in world.processes.running if name.partition("-")[0] == role]
    for name in names:
        world.restart(name, shifted(seconds) if seconds else [])
    if role == "web":
        world.processes.wait(lambda: bool(readiness(world)), "web answers", 60)


def now(world: Any) -> datetime:
    """The database's time."""
    moment: datetime = world.rows("SELECT clock_timestamp()")[0][0]
    return moment


def readiness(world: Any) -> dict[str, str]:
    """What `/readyz` says of each part that is not well, and "" of the others; empty without an answer."""
    try:
        with urllib.request.urlopen(f"{world.url}/readyz", timeout=5) as answer:
            report = json.load(answer)
    except urllib.error.HTTPError as error:
        report = json.load(error)
    except OSError:
        return {}
    return {check["name"]: "" if check["ok"] else check["detail"] for check in report["checks"]}


# As a change in the admin: beat writes what it holds and reads the rows again.
CHANGED = "UPDATE django_celery_beat_periodictasks SET last_update = now() RETURNING ident"
COUNTED_SECONDS = 3.0


def sent(world: Any) -> tuple[int, datetime]:
    """How many messages beat had sent at a moment."""
    world.rows(CHANGED)
    time.sleep(COUNTED_SECONDS)
    return world.rows("SELECT sum(total_run_count), clock_timestamp() FROM django_celery_beat_periodictask")[
        0
    ]


def swept_since(world: Any, moment: datetime) -> int:
    """Whether the job `sweep` has ended since then (1 or 0)."""
    query = "SELECT count(*) FROM lifecycle_job WHERE name = 'sweep' AND finished_at > %s"
    return int(world.rows(query, moment)[0][0])
