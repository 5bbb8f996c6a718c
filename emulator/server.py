"""The embedded AWS over HTTP: one process, one thread.

Each request is read, parsed (`codec`), logged (`calls`), possibly throttled or made to fail (`faults`), and
executed by its service in one step on the event loop. So no locks are needed, and no client sees a partial
change. Run it as `python -m emulator`, or in a thread of a test.

One server can serve many tests: `Handle.reset` replaces the account in a few milliseconds; the address stays.
Requests in progress are refused (403 `AccountReset`) and have no effect. `Handle.own_url` is valid only until
the next reset, so that a leftover thread of an earlier test is refused; `Handle.url` stays valid.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from . import codec
from .account import Account, Settings
from .base import Refusal, World
from .calls import Entry
from .codec import AwsRequest, AwsResponse
from .control import PREFIX, Control
from .control_routes import ControlRoutes
from .faults import REFUSED_AFTER, Rule, refusal
from .playback import NOWHERE
from .playback import Request as PlayerRequest
from .viewers import Viewers

ACCOUNT_PREFIX = "/_account/"  # followed by an account's number: an address of that account only
PLAYERS_PREFIX = (
    "/_players/"  # followed by a host and a path: for browsers, which cannot choose the Host header
)
T = TypeVar("T")


class ConnectionCut(Exception):
    """The connection must be cut instead of answered."""


class AccountReplaced(Exception):
    """The request belongs to an account that has been replaced."""


class EmbeddedAws:
    """One AWS account over HTTP, which can be reset. The arguments are those of `Settings`."""

    def __init__(
        self,
        scale: float = 1.0,
        seed: int = 1,
        region: str = "eu-central-1",
        buckets: Iterable[str] = (),
        mediamanager: tuple[str, str, str] | None = None,
    ) -> None:
        self.settings = Settings(scale, seed, region, tuple(buckets), mediamanager)
        self.account = Account(self.settings)
        self.number = 1  # the account's number since the start of the server
        self.url = ""
        self._control_routes = ControlRoutes(self)

    @property
    def world(self) -> World:
        """The world of the present account."""
        return self.account.world

    def reset(self, **changed: Any) -> None:
        """Replace the account with a new one; `changed` settings hold until the next reset.

        Calls in progress are refused. Only for the server's thread; other threads use `Handle.reset`.
        """
        before, self.account = self.account, Account(replace(self.settings, **changed))
        self.number += 1
        before.faults.close()

    # -- HTTP

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request to AWS or to the control API."""
        number = self.number
        body = await request.content.read()
        target = request.raw_path
        if target.startswith(ACCOUNT_PREFIX):
            digits, _, rest = target[len(ACCOUNT_PREFIX) :].partition("/")
            number, target = int(digits) if digits.isdigit() else 0, "/" + rest
        if target.startswith(PREFIX):
            return self._control(number, request.method, target, body)
        if target.startswith(PLAYERS_PREFIX):
            host, _, path = target[len(PLAYERS_PREFIX) :].partition("/")
            return self._play(number, host, request, "/" + path)
        host = request.headers.get("Host", "").partition(":")[0]
        if self._viewers.playback.is_for_players(host):
            return self._play(number, host, request, target)
        call = codec.parse_request(request.method, target, request.headers, body)
        try:
            answer = await self._call(number, call, request, target, body)
        except AccountReplaced:
            answer = codec.refusal(call, Refusal("AccountReset", "This account was reset.", 403))
        except ConnectionCut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _control(self, number: int, method: str, target: str, body: bytes) -> web.Response:
        if number != self.number:
            return web.json_response({"error": "This account was reset."}, status=410)
        self.world.settle()
        status, content = self._control_routes.handle(method, target[len(PREFIX) :], body)
        if isinstance(content, AwsResponse):
            return web.Response(status=content.status, headers=content.headers, body=content.body)
        return web.json_response(content, status=status, dumps=_dumps)

    @property
    def _viewers(self) -> Viewers:
        viewers: Any = self.world.services["viewers"]
        return viewers

    def _play(self, number: int, host: str, request: web.BaseRequest, target: str) -> web.Response:
        """A player's request: to an edge of CloudFront, or straight to an origin."""
        if number != self.number:
            return web.Response(status=410, text="This account was reset.")
        self.world.settle()
        headers = {name.lower(): value for name, value in request.headers.items()}
        scheme = headers.get("x-forwarded-proto", "https")
        asked = PlayerRequest(
            f"{scheme}://{host}{target}", dict(request.cookies), headers, request.method, _viewer(headers)
        )
        answer = self._viewers.serve(asked)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _call(
        self, number: int, call: AwsRequest, request: web.BaseRequest, target: str, body: bytes
    ) -> AwsResponse:
        self._check_current(number)
        account = self.account
        account.world.settle()
        entry = account.log.begin(call, account.world.clock.now(), request.headers.get("User-Agent", ""))
        if account.faults.over_limit(call):
            entry.fault = "limit"
            return account.refuse(call, entry, refusal("throttle", call))
        rule = account.faults.next_fault(call)
        if rule is None:
            return account.carry_out(call, entry, request.method, target, request.headers, body)
        entry.fault = rule.kind
        response = account.fault_response(rule, call, entry)
        if response is not None:
            return response
        await self._unless_cut(number, entry, _is_cut_before(account, rule, call, request))
        account.world.settle()
        answer = account.carry_out(call, entry, request.method, target, request.headers, body)
        await self._unless_cut(number, entry, _is_cut_after(account, rule, call))
        if rule.kind in REFUSED_AFTER and entry.error is None:
            return account.refuse(call, entry, refusal(rule.kind, call, rule.error))
        return answer

    async def _unless_cut(self, number: int, entry: Entry, cut: Awaitable[bool]) -> None:
        """Wait for a fault to finish. Raises ConnectionCut or AccountReplaced if that happened meanwhile."""
        is_cut = await cut
        self._check_current(number)
        if is_cut:
            entry.status = 0
            raise ConnectionCut

    def _check_current(self, number: int) -> None:
        if number != self.number:
            raise AccountReplaced

    # -- running

    async def start(self, port: int = 0) -> web.ServerRunner:
        """Listen on 127.0.0.1 and set `url`."""
        server = web.Server(self.serve, access_log=None, keepalive_timeout=300)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def start_in_thread(self, port: int = 0) -> Handle:
        """Serve from a daemon thread; returns when the server listens."""
        return Handle(self, port)


