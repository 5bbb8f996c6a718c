"""Viewers: audiences that watch distributions, and the one who knows exactly what they were sent.

An audience is told to watch a domain name or playback URL, as players are once the URL is public. Bytes
flow while that plays (see `playback`), steadily, in real time, and stop by themselves when it no longer
does. What flowed is the truth; what CloudWatch shows of it, and when, is `minutes.Publication`'s business.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .archive import bits_per_second
from .base import Refusal, Service, World
from .cloudwatch import CLOUDFRONT, MEDIAPACKAGE, CloudWatch
from .codec import read_moment
from .minutes import Flow, Publication, Series
from .playback import Playback

if TYPE_CHECKING:
    from .medialive.records import Channel

Params = dict[str, Any]
REQUESTS_PER_1000_S = 333  # a player: a playlist and a segment every six seconds
EDGES = 4  # so many edges fetch each byte from the origin, whatever the number of viewers
STRAGGLERS = 20  # after the end one viewer in so many still downloads what its player asked for
_DISTRIBUTION_ID = re.compile(r"E[A-Z0-9]{5,}")


@dataclass
class Audience:
    """`viewers` people at `kbps` each. `tail_seconds`: how long stragglers go on after it stops, really."""

    id: str
    address: str
    distribution: str
    viewers: int
    kbps: int
    tail_seconds: float = 0.0
    flows: tuple[tuple[Series, Flow], ...] = ()

    def rates(self) -> tuple[int, int]:
        """Bytes and requests per 1,000 seconds."""
        return self.viewers * self.kbps * 125_000, self.viewers * REQUESTS_PER_1000_S

    def origin_rates(self) -> tuple[int, int]:
        """MediaPackage's ingress (none of ours) and egress per 1,000 seconds."""
        return 0, min(self.viewers, EDGES) * self.kbps * 125_000


