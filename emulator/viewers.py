"""Viewers: players and audiences that watch distributions, and the exact amounts delivered to them.

A player's requests are answered with real files, and their bytes count. An audience watches a domain name or
playback URL. While that plays (see `playback`), bytes flow steadily in real time; they stop when it no
longer plays. `truth` returns the delivered amounts; `minutes.Publication` decides what CloudWatch shows of
them, and when.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .base import Refusal, Service, World
from .cloudwatch import CLOUDFRONT, MEDIAPACKAGE, CloudWatch
from .codec import AwsResponse, parse_time
from .minutes import Flow, Publication, Series
from .outputs import bits_per_second
from .playback import Playback, Request

if TYPE_CHECKING:
    from .medialive.records import Channel

Params = dict[str, Any]
REQUESTS_PER_1000_S = 500  # a player fetches a playlist and a segment every four seconds
EDGES = 4  # the number of edges that fetch each byte from the origin
STRAGGLERS = 20  # after the end, one viewer in this many still downloads for a while
_DISTRIBUTION_ID = re.compile(r"E[A-Z0-9]{5,}")


@dataclass
class Audience:
    """`viewers` people at `kbps` each. Stragglers continue for `tail_seconds` real seconds after the end."""

    id: str
    address: str
    distribution: str
    viewers: int
    kbps: int
    tail_seconds: float = 0.0
    cookies: Mapping[str, str] = field(default_factory=dict)
    ends_at: float | None = None  # when its signature ends, in epoch seconds; None: it needs none
    flows: tuple[tuple[Series, Flow], ...] = ()

    def rates(self) -> tuple[int, int]:
        """Bytes and requests per 1,000 seconds."""
        return self.viewers * self.kbps * 125_000, self.viewers * REQUESTS_PER_1000_S

    def origin_rates(self) -> tuple[int, int]:
        """MediaPackage's ingress (0: viewers cause none) and egress in bytes per 1,000 seconds."""
        return 0, min(self.viewers, EDGES) * self.kbps * 125_000


