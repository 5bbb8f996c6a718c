"""The embedded AWS over HTTP: one process, one thread, one request at a time where it counts.

A request is read, understood (`codec`), logged (`calls`), perhaps limited or made to fail (`faults`),
and carried out by its service in one go on the event loop: no lock is needed, and no two clients ever
see a half-made change. Run it as `python -m emulator`, or in a thread of a test.

One server can serve many tests: `Handle.reset` gives it a fresh account in a few milliseconds, at the same
address. What was under way then is refused (403 `AccountReset`) and has no effect. A thread of an earlier
test that goes on *calling* is kept out too if its clients were given `Handle.own_url`, which is good only
until the next reset; `Handle.url` is good for ever.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
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
from .faults import Rule, refusal

OWN = "/_account/"  # an address below this and a number is good for that account only
T = TypeVar("T")


class Cut(Exception):
    """The connection is to be broken instead of answered."""


class Outlived(Exception):
    """The request belongs to an account that has been replaced."""


class EmbeddedAws:
    """One AWS account that answers over HTTP, and can be begun anew. The arguments are `Settings`."""

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
        self.number = 1  # of the account, counted from the start of the server
        self.url = ""
        self._desk = ControlRoutes(self)

    @property
    def world(self) -> World:
        """The present account's world."""
        return self.account.world

    def reset(self, **changed: Any) -> None:
        """A fresh account as after the start, with some `Settings` changed until the next reset.

        Calls that are under way are refused. On the server's thread only: from elsewhere `Handle.reset`.
        """
        before, self.account = self.account, Account(replace(self.settings, **changed))
        self.number += 1
        before.faults.close()

    # -- HTTP

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request, AWS's or the control API's."""
        number = self.number
        body = await request.content.read()
        target = request.raw_path
        if target.startswith(OWN):
            wanted, _, rest = target[len(OWN) :].partition("/")
            number, target = int(wanted) if wanted.isdigit() else 0, "/" + rest
        if target.startswith(PREFIX):
            return self._control(number, request.method, target, body)
        call = codec.understand(request.method, target, request.headers, body)
        try:
            answer = await self._call(number, call, request, target, body)
        except Outlived:
            answer = codec.refusal(call, Refusal("AccountReset", "This account was reset.", 403))
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _control(self, number: int, method: str, target: str, body: bytes) -> web.Response:
        if number != self.number:
            return web.json_response({"error": "This account was reset."}, status=410)
        self.world.settle()
        status, content = self._desk.handle(method, target[len(PREFIX) :], body)
        if isinstance(content, AwsResponse):
            return web.Response(status=content.status, headers=content.headers, body=content.body)
        return web.json_response(content, status=status, dumps=_dumps)

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
        rule = account.faults.strike(call)
        if rule is None:
            return account.carry_out(call, entry, request.method, target, request.headers, body)
        entry.fault = rule.kind
        early = account.answer_instead(rule, call, entry)
        if early is not None:
            return early
        await self._unless_cut(number, entry, _is_cut_before(account, rule, call, request))
        account.world.settle()
        answer = account.carry_out(call, entry, request.method, target, request.headers, body)
        await self._unless_cut(number, entry, _is_cut_after(account, rule, call))
        return answer

    async def _unless_cut(self, number: int, entry: Entry, cut: Awaitable[bool]) -> None:
        """Wait as a fault wants it. Meanwhile the connection may be lost, or the account replaced."""
        is_cut = await cut
        self._check_current(number)
        if is_cut:
            entry.status = 0
            raise Cut

    def _check_current(self, number: int) -> None:
        if number != self.number:
            raise Outlived

    # -- running

    async def start(self, port: int = 0) -> web.ServerRunner:
        """Listen on 127.0.0.1; `url` is set from here on."""
        server = web.Server(self.serve, access_log=None, keepalive_timeout=300)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def start_in_thread(self, port: int = 0) -> Handle:
        """Serve from a daemon thread; returns once it listens."""
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
        """An address of the present account: after the next reset, whoever still calls it is refused."""
        return f"{self.url}{OWN}{self.aws.number}"

    @property
    def world(self) -> World:
        """The world as it is now (a reset brings a new one). Change it only through `run`."""
        return self.aws.world

    def reset(self, **changed: Any) -> None:
        """As `EmbeddedAws.reset`, from any thread."""
        self.run(lambda: self.aws.reset(**changed))

    def run(self, work: Callable[[], T]) -> T:
        """Do something between two requests, on the server's thread, and give back its result."""

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
    """Wait if the fault is one that waits before the effect; whether the connection breaks then."""
    if rule.kind == "delay":
        await asyncio.sleep(rule.seconds)
    if rule.kind == "hold_before":
        # A client that died while its request was held is taken to have died before it was sent.
        return not await account.faults.hold(call, "hold_before") or request.transport is None
    return rule.kind == "cut_before"


async def _is_cut_after(account: Account, rule: Rule, call: AwsRequest) -> bool:
    """The same once the effect is there."""
    if rule.kind == "pause":
        return not await account.faults.hold(call, "pause")
    return rule.kind == "cut_after"


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str)
