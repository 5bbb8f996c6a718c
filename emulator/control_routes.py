"""The server side of the control API: JSON under `control.PREFIX`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qsl

from .account import Account
from .base import Refusal
from .viewers import routes


class Server(Protocol):
    """What the routes need of the server."""

    account: Account
    url: str

    def reset(self, **changed: Any) -> None: ...


class ControlRoutes:
    """A handler for each HTTP method and address; it works on the server's present account."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.routes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "GET status": self.status,
            "GET calls": self.calls,
            "GET counts": lambda _: self._account.log.counts(),
            "POST calls/clear": lambda _: self._account.log.clear(),
            "GET faults": lambda _: self._account.faults.plain(),
            "POST faults": lambda given: {"id": self._account.faults.add(**given).id},
            "POST faults/clear": lambda given: self._account.faults.clear(given.get("id")),
            "GET held": lambda _: [held.plain() for held in self._account.faults.held.values()],
            "POST release": lambda given: {"released": self._account.faults.release(given.get("id"))},
            "POST limits": lambda given: self._account.faults.limit(**given),
            "POST limits/clear": lambda _: self._account.faults.limits.clear(),
            "POST clock": self.clock,
            "POST durations": self.durations,
            "GET inventory": self.inventory,
            "POST console": self.console,
            "POST reset": lambda given: server.reset(**given),
            **routes(lambda: self._account.world),
        }

    @property
    def _account(self) -> Account:
        return self._server.account

    def handle(self, method: str, address: str, body: bytes) -> tuple[int, Any]:
        """The HTTP status and the content of the JSON response."""
        path, _, query = address.partition("?")
        route = self.routes.get(f"{method} {path.strip('/')}")
        if route is None:
            return 404, {"error": "no such route", "routes": sorted(self.routes)}
        try:
            given = json.loads(body) if body else dict(parse_qsl(query))
            return 200, route(given)
        except Refusal as refusal:
            return 400, {"error": str(refusal), "code": refusal.code, "status": refusal.status}
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}

    def status(self, given: dict[str, Any]) -> dict[str, Any]:
        world = self._account.world
        return {
            "aws_endpoint": self._server.url,
            "pid": os.getpid(),
            "account": world.account,
            "region": world.region,
            "scale": world.clock.scale,
            "now": world.clock.now(),
            "services": sorted(world.services),
            "durations": vars(world.durations),
        }

    def calls(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        return self._account.log.since(
            int(given.get("since", 0)),
            given.get("operation", "*"),
            given.get("illegal", "") in ("1", "true", "True"),
            int(given.get("limit", 10_000)),
        )

    def clock(self, given: dict[str, Any]) -> dict[str, Any]:
        clock = self._account.world.clock
        clock.scale = given.get("scale", clock.scale)
        clock.advance(given.get("advance", 0))
        self._account.world.settle()
        return {"scale": clock.scale}

    def durations(self, given: dict[str, Any]) -> dict[str, Any]:
        durations = self._account.world.durations
        for name, span in given.items():
            if not hasattr(durations, name):
                raise ValueError(f"there is no duration {name!r}")
            setattr(durations, name, (span[0], span[1]) if isinstance(span, list) else (span, span))
        return vars(durations)

    def inventory(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: service.inventory() for name, service in self._account.world.services.items()}

    def console(self, given: dict[str, Any]) -> dict[str, Any]:
        service = self._account.world.services.get(given["service"])
        if service is None:
            raise ValueError(f"there is no service {given['service']!r}")
        return service.console(given["action"], given.get("params", {}))
