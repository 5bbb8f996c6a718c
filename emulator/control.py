"""The client of the embedded AWS's remote control, with the standard library only.

What tests and the demo do to the world: `desk` answers it, under `PREFIX` and in JSON.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

PREFIX = "/_embedded/"


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
        """They stop polled_list."""
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
        """A fresh account as after the start; `account.Settings` may be changed until the next reset."""
        self._post("reset", **settings)
