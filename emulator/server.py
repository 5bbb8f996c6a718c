"""The embedded AWS over HTTP: one process, one thread, one request at a time where it counts.

A request is read, understood (`codec`), logged (`calls`), perhaps limited or made to fail (`faults`),
and carried out by its service in one go on the event loop: no lock is needed, and no two clients ever
see a half-made change. Run it as `python -m emulator.server`, or in a thread of a test.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from botocore import xform_name

from . import codec
from .archive import Archive
from .base import Clock, Refusal, Service, World
from .buckets import Buckets
from .calls import CallLog, Entry
from .cloudfront import CloudFront
from .cloudwatch import CloudWatch
from .codec import Answer, Call
from .control import PREFIX, Control, Desk
from .faults import REFUSED, Faults, Rule, refusal
from .medialive import MediaLive
from .mediapackage import MediaPackage
from .stale import Yesterday, is_read
from .sts import Sts
from .viewers import Viewers

SERVICES: list[type[Service]] = [CloudFront, MediaPackage, MediaLive, Sts, CloudWatch, Viewers]
log = logging.getLogger(__name__)
T = TypeVar("T")


class Cut(Exception):
    """The connection is to be broken instead of answered."""


class EmbeddedAws:
    """One AWS account that answers over HTTP. `scale` is real seconds per AWS second."""

    def __init__(
        self, scale: float = 1.0, seed: int = 1, region: str = "eu-central-1", buckets: Iterable[str] = ()
    ) -> None:
        self.settings: dict[str, Any] = {"scale": scale, "seed": seed, "region": region}
        self.bucket_names = tuple(buckets)
        self.log = CallLog()
        self.faults = Faults()
        self.desk = Desk(self)
        self.url = ""
        self.reset()

    def reset(self, **changed: Any) -> None:
        """A fresh world without calls, faults or limits; calls that are held are cut."""
        self.settings.update(changed)
        self.faults.close()
        self.faults = Faults()
        self.log.clear()
        self.world = World(
            clock=Clock(self.settings["scale"]), region=self.settings["region"], seed=self.settings["seed"]
        )
        for kind in SERVICES:
            kind(self.world)
        self.buckets = Buckets(self.world, self.bucket_names)
        Archive(self.world, self.buckets)
        self.yesterday = Yesterday(self._ask)
        self._methods: dict[str, Callable[[dict[str, Any]], Any] | None] = {}

    # -- HTTP

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request, AWS's or the control API's."""
        body = await request.content.read()
        target = request.raw_path
        self.world.settle()
        if target.startswith(PREFIX):
            status, content = self.desk.handle(request.method, target[len(PREFIX) :], body)
            if isinstance(content, Answer):
                return web.Response(status=content.status, headers=content.headers, body=content.body)
            return web.json_response(content, status=status, dumps=_dumps)
        try:
            answer = await self._call(request, target, body)
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _call(self, request: web.BaseRequest, target: str, body: bytes) -> Answer:
        call = codec.understand(request.method, target, request.headers, body)
        faults, world = self.faults, self.world
        entry = self.log.begin(call, world.clock.now(), request.headers.get("User-Agent", ""))
        if faults.over_limit(call):
            entry.fault = "limit"
            return self._refuse(call, entry, refusal("throttle", call))
        rule = faults.strike(call)
        entry.fault = rule.kind if rule else None
        if rule is not None:
            early = await self._before(rule, call, entry, request)
            if early is not None:
                return early
        answer = self._carry_out(call, entry, request, target, body)
        if rule is not None and (
            rule.kind == "cut_after" or (rule.kind == "pause" and not await faults.hold(call, "pause"))
        ):
            entry.status = 0
            raise Cut
        return answer

    async def _before(self, rule: Rule, call: Call, entry: Entry, request: web.BaseRequest) -> Answer | None:
        """What a fault does before the effect: an answer, a break, a wait, or nothing."""
        if rule.kind in REFUSED:
            return self._refuse(call, entry, refusal(rule.kind, call))
        if rule.kind == "stale_read":
            answer = self.yesterday.answer(call)
            entry.status = answer.status
            return answer
        if rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        cut = rule.kind == "cut_before"
        if rule.kind == "hold_before":
            # A client that died while its request was held is taken to have died before it was sent.
            cut = not await self.faults.hold(call, "hold_before") or request.transport is None
        if cut:
            entry.status = 0
            raise Cut
        self.world.settle()
        return None

    def _carry_out(
        self, call: Call, entry: Entry, request: web.BaseRequest, target: str, body: bytes
    ) -> Answer:
        """The call's effect and its answer, in one go."""
        if call.service == "s3":
            answer = self.buckets.handle(request.method, target, request.headers, body)
            answer.headers["x-amz-request-id"] = call.request_id
            entry.status = answer.status
            code = re.search(rb"<Code>(\w+)</Code>", answer.body) if answer.status >= 400 else None
            if code:
                self.log.refuse(entry, Refusal(code[1].decode(), "", answer.status))
            return answer
        if not is_read(call.operation):
            self.yesterday.before_write(call, self.faults.rules.values())
        elif call.operation.startswith("List"):
            self.yesterday.note_list(call)
        try:
            answer = codec.answer(call, self._perform(call))
        except Refusal as no:
            return self._refuse(call, entry, no)
        entry.status = answer.status
        return answer

    def _refuse(self, call: Call, entry: Entry, no: Refusal) -> Answer:
        self.log.refuse(entry, no)
        return codec.refusal(call, no)

    def _perform(self, call: Call) -> Any:
        if call.problem is not None:
            raise call.problem
        method = self._method(call)
        if method is None or call.model is None:
            raise Refusal("NotImplemented", f"The embedded AWS does not offer {call.name}.", 501)
        self.world.calling_region = call.region
        try:
            return method(call.params)
        except Refusal:
            raise
        except Exception as error:
            log.exception("%s failed", call.name)
            raise Refusal("InternalFailure", f"The embedded AWS failed: {error!r}", 500) from error

    def _method(self, call: Call) -> Callable[[dict[str, Any]], Any] | None:
        if call.name not in self._methods:
            service = self.world.services.get(call.service)
            name = xform_name(call.operation) if call.model is not None else ""
            method = getattr(service, name, None) if service and not name.startswith("_") else None
            self._methods[call.name] = method
        return self._methods[call.name]

    def _ask(self, call: Call) -> Answer:
        """What a read answers now; not logged, not faulted."""
        try:
            return codec.answer(call, self._perform(call))
        except Refusal as no:
            return codec.refusal(call, no)

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
    def world(self) -> World:
        """The world as it is now (a reset brings a new one). Change it only through `run`."""
        return self.aws.world

    def run(self, work: Callable[[], T]) -> T:
        """Do something between two requests, on the server's thread, and give back its result."""

        async def do() -> T:
            self.world.settle()
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._loop.call_soon_threadsafe(self.aws.faults.close)
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str)


