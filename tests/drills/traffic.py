"""People and services at work during a drill, who write down every answer."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar

from tests.drills.world import PASSWORD, World

PAUSE = 0.15
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """`status`: HTTP's, 0 without an answer. `waits`: a Retry-After of 1 to 60 s. Times are monotonic."""

    what: str
    status: int
    waits: bool
    began: float
    ended: float

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400

    @property
    def fair(self) -> bool:
        """Good, or an honest 503."""
        return self.good or (self.status == 503 and self.waits)


@dataclass
class Traffic:
    """All answers. `created`: ids of the breakouts that web promised."""

    answers: list[Answer] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def counts(self) -> str:
        """E.g. `api write: 200 x31, 503 x4`."""
        by_what: dict[str, Counter[int]] = {}
        for answer in self.answers:
            by_what.setdefault(answer.what, Counter())[answer.status] += 1
        return "; ".join(f"{what}: {_counted(counts)}" for what, counts in sorted(by_what.items()))

    def unfair(self) -> Counter[str]:
        """Answers that are neither good nor a 503 with Retry-After."""
        return Counter(f"{a.what}: {a.status or 'no answer'}" for a in self.answers if not a.fair)

    def back(self, since: float) -> float:
        """Seconds from then until the last answer that was not good had been asked for."""
        return max((a.began - since for a in self.answers if not a.good and a.began > since), default=0.0)

    def slowest(self) -> float:
        return max((answer.ended - answer.began for answer in self.answers), default=0.0)


def _counted(counts: Counter[int]) -> str:
    return ", ".join(f"{status or 'no answer'} x{n}" for status, n in sorted(counts.items()))


class Caller(threading.Thread):
    """Does one thing again and again."""

    def __init__(
        self,
        what: str,
        ask: Callable[[], urllib.request.Request],
        traffic: Traffic,
        over: threading.Event,
        opener: urllib.request.OpenerDirector | None = None,
    ) -> None:
        super().__init__(name=what, daemon=True)
        self.what, self.ask, self.traffic, self.over = what, ask, traffic, over
        self.opener = opener or urllib.request.build_opener()

    def run(self) -> None:
        while not self.over.wait(PAUSE):
            began = time.monotonic()
            status, waits, body = self._send()
            self.traffic.answers.append(Answer(self.what, status, waits, began, time.monotonic()))
            if self.what == "api create" and status == 201:
                self.traffic.created.append(str(json.loads(body)["id"]))

    def _send(self) -> tuple[int, bool, bytes]:
        try:
            with self.opener.open(self.ask(), timeout=60) as answer:
                return answer.status, False, answer.read()
        except urllib.error.HTTPError as error:
            waits = error.headers.get("Retry-After", "").isdigit()
            return error.code, waits, error.read()
        except (OSError, HTTPException):
            return NO_ANSWER, False, b""


@contextmanager
def at_work(world: World, breakout: str) -> Iterator[Traffic]:
    """Services that read and write through the API, and staff in the admin, until the block ends."""
    traffic, over = Traffic(), threading.Event()
    channel = world.api().get(f"breakouts/{breakout}")["channel"]
    channel = channel["id"] if isinstance(channel, dict) else channel
    opener = _logged_in(world)
    callers = [
        Caller("api read", lambda: _api(world, "GET", "channels"), traffic, over),
        Caller(
            "api write",
            lambda: _api(world, "POST", f"breakouts/{breakout}/curtain", {"raised": True}),
            traffic,
            over,
        ),
        Caller(
            "api create",
            lambda: _api(
                world, "POST", "breakouts", {"channel": channel, "name": f"show {time.monotonic()}"}
            ),
            traffic,
            over,
        ),
        Caller("admin page", lambda: urllib.request.Request(f"{world.url}/admin/"), traffic, over, opener),
        Caller(
            "admin login", lambda: _login(world), traffic, over, urllib.request.build_opener(_KeepCookies())
        ),
    ]
    for caller in callers:
        caller.start()
    try:
        yield traffic
    finally:
        over.set()
        for caller in callers:
            caller.join(70)


def _api(
    world: World, method: str, path: str, body: dict[str, object] | None = None
) -> urllib.request.Request:
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
    if method == "POST":
        headers["Idempotency-Key"] = f"{path}-{time.monotonic()}"
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.Request(f"{world.url}/api/v1/{path}", data, headers, method=method)


class _KeepCookies(urllib.request.HTTPCookieProcessor):
    def __init__(self) -> None:
        super().__init__(CookieJar())


_LOGIN_TOKEN = "a" * 32


def _login(world: World) -> urllib.request.Request:
    """The form of the log-in: a write, of the session and of the last log-in."""
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": _LOGIN_TOKEN}
    headers = {"Cookie": f"csrftoken={_LOGIN_TOKEN}", "Referer": world.url}
    data = urllib.parse.urlencode(form).encode()
    return urllib.request.Request(f"{world.url}/admin/login/", data, headers)


def _logged_in(world: World) -> urllib.request.OpenerDirector:
    """An opener with the cookie of a session of the administrator."""
    opener = urllib.request.build_opener(_KeepCookies())
    with opener.open(f"{world.url}/admin/login/") as answer:
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    assert token is not None
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    with opener.open(f"{world.url}/admin/login/", urllib.parse.urlencode(form).encode()) as answer:
        assert urllib.parse.urlsplit(answer.geturl()).path == "/admin/", "the administrator is logged in"
    return opener
