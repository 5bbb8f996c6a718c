"""Shows on as many channels, all started through the API within a second, as in production (`production`).

Measured: the share of our own rate that the starts use; what the web answers meanwhile (the API's list, and a
page of the admin); CPU time of each kind of process; whether all shows run, end, and have exactly the bytes
that AWS served for each of them, once they are final. `floor` is the rate limit itself, `naive` a request
that makes AWS's call.

`var/bench/api_starts_bytes.csv` has a line for each show: what AWS served, and what StreamHub counts.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from typing import Any

from streamhub.aws.ratelimit import rate_for
from tests.bench.cpu import cpu_seconds
from tests.bench.figures import Figure, write_json, write_table
from tests.bench.production import BEHIND_TLS, LATENCY, Stack, running, seconds_of
from tests.bench.shows import prepared

START, STOP = "medialive:StartChannel", "medialive:StopChannel"
RATE = rate_for(START)
ADMIN = "/admin/live/"
# How long the web is asked before the storm, while nothing else happens.
QUIET_SECONDS = 10.0
# The web has two times four threads on two cores: what an answer may take during the storm.
P99_SECONDS = 1.0
# Figures are final once nothing has changed for so long after the tail. With the defaults, of an hour and two
# minutes, a show would be read first seven minutes after its end, and be final after more than an hour.
SOON = {"METRICS_SECONDS": "10", "METRICS_FINAL_AFTER_SECONDS": "60", "USAGE_TAIL_SECONDS": "30"}
FINAL_SECONDS = 900.0


def case(quick: bool) -> Iterator[Figure]:
    count = 30 if quick else 200
    with running({"MFA_REQUIRED_GROUPS": "", **SOON}) as processes:
        stack = Stack(*processes)
        shows = prepared(stack, count)
        cookie = stack.processes.python("-m", "tests.bench.staff_session", timeout=120).strip()
        quiet = Web(stack, cookie)
        with quiet:
            time.sleep(QUIET_SECONDS)
        storm = Web(stack, cookie)
        before = cpu_seconds(stack.processes)
        stack.control.clear_calls()
        with storm:
            asked = _asked(stack, shows)
            stack.wait(lambda: stack.accepted(START) == count, "all are started", 600)
        spent = {kind: used - before[kind] for kind, used in cpu_seconds(stack.processes).items()}
        starts = sorted(seconds_of(entry) for entry in _calls(stack, START))
        print(f"{count} starts were sent in {starts[-1] - starts[0]:.1f} s", flush=True)
        stack.wait(lambda: _in_state(stack, "running") == count, "all run", 300)
        _serve(stack)
        for show in shows:
            stack.api.post(f"breakouts/{show}/stop")
        stack.wait(lambda: _in_state(stack, "completed") == count, "all are completed", 600)
        print("all shows ran and are completed; their bytes are awaited", flush=True)
        over = time.monotonic()
        stack.wait(lambda: _final(stack) == count, "all figures are final", FINAL_SECONDS)
        final_seconds = time.monotonic() - over
        shown = _bytes(stack)
        illegal = sum(stack.control.counts()["illegal"].values())
    seconds = starts[-1] - starts[0]
    per_second = (count - RATE.burst) / seconds
    wrong = [show for show in shown if not show.equal]
    served, counted = sum(show.served for show in shown), sum(show.counted for show in shown)
    found = {
        "count": count,
        "asked_seconds": asked,
        "start_seconds": seconds,
        "per_second": per_second,
        "quiet": quiet.figures(),
        "storm": storm.figures(),
        "cpu_seconds": spent,
        "final_seconds": final_seconds,
        "bytes_served": served,
        "bytes_counted": counted,
        "wrong": [show.show for show in wrong],
        "illegal": illegal,
        "load": os.getloadavg()[0],
    }
    write_json("api_starts", found)
    note = f"{per_second:.2f} of {RATE.per_second:g} a second; asked for in {asked:.1f} s; CPU " + ", ".join(
        f"{kind} {used:.0f} s" for kind, used in sorted(spent.items())
    )
    what = f"{count} starts through the API"
    yield Figure(f"{what}: time / time of the limit", RATE.per_second / per_second, 1, 0.6, 1.11, note)
    yield Figure(f"{what}: starts sent, each", len(starts) / count, 1, 1, 1)
    for name, times in storm.seconds.items():
        usual = _quantile(quiet.seconds[name], 0.99)
        note = f"p50 {_quantile(times, 0.5):.2f} s of {len(times)}; quiet p99 {usual:.2f} s"
        p99 = _quantile(times, 0.99)
        yield Figure(f"{what}: p99 of {name}, s", p99, LATENCY, count * LATENCY, P99_SECONDS, note)
    note = f"AWS served {served:,} bytes, StreamHub counts {counted:,}, final after {final_seconds:.0f} s"
    yield Figure(f"{what}: shows with other bytes than served", len(wrong), 0, 0, 0, note)
    yield Figure(f"{what}: illegal calls", illegal, 0, 0, 0)


class Web:
    """Asks the web again and again, one request at a time for each address, and keeps how long they took."""

    def __init__(self, stack: Stack, cookie: str) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._over = threading.Event()
        self._threads = [
            self._asking("the API's list", lambda: stack.api.get("breakouts?limit=50")),
            self._asking("an admin page", lambda: _page(stack.processes.web_url + ADMIN, cookie)),
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def figures(self) -> dict[str, dict[str, float]]:
        return {
            name: {"count": len(times), "p50": _quantile(times, 0.5), "p99": _quantile(times, 0.99)}
            for name, times in self.seconds.items()
        }

    def _asking(self, name: str, ask: Callable[[], Any]) -> threading.Thread:
        times = self.seconds.setdefault(name, [])

        def run() -> None:
            while not self._over.wait(0.1):
                began = time.perf_counter()
                ask()
                times.append(time.perf_counter() - began)

        return threading.Thread(target=run, daemon=True)


def _page(url: str, cookie: str) -> None:
    request = urllib.request.Request(url, headers={**BEHIND_TLS, "Cookie": cookie})
    with urllib.request.urlopen(request, timeout=30) as answer:
        if not answer.url.endswith(ADMIN):
            raise SystemExit(f"{url} led to {answer.url}: the session of the bench may not see it.")
        answer.read()


def _asked(stack: Stack, shows: list[str]) -> float:
    """Ask for all starts at once; the seconds until the last one was answered."""
    began = time.monotonic()
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda show: stack.api.post(f"breakouts/{show}/start"), shows))
    return time.monotonic() - began


def _calls(stack: Stack, name: str) -> list[dict[str, Any]]:
    return [entry for entry in stack.control.calls(limit=200_000) if entry["name"] == name]


def _in_state(stack: Stack, state: str) -> int:
    return sum(show["state"] == state for show in stack.all("breakouts"))


def _serve(stack: Stack) -> None:
    """Let each show's distribution serve bytes that no other serves, and let CloudWatch show them."""
    for number, show in enumerate(stack.all("breakouts")):
        (distribution,) = show["distributions"]
        stack.control.deliver(distribution, 1_000_000_007 + number * 7_919, requests=number + 1)
    stack.control.publish_all()


@dataclass(frozen=True)
class Bytes:
    """What AWS served for a show, by its own account, and what StreamHub counts for it."""

    show: str
    distribution: str
    served: int
    counted: int
    requests_served: int
    requests_counted: int

    @property
    def equal(self) -> bool:
        return (self.served, self.requests_served) == (self.counted, self.requests_counted)


def _final(stack: Stack) -> int:
    return sum(show["usage"]["status"] == "final" for show in stack.all("breakouts"))


def _bytes(stack: Stack) -> list[Bytes]:
    """Every show with both figures, which are also written to `api_starts_bytes.csv`."""
    found = []
    for show in stack.all("breakouts"):
        (distribution,) = show["distributions"]
        truth, usage = stack.control.truth(distribution), show["usage"]
        amounts = truth["bytes"], usage["bytes_downloaded"], truth["requests"], usage["requests"]
        found.append(Bytes(show["id"], distribution, *amounts))
    header = [field.name for field in fields(Bytes)]
    write_table("api_starts_bytes", header, [astuple(each) for each in found])
    return found


def _quantile(values: list[float], share: float) -> float:
    """The value that so great a share of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("inf")
