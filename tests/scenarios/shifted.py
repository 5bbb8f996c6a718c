"""A host whose clock is off: words before the command of a process (`ProcessSet.prefix`).

libfaketime cannot shift the wall clock alone: with its timers left as they are, Python's `time.sleep` fails
with EINVAL; with shifted timers, a wait for a lock never ends. So a small library of our own does it, which
leaves all timers alone. It needs a C compiler.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

_SOURCE = """
#define _GNU_SOURCE
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {
    const char *seconds = getenv("CLOCK_AHEAD_SECONDS");
    return seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead();
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

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    struct timespec real = *until;
    real.tv_sec -= ahead();
    return sem_clockwait(semaphore, CLOCK_REALTIME, &real);
}
"""


class NoCompiler(Exception):
    """There is no C compiler (Debian: apt install gcc libc6-dev)."""


def shifted(seconds: int) -> list[str]:
    """The process sees a wall clock that is ahead by so many seconds. Raises NoCompiler."""
    return ["env", f"LD_PRELOAD={_library()}", f"CLOCK_AHEAD_SECONDS={seconds}"]


@cache
def _library() -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler
    folder = Path(tempfile.mkdtemp(prefix="streamhub-clock-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "clock.c").write_text(_SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", "clock.so", "clock.c"], cwd=folder, check=True)
    return folder / "clock.so"