def _announce(path: Path, url: str) -> None:
    """Write the address in one piece: who reads the file sees all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump({"aws_endpoint": url, "pid": os.getpid()}, file)
    Path(name).replace(path)


async def _until_parent_dies(parent: int) -> None:
    is_child = os.getppid() == parent
    while os.getppid() == parent if is_child else _alive(parent):
        await asyncio.sleep(0.3)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def run(aws: EmbeddedAws, port: int, announce: Path | None = None, parent: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or until the process `parent` is gone."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    runner = await aws.start(port)
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(over.wait())]
    if parent is not None:
        waits.append(asyncio.create_task(_until_parent_dies(parent)))
    if announce is not None:
        _announce(announce, aws.url)
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    aws.faults.close()
    await runner.cleanup()
    if announce is not None:
        announce.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="The embedded AWS of StreamHub.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scale", type=float, default=0.02, help="real seconds per AWS second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--bucket", action="append", default=[], help="a bucket that exists from the start")
    parser.add_argument("--announce", type=Path, help="file to write the address to")
    parser.add_argument("--parent", type=int, help="end when this process ends")
    given = parser.parse_args(arguments)
    aws = EmbeddedAws(given.scale, given.seed, given.region, given.bucket)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(aws, given.port, given.announce, given.parent))


if __name__ == "__main__":
    main()