class Viewers(Service):
    """Everybody who polled_lists, anywhere."""

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
        found: Any = self.world.services["cloudwatch"]
        return found

    # -- verbs

    def join(
        self, domain_or_url: str, viewers: int = 100, kbps: int = 3000, tail_seconds: float = 0.0
    ) -> str:
        """An audience begins to watch, now or as soon as it plays; its id."""
        if viewers < 0 or kbps < 0 or tail_seconds < 0:
            raise ValueError("viewers, kbps and tail_seconds are not negative")
        distribution, new_id = self._distribution(domain_or_url), f"audience-{next(self._numbers)}"
        audience = Audience(new_id, domain_or_url, distribution, int(viewers), int(kbps), tail_seconds)
        self._audiences[new_id] = audience
        self._consider(audience)
        return audience.id

    def leave(self, audience_id: str) -> None:
        """It stops polled_list; its stragglers, if it has any, follow later."""
        audience = self._audiences.pop(audience_id, None)
        if audience is None:
            raise Refusal("NoSuchAudience", f"There is no audience {audience_id!r}.", 404)
        self._stop(audience)

    def deliver(self, distribution: str, bytes: int, requests: int = 1, minute: str | None = None) -> None:
        """Exactly so many bytes and requests in one UTC minute (any moment in it; None: this one)."""
        if bytes < 0 or requests < 0:
            raise ValueError("bytes and requests are not negative")
        moment = read_moment(minute) if minute else self.world.clock.now()
        series = self._cloudwatch.traffic.of(CLOUDFRONT, self._distribution(distribution))
        series.add(int(moment.timestamp()), (int(bytes), int(requests)))

    def truth(self, distribution: str) -> Params:
        """{"bytes", "requests", "minutes": {ISO minute: {"bytes", "requests"}}}, published or not."""
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

    def backdate(self, minutes: int, distribution: str | None = None) -> None:
        """All that has flowed so far (of one distribution) flowed so many minutes earlier."""
        name = self._distribution(distribution) if distribution else None
        self._cloudwatch.traffic.backdate(int(minutes), name)

    def publish_delay(self, **given: Any) -> Params:
        """Set some of `minutes.Publication`, for minutes that begin from now on; all of it."""
        traffic = self._cloudwatch.traffic
        traffic.publication = Publication(**{**vars(traffic.publication), **given})
        return vars(traffic.publication)

    def publish_all(self) -> None:
        """Every delay is over: what has flowed by now is published, whole."""
        self._cloudwatch.traffic.publish()

    # -- who gets what

    def _distribution(self, wanted: str) -> str:
        """The id behind an id, a domain name or a URL. Ids are taken as they are: they may be deleted."""
        if _DISTRIBUTION_ID.fullmatch(wanted):
            return wanted
        found = self.playback.distribution_id(wanted)
        if found is None:
            raise Refusal("NoSuchDomain", f"No distribution has the domain name of {wanted!r}.", 404)
        return found

    def _reconsider(self, distribution: str | None) -> None:
        for audience in self._audiences.values():
            if distribution in (None, audience.distribution):
                self._consider(audience)

    def _consider(self, audience: Audience) -> None:
        """Start or stop an audience's flows, as it plays or not."""
        verdict = self.playback.verdict(audience.address)
        if verdict.plays and not audience.flows:
            traffic = self._cloudwatch.traffic
            distribution = traffic.of(CLOUDFRONT, audience.distribution)
            origin = traffic.of(MEDIAPACKAGE, verdict.package or "")
            audience.flows = (
                (distribution, distribution.open(audience.rates())),
                (origin, origin.open(audience.origin_rates())),
            )
        elif not verdict.plays and audience.flows:
            self._stop(audience)

    def _stop(self, audience: Audience) -> None:
        for series, flow in audience.flows:
            series.close(flow)
        if audience.flows and audience.tail_seconds:
            one, two = (rate // STRAGGLERS for rate in audience.rates())
            audience.flows[0][0].open((one, two), audience.tail_seconds)
        audience.flows = ()

    def _encoder_changed(self, channel: Channel, running: bool) -> None:
        """What a running channel sends to MediaPackage is MediaPackage's ingress."""
        for series, flow in self._ingests.pop(channel.id, []):
            series.close(flow)
        if not running:
            return
        bits = bits_per_second(channel.config["EncoderSettings"], "MediaPackageGroupSettings")
        for package in channel.package_ids:
            series = self._cloudwatch.traffic.of(MEDIAPACKAGE, package)
            flow = series.open((bits * channel.pipelines * 125, 0))
            self._ingests.setdefault(channel.id, []).append((series, flow))

    # -- what a person sees

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "audiences": [
                {
                    "id": each.id,
                    "address": each.address,
                    "viewers": each.viewers,
                    "kbps": each.kbps,
                    "polled_list": bool(each.flows),
                    "why": self.playback.verdict(each.address).reason,
                }
                for each in self._audiences.values()
            ]
        }


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat().replace("+00:00", "Z")


def routes(world: Callable[[], World]) -> dict[str, Callable[[Params], Any]]:
    """The control API's addresses for viewers, in the world of the moment."""

    def viewers() -> Viewers:
        found: Any = world().services["viewers"]
        return found

    def deliver(given: Params) -> None:
        for row in given["rows"]:
            viewers().deliver(**row)

    def play(given: Params) -> Any:
        signed = given.get("signed", "") in ("1", "true", "True")
        return viewers().playback.verdict(given["url"], signed).answer()

    return {
        "POST audience/join": lambda given: {"id": viewers().join(**given)},
        "POST audience/leave": lambda given: viewers().leave(given["id"]),
        "POST deliver": deliver,
        "GET truth": lambda given: viewers().truth(given["distribution"]),
        "POST publish": lambda given: viewers().publish_all(),
        "POST publish/delay": lambda given: viewers().publish_delay(**given),
        "POST backdate": lambda given: viewers().backdate(**given),
        "GET play": play,
    }
