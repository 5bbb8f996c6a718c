"""The client of the embedded AWS's control API, with the standard library only.

Tests and the demo use it to change the world. `control_routes` serves it as JSON under `PREFIX`.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

PREFIX = "/_embedded/"


class ControlError(Exception):
    """The control API refused a request; the message says why."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: its host has no address here."""

    def redirect_request(self, *_about: Any) -> None:
        return None


_PLAYER = urllib.request.build_opener(_NoRedirect)


class Control:
    """A client of the embedded AWS at `url`. Every method is one HTTP request."""

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
        """Address, process id, account, region, scale, time, services and durations."""
        return self._send("GET", "status")

    def calls(
        self, since: int = 0, operation: str = "*", illegal: bool = False, limit: int = 10_000
    ) -> list[dict[str, Any]]:
        """Logged calls after number `since`, oldest first, with the fields of `calls.Entry`."""
        query = {"since": since, "operation": operation, "illegal": int(illegal), "limit": limit}
        return self._send("GET", "calls?" + urlencode(query))

    def counts(self) -> dict[str, Any]:
        """{"total", "calls": {operation: n}, "errors": {"operation Code": n}, "illegal": {operation: n}}."""
        return self._send("GET", "counts")

    def count(self, operation: str) -> int:
        """How often an operation (`cloudfront:CreateDistribution`) was called."""
        return self.counts()["calls"].get(operation, 0)

    def clear_calls(self) -> None:
        """Clear the log and the counts."""
        self._post("calls/clear")

    def fault(
        self,
        operation: str,
        kind: str,
        times: int | None = 1,
        skip: int = 0,
        seconds: float = 0.0,
        where: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> int:
        """Add a fault (see `faults`); returns its id."""
        order = {"operation": operation, "kind": kind, "times": times, "skip": skip, "seconds": seconds}
        return self._post("faults", **order, where=where or {}, error=error or {})["id"]

    def faults(self) -> list[dict[str, Any]]:
        """The faults, each with the number of calls it has matched and hit."""
        return self._send("GET", "faults")

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Remove one fault or all of them."""
        self._post("faults/clear", id=fault_id)

    def held(self) -> list[dict[str, Any]]:
        """The calls that `pause` or `hold_before` holds now."""
        return self._send("GET", "held")

    def wait_held(self, count: int = 1, timeout: float = 10) -> list[dict[str, Any]]:
        """Wait until `count` calls are held. Raises TimeoutError after `timeout` real seconds."""
        deadline = time.monotonic() + timeout
        while len(held := self.held()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(held)} calls are held, not {count}")
            time.sleep(0.01)
        return held

    def release(self, held_id: int | None = None) -> int:
        """Release one held call or all of them; returns how many."""
        return self._post("release", id=held_id)["released"]

    def limit(self, operation: str, per_second: float, burst: float | None = None) -> None:
        """Throttle an operation (a glob) beyond a rate in calls per real second."""
        self._post("limits", operation=operation, per_second=per_second, burst=burst)

    def clear_limits(self) -> None:
        """Remove all limits."""
        self._post("limits/clear")

    def advance(self, aws_seconds: float) -> None:
        """Skip `aws_seconds`."""
        self._post("clock", advance=aws_seconds)

    def scale(self, scale: float) -> None:
        """Set real seconds per AWS second, for durations that begin from now on."""
        self._post("clock", scale=scale)

    def durations(self, **spans: float | tuple[float, float]) -> dict[str, Any]:
        """Set durations by their names in `base.Durations`, each a number or (least, most)."""
        return self._post("durations", **spans)

    def inventory(self) -> dict[str, Any]:
        """All existing resources: {service: {type: [resource, …]}}."""
        return self._send("GET", "inventory")

    def console(self, service: str, action: str, **params: Any) -> dict[str, Any]:
        """Do what a person does in the AWS console."""
        return self._post("console", service=service, action=action, params=params)

    def audience_join(
        self,
        domain_or_url: str,
        viewers: int = 100,
        kbps: int = 3000,
        tail_seconds: float = 0.0,
        cookies: Mapping[str, str] | None = None,
    ) -> str:
        """Let viewers watch a distribution, now or as soon as it plays; returns the audience's id."""
        audience = {"viewers": viewers, "kbps": kbps, "tail_seconds": tail_seconds, "cookies": cookies}
        return self._post("audience/join", domain_or_url=domain_or_url, **audience)["id"]

    def audience_leave(self, audience_id: str) -> None:
        """Let an audience stop watching."""
        self._post("audience/leave", id=audience_id)

    def deliver(
        self, distribution: str, bytes: int, requests: int = 1, minute: str | datetime | None = None
    ) -> None:
        """Add exact traffic of a distribution (id, domain or URL) to the UTC minute of `minute`."""
        self.deliver_all([(distribution, bytes, requests, minute)])

    def deliver_all(self, rows: Iterable[tuple[str, int, int, str | datetime | None]]) -> None:
        """Many deliveries in one request: (distribution, bytes, requests, minute)."""
        names = ("distribution", "bytes", "requests", "minute")
        rows_as_json = (
            (*row[:3], row[3].isoformat() if isinstance(row[3], datetime) else row[3]) for row in rows
        )
        self._post("deliver", rows=[dict(zip(names, row, strict=True)) for row in rows_as_json])

    def truth(self, distribution: str) -> dict[str, Any]:
        """What was really delivered: {"bytes", "requests", "minutes": {"2026-03-01T12:00:00Z": {…}}}."""
        return self._send("GET", "truth?" + urlencode({"distribution": distribution}))

    def package(
        self, channel: str, ingress: int = 0, egress: int = 0, minute: datetime | None = None
    ) -> None:
        """Add exact bytes of a MediaPackage channel to the UTC minute of `minute`."""
        at = minute.isoformat() if minute else None
        self._post("package", channel=channel, ingress=ingress, egress=egress, minute=at)

    def package_truth(self, channel: str) -> dict[str, Any]:
        """What a MediaPackage channel really got and sent, in all and by minute."""
        return self._send("GET", "package/truth?" + urlencode({"channel": channel}))

    def publish_all(self) -> None:
        """Let CloudWatch show all traffic up to now, exactly."""
        self._post("publish")

    def publish_delay(self, **settings: Any) -> dict[str, Any]:
        """Set how late CloudWatch is, by the names in `minutes.Publication`; returns all settings."""
        return self._post("publish/delay", **settings)

    def backdate(self, minutes: int, distribution: str | None = None) -> None:
        """Move all traffic up to now (or that of one distribution) this many minutes into the past."""
        self._post("backdate", minutes=minutes, distribution=distribution)

    def play(
        self, url: str, cookies: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """What a player gets at a URL: (status, playlist or reason). The request itself, no control call."""
        status, content = self.fetch(url, cookies, headers)
        return status, content.decode()

    def fetch(
        self, url: str, cookies: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """The same for any file: (status, content)."""
        parts = urlsplit(url if "//" in url else f"https://{url}/")
        sent = {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme, **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        target = self.url + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with _PLAYER.open(urllib.request.Request(target, headers=sent), timeout=self._timeout) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def reset(self, **settings: Any) -> None:
        """Start a new account; `settings` (see `account.Settings`) hold until the next reset."""
        self._post("reset", **settings)
