"""The embedded AWS's remote control: what tests, the demo and its console pages do to the world.

`Desk` answers under `/_embedded/` in JSON; `Control` is the client, with the standard library only.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from .base import Refusal

if TYPE_CHECKING:
    from .server import EmbeddedAws

PREFIX = "/_embedded/"


class Desk:
    """The server's side: one method per address and HTTP method."""

    def __init__(self, aws: EmbeddedAws) -> None:
        from .viewers import routes  # late: clients import this module too, without the services

        self.aws = aws
        self._routes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "GET status": self.status,
            "GET calls": self.calls,
            "GET counts": lambda _: self.aws.log.counts(),
            "POST calls/clear": lambda _: self.aws.log.clear(),
            "GET faults": lambda _: self.aws.faults.plain(),
            "POST faults": lambda given: {"id": self.aws.faults.add(**given).id},
            "POST faults/clear": lambda given: self.aws.faults.clear(given.get("id")),
            "GET held": lambda _: [held.plain() for held in self.aws.faults.held.values()],
            "POST release": lambda given: {"released": self.aws.faults.release(given.get("id"))},
            "POST limits": lambda given: self.aws.faults.limit(**given),
            "POST limits/clear": lambda _: self.aws.faults.limits.clear(),
            "POST clock": self.clock,
            "POST durations": self.durations,
            "GET inventory": self.inventory,
            "POST console": self.console,
            "POST reset": lambda given: self.aws.reset(**given),
            **routes(lambda: self.aws.world),
        }

    def handle(self, method: str, address: str, body: bytes) -> tuple[int, Any]:
        """(HTTP status, what to answer as JSON)."""
        path, _, query = address.partition("?")
        route = self._routes.get(f"{method} {path.strip('/')}")
        if route is None:
            return 404, {"error": "there is nothing here", "routes": sorted(self._routes)}
        try:
            given = json.loads(body) if body else dict(parse_qsl(query))
            return 200, route(given)
        except Refusal as no:
            return 400, {"error": str(no), "code": no.code, "status": no.status}
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}

    def status(self, given: dict[str, Any]) -> dict[str, Any]:
        world = self.aws.world
        return {
            "aws_endpoint": self.aws.url,
            "pid": os.getpid(),
            "account": world.account,
            "region": world.region,
            "scale": world.clock.scale,
            "now": world.clock.now(),
            "services": sorted(world.services),
            "durations": vars(world.durations),
        }

    def calls(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        return self.aws.log.since(
            int(given.get("since", 0)),
            given.get("operation", "*"),
            given.get("illegal", "") in ("1", "true", "True"),
            int(given.get("limit", 10_000)),
        )

    def clock(self, given: dict[str, Any]) -> dict[str, Any]:
        clock = self.aws.world.clock
        clock.scale = given.get("scale", clock.scale)
        clock.advance(given.get("advance", 0))
        self.aws.world.settle()
        return {"scale": clock.scale}

    def durations(self, given: dict[str, Any]) -> dict[str, Any]:
        durations = self.aws.world.durations
        for name, span in given.items():
            if not hasattr(durations, name):
                raise ValueError(f"there is no duration {name!r}")
            setattr(durations, name, (span[0], span[1]) if isinstance(span, list) else (span, span))
        return vars(durations)

    def inventory(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: service.inventory() for name, service in self.aws.world.services.items()}

    def console(self, given: dict[str, Any]) -> dict[str, Any]:
        service = self.aws.world.services.get(given["service"])
        if service is None:
            raise ValueError(f"there is no service {given['service']!r}")
        return service.console(given["action"], given.get("params", {}))


class ControlError(Exception):
    """The control API said no; the sentence says why."""


class Control:
    """The client's side. Every method is one HTTP request to the embedded AWS at `url`."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout

    def _send(self, method: str, address: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + PREFIX + address,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ControlError(json.load(error)["error"]) from None

    def _post(self, address: str, **body: Any) -> Any:
        return self._send("POST", address, body)

    def status(self) -> dict[str, Any]:
        """Address, process id, account, region, scale, time, services, durations."""
        return self._send("GET", "status")

    def calls(
        self, since: int = 0, operation: str = "*", illegal: bool = False, limit: int = 10_000
    ) -> list[dict[str, Any]]:
        """Logged calls after number `since`, oldest first; see `calls.Entry` for the fields."""
        asked = {"since": since, "operation": operation, "illegal": int(illegal), "limit": limit}
        return self._send("GET", "calls?" + urlencode(asked))

    def counts(self) -> dict[str, Any]:
        """{"total", "calls": {operation: n}, "errors": {"operation Code": n}, "illegal": {operation: n}}."""
        return self._send("GET", "counts")

    def count(self, operation: str) -> int:
        """How often one operation was called (`cloudfront:CreateDistribution`)."""
        return self.counts()["calls"].get(operation, 0)

    def clear_calls(self) -> None:
        """Start the log and the counts anew."""
        self._post("calls/clear")

    def fault(
        self,
        operation: str,
        kind: str,
        times: int | None = 1,
        skip: int = 0,
        seconds: float = 0.0,
        where: dict[str, Any] | None = None,
    ) -> int:
        """Order a fault (see `faults`); returns its id."""
        order = {"operation": operation, "kind": kind, "times": times, "skip": skip, "seconds": seconds}
        return self._post("faults", **order, where=where or {})["id"]

    def faults(self) -> list[dict[str, Any]]:
        """The faults on order, with how many calls each has seen and struck."""
        return self._send("GET", "faults")

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Take back one fault or all."""
        self._post("faults/clear", id=fault_id)

    def held(self) -> list[dict[str, Any]]:
        """Calls that `pause` or `hold_before` holds now."""
        return self._send("GET", "held")

    def wait_held(self, count: int = 1, timeout: float = 10) -> list[dict[str, Any]]:
        """Wait until so many calls are held; TimeoutError after `timeout` real seconds."""
        deadline = time.monotonic() + timeout
        while len(held := self.held()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(held)} calls are held, not {count}")
            time.sleep(0.01)
        return held

    def release(self, held_id: int | None = None) -> int:
        """Let one held call go on, or all; how many."""
        return self._post("release", id=held_id)["released"]

    def limit(self, operation: str, per_second: float, burst: float | None = None) -> None:
        """Throttle an operation (globs allowed) beyond a rate, in real seconds."""
        self._post("limits", operation=operation, per_second=per_second, burst=burst)

    def clear_limits(self) -> None:
        """No limits any more."""
        self._post("limits/clear")

    def advance(self, aws_seconds: float) -> None:
        """Let this many AWS seconds pass at once."""
        self._post("clock", advance=aws_seconds)

    def scale(self, scale: float) -> None:
        """How many real seconds an AWS second takes, for durations that begin from now on."""
        self._post("clock", scale=scale)

    def durations(self, **spans: float | tuple[float, float]) -> dict[str, Any]:
        """Set durations by their names in `base.Durations`, each a number or (least, most)."""
        return self._post("durations", **spans)

    def inventory(self) -> dict[str, Any]:
        """Everything that exists: {service: {type: [resource, …]}}."""
        return self._send("GET", "inventory")

    def console(self, service: str, action: str, **params: Any) -> dict[str, Any]:
        """What a person does in the AWS console."""
        return self._post("console", service=service, action=action, params=params)

    def audience_join(
        self, domain_or_url: str, viewers: int = 100, kbps: int = 3000, tail_seconds: float = 0.0
    ) -> str:
        """Viewers begin to watch a distribution, now or once it plays; the audience's id."""
        many = {"viewers": viewers, "kbps": kbps, "tail_seconds": tail_seconds}
        return self._post("audience/join", domain_or_url=domain_or_url, **many)["id"]

    def audience_leave(self, audience_id: str) -> None:
        """They stop watching."""
        self._post("audience/leave", id=audience_id)

    def deliver(
        self, distribution: str, bytes: int, requests: int = 1, minute: str | datetime | None = None
    ) -> None:
        """Exact traffic of a distribution (id, domain or URL) in the UTC minute that holds `minute`."""
        self.deliver_all([(distribution, bytes, requests, minute)])

    def deliver_all(self, rows: Iterable[tuple[str, int, int, str | datetime | None]]) -> None:
        """Many deliveries in one request: (distribution, bytes, requests, minute)."""
        names = ("distribution", "bytes", "requests", "minute")
        plain = ((*row[:3], row[3].isoformat() if isinstance(row[3], datetime) else row[3]) for row in rows)
        self._post("deliver", rows=[dict(zip(names, row, strict=True)) for row in plain])

    def truth(self, distribution: str) -> dict[str, Any]:
        """{"bytes", "requests", "minutes": {"2026-03-01T12:00:00Z": {"bytes", "requests"}}} so far."""
        return self._send("GET", "truth?" + urlencode({"distribution": distribution}))

    def publish_all(self) -> None:
        """CloudWatch shows all that has flowed so far, exactly."""
        self._post("publish")

    def publish_delay(self, **settings: Any) -> dict[str, Any]:
        """Set how late CloudWatch is, by the names in `minutes.Publication`; gives all of it."""
        return self._post("publish/delay", **settings)

    def backdate(self, minutes: int, distribution: str | None = None) -> None:
        """Move all that has flowed so far (of one distribution) this many minutes into the past."""
        self._post("backdate", minutes=minutes, distribution=distribution)

    def play(self, url: str, signed: bool = False) -> tuple[int, str]:
        """(status, playlist or reason) that a player gets; `signed`: it brings valid cookies."""
        asked = urlencode({"url": url, "signed": int(signed)})
        try:
            with urllib.request.urlopen(f"{self.url}{PREFIX}play?{asked}", timeout=self._timeout) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def reset(self, **settings: Any) -> None:
        """A fresh world: no resources, calls, faults or limits. `scale`, `seed`, `region` may be changed."""
        self._post("reset", **settings)