class Viewers(Service):
    """All audiences, and the traffic they cause."""

    name = "viewers"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.playback = Playback(world)
        self.playback.on_change.append(self._reconsider)
        self._audiences: dict[str, Audience] = {}
        self._numbers = itertools.count(1)
        self._ingests: dict[str, list[tuple[Series, Flow]]] = {}
        medialive: Any = world.services["medialive"]
        medialive.on_running_change.append(self._encoder_changed)

    @property
    def _cloudwatch(self) -> CloudWatch:
        service: Any = self.world.services["cloudwatch"]
        return service

    # -- actions

    def join(
        self,
        domain_or_url: str,
        viewers: int = 100,
        kbps: int = 3000,
        tail_seconds: float = 0.0,
        cookies: Mapping[str, str] | None = None,
    ) -> str:
        """Add an audience that watches now or as soon as the address plays; returns its id.

        Its players send `cookies` with every request, and the query of a signed URL with every file.
        """
        if viewers < 0 or kbps < 0 or tail_seconds < 0:
            raise ValueError("viewers, kbps and tail_seconds must be 0 or more, not negative.")
        distribution, new_id = self._distribution(domain_or_url), f"audience-{next(self._numbers)}"
        numbers = (int(viewers), int(kbps), tail_seconds)
        audience = Audience(new_id, domain_or_url, distribution, *numbers, cookies or {})
        self._audiences[new_id] = audience
        self._consider(audience)
        return audience.id

    def leave(self, audience_id: str) -> None:
        """Let an audience stop watching; its stragglers, if any, stop later."""
        audience = self._audiences.pop(audience_id, None)
        if audience is None:
            raise Refusal("NoSuchAudience", f"There is no audience {audience_id!r}.", 404)
        self._stop(audience)

    def deliver(self, distribution: str, bytes: int, requests: int = 1, minute: str | None = None) -> None:
        """Add exact traffic to the UTC minute that contains `minute` (None: the present one)."""
        if bytes < 0 or requests < 0:
            raise ValueError("bytes and requests must be 0 or more, not negative.")
        moment = parse_time(minute) if minute else self.world.clock.now()
        series = self._cloudwatch.traffic.of(CLOUDFRONT, self._distribution(distribution))
        series.add(int(moment.timestamp()), (int(bytes), int(requests)))

    def truth(self, distribution: str) -> Params:
        """The delivered amounts: {"bytes", "requests", "minutes": {ISO minute: {"bytes", "requests"}}}."""
        series = self._cloudwatch.traffic.find(CLOUDFRONT, self._distribution(distribution))
        minutes = sorted(series.minutes.items()) if series else []
        all_bytes, requests = series.total() if series else (0, 0)
        return {
            "bytes": all_bytes,
            "requests": requests,
            "minutes": {
                _iso(at): {"bytes": minute.total[0], "requests": minute.total[1]} for at, minute in minutes
            },
        }

    def package(self, channel: str, ingress: int = 0, egress: int = 0, minute: str | None = None) -> None:
        """Add exact bytes of a MediaPackage channel to the UTC minute of `minute` (None: the present one)."""
        if ingress < 0 or egress < 0:
            raise ValueError("ingress and egress must be 0 or more, not negative.")
        moment = parse_time(minute) if minute else self.world.clock.now()
        series = self._cloudwatch.traffic.of(MEDIAPACKAGE, channel)
        series.add(int(moment.timestamp()), (int(ingress), int(egress)))

    def package_truth(self, channel: str) -> Params:
        """What a MediaPackage channel got and sent: {"ingress", "egress", "minutes": {ISO minute: {…}}}."""
        series = self._cloudwatch.traffic.find(MEDIAPACKAGE, channel)
        minutes = sorted(series.minutes.items()) if series else []
        ingress, egress = series.total() if series else (0, 0)
        return {
            "ingress": ingress,
            "egress": egress,
            "minutes": {
                _iso(at): {"ingress": minute.total[0], "egress": minute.total[1]} for at, minute in minutes
            },
        }

    def backdate(self, minutes: int, distribution: str | None = None) -> None:
        """Move all traffic up to now (or that of one distribution) this many minutes into the past."""
        name = self._distribution(distribution) if distribution else None
        self._cloudwatch.traffic.backdate(int(minutes), name)

    def publish_delay(self, **given: Any) -> Params:
        """Change settings of `minutes.Publication` for new minutes; returns all settings."""
        traffic = self._cloudwatch.traffic
        traffic.publication = Publication(**{**vars(traffic.publication), **given})
        return vars(traffic.publication)

    def publish_all(self) -> None:
        """Publish all traffic up to now."""
        self._cloudwatch.traffic.publish()

    # -- players

    def serve(self, request: Request) -> AwsResponse:
        """Answer a player's request, and count the answer as CloudFront and MediaPackage do.

        CloudFront counts every request for a distribution, also those that it refuses. Every request reaches
        the origin: the cache of what plays is not emulated.
        """
        verdict = self.playback.get(request)
        answer = verdict.answer()
        if request.method in ("HEAD", "OPTIONS"):
            answer.body = b""
        now, size = int(self._now()), len(answer.body)
        if verdict.distribution:
            self._cloudwatch.traffic.of(CLOUDFRONT, verdict.distribution).add(now, (size, 1))
        if verdict.file is not None and verdict.package:
            self._cloudwatch.traffic.of(MEDIAPACKAGE, verdict.package).add(now, (0, size))
        return answer

    # -- traffic

    def _distribution(self, wanted: str) -> str:
        """The id of a distribution given by id (also of a deleted one), domain name or URL."""
        if _DISTRIBUTION_ID.fullmatch(wanted):
            return wanted
        distribution_id = self.playback.distribution_id(wanted)
        if distribution_id is None:
            raise Refusal("NoSuchDomain", f"No distribution has the domain name of {wanted!r}.", 404)
        return distribution_id

    def _reconsider(self, distribution: str | None) -> None:
        for audience in self._audiences.values():
            if distribution in (None, audience.distribution):
                self._consider(audience)

    def _consider(self, audience: Audience) -> None:
        """Start or stop an audience's flows, depending on whether its address plays.

        They end with the signature at the latest.
        """
        verdict = self.playback.watch(audience.address, audience.cookies)
        if verdict.plays and not audience.flows:
            traffic = self._cloudwatch.traffic
            distribution = traffic.of(CLOUDFRONT, audience.distribution)
            origin = traffic.of(MEDIAPACKAGE, verdict.package or "")
            audience.ends_at = verdict.ends_at
            lasting = verdict.ends_at and verdict.ends_at - self._now()
            audience.flows = (
                (distribution, distribution.open(audience.rates(), lasting)),
                (origin, origin.open(audience.origin_rates(), lasting)),
            )
        elif not verdict.plays and audience.flows:
            self._stop(audience)

    def _now(self) -> float:
        return self.world.clock.now().timestamp()

    def _stop(self, audience: Audience) -> None:
        for series, flow in audience.flows:
            series.close(flow)
        may_watch = audience.ends_at is None or self._now() < audience.ends_at
        if audience.flows and audience.tail_seconds and may_watch:
            bytes_rate, requests_rate = (rate // STRAGGLERS for rate in audience.rates())
            audience.flows[0][0].open((bytes_rate, requests_rate), audience.tail_seconds)
        audience.flows = ()

    def _encoder_changed(self, channel: Channel, running: bool) -> None:
        """Count what a running channel sends as MediaPackage's ingress."""
        for series, flow in self._ingests.pop(channel.id, []):
            series.close(flow)
        if not running:
            return
        bits = bits_per_second(channel.config["EncoderSettings"], "MediaPackageGroupSettings")
        for package in channel.package_ids:
            series = self._cloudwatch.traffic.of(MEDIAPACKAGE, package)
            flow = series.open((bits * channel.pipelines * 125, 0))
            self._ingests.setdefault(channel.id, []).append((series, flow))

    # -- inventory

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "audiences": [
                {
                    "id": audience.id,
                    "address": audience.address,
                    "viewers": audience.viewers,
                    "kbps": audience.kbps,
                    **self._watching(audience),
                }
                for audience in self._audiences.values()
            ]
        }

    def _watching(self, audience: Audience) -> dict[str, Any]:
        verdict = self.playback.watch(audience.address, audience.cookies)
        return {"watching": bool(audience.flows) and verdict.plays, "why": verdict.reason}


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat().replace("+00:00", "Z")


def routes(world: Callable[[], World]) -> dict[str, Callable[[Params], Any]]:
    """The control API's routes for viewers; `world` returns the present world."""

    def viewers() -> Viewers:
        service: Any = world().services["viewers"]
        return service

    def deliver(given: Params) -> None:
        for row in given["rows"]:
            viewers().deliver(**row)

    return {
        "POST audience/join": lambda given: {"id": viewers().join(**given)},
        "POST audience/leave": lambda given: viewers().leave(given["id"]),
        "POST deliver": deliver,
        "POST package": lambda given: viewers().package(**given),
        "GET package/truth": lambda given: viewers().package_truth(given["channel"]),
        "GET truth": lambda given: viewers().truth(given["distribution"]),
        "POST publish": lambda given: viewers().publish_all(),
        "POST publish/delay": lambda given: viewers().publish_delay(**given),
        "POST backdate": lambda given: viewers().backdate(**given),
    }
