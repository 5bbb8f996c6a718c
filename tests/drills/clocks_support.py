"""Shifted clocks for drills, and what the drills about clocks read from the database."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

ROLES = ("web", "worker", "beat")


# libfaketime cannot shift the wall clock alone: with its timers left as they are, absolute sleeps (Python's
# `time.sleep`) fail with EINVAL; with shifted timers, waits for a lock last as long as the shift.
WALL_CLOCK = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long shift(void) { const char *s = getenv("SHIFT_SECONDS"); return s ? atol(s) : 0; }
int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
    return failed;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


@cache
def _library() -> Path:
    """The compiled `WALL_CLOCK`. Needs a C compiler."""
    folder = Path(tempfile.mkdtemp(prefix="streamhub-clock-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "clock.c").write_text(WALL_CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", "clock.so", "clock.c"], cwd=folder, check=True)
    return folder / "clock.so"


def shifted(seconds: int) -> list[str]:
    """The words before a command that shift its wall clock, and leave its timers as they are."""
    if not seconds:
        return []
    return ["env", f"LD_PRELOAD={_library()}", f"SHIFT_SECONDS={seconds}"]


def shift(world: Any, role: str, seconds: int) -> None:
    """Start the processes of this role again with their clock shifted (0: not shifted)."""
    names = [name for name in world.processes.running if name.partition("-")[0] == role]
    for name in names:
        world.restart(name, shifted(seconds))
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