class Handle:
    """An embedded AWS that runs in a thread of this process."""

    def __init__(self, aws: EmbeddedAws, port: int) -> None:
        self.aws = aws
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-aws", daemon=True)
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(aws.start(port), self._loop).result()
        self.url = aws.url
        self.control = Control(self.url)

    @property
    def own_url(self) -> str:
        """An address of the present account. After the next reset, calls to it are refused."""
        return f"{self.url}{ACCOUNT_PREFIX}{self.aws.number}"

    @property
    def world(self) -> World:
        """The present world; a reset replaces it. Change it only through `run`."""
        return self.aws.world

    def reset(self, **changed: Any) -> None:
        """Like `EmbeddedAws.reset`, from any thread."""
        self.run(lambda: self.aws.reset(**changed))

    def run(self, work: Callable[[], T]) -> T:
        """Call `work` on the server's thread, between two requests, and return its result."""

        async def do() -> T:
            self.world.settle()
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._loop.call_soon_threadsafe(self.aws.account.faults.close)
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _is_cut_before(account: Account, rule: Rule, call: AwsRequest, request: web.BaseRequest) -> bool:
    """Wait if the fault waits before the effect; returns whether to cut the connection then."""
    if rule.kind == "delay":
        await asyncio.sleep(rule.seconds)
    if rule.kind == "hold_before":
        # If the client died while its request was held, treat the request as never sent.
        return not await account.faults.hold(call, "hold_before") or request.transport is None
    return rule.kind == "cut_before"


async def _is_cut_after(account: Account, rule: Rule, call: AwsRequest) -> bool:
    """The same for faults that wait after the effect."""
    if rule.kind == "pause":
        return not await account.faults.hold(call, "pause")
    return rule.kind == "cut_after"


def _viewer(headers: Mapping[str, str]) -> str:
    """The viewer's address, which a test may choose: all real connections come from this machine."""
    return headers.get("x-forwarded-for", NOWHERE).partition(",")[0].strip()


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str)
