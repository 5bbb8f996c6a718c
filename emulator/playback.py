"""Whether a playback URL plays: from CloudFront's edge to a running channel.

The edges serve a distribution once its enabling is deployed, and refuse it as soon as it is disabled.
MediaPackage has a playlist while a MediaLive channel that sends to it is RUNNING.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .base import Refusal, World
from .cloudfront.distributions import Distributions
from .cloudfront.records import Distribution
from .codec import AwsResponse
from .medialive import MediaLive
from .medialive.records import Channel

PLAYLIST = (
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-STREAM-INF:BANDWIDTH=5128000,RESOLUTION=1920x1080\nindex_1.m3u8\n"
)
SIGNED = ({"Signature", "Key-Pair-Id", "Policy"}, {"Signature", "Key-Pair-Id", "Expires"})


@dataclass(frozen=True)
class Verdict:
    """What a viewer gets: an HTTP status, the reason, and the MediaPackage channel behind it, if any."""

    status: int
    reason: str
    package: str | None = None

    @property
    def plays(self) -> bool:
        return self.status == 200

    def answer(self) -> AwsResponse:
        """The HTTP response: a tiny playlist, or the reason."""
        if self.plays:
            kind, text = "application/vnd.apple.mpegurl", PLAYLIST
        else:
            kind, text = "text/plain; charset=utf-8", f"{self.status}: {self.reason}\n"
        return AwsResponse(self.status, {"Content-Type": kind}, text.encode())


def host_and_path(address: str) -> tuple[str, str | None]:
    """Host and path of a playback URL; the path of a bare domain name is None."""
    if "//" not in address:
        return address.strip().lower().rstrip("/"), None
    parts = urlsplit(address)
    return (parts.hostname or "").lower(), parts.path


class Playback:
    """Tracks CloudFront and MediaLive.

    `on_change` callbacks get the id of a distribution whose verdict may have changed, or None for all.
    MediaPackage has no such callback: the deletion of an endpoint of a running channel goes unnoticed until
    another change.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_change: list[Callable[[str | None], Any]] = []
        self._cloudfront: Distributions = _service(world, "cloudfront")
        self._id_of: dict[str, str] = {}  # by domain, also of deleted distributions
        self._served: set[str] = set()
        self._feeding: dict[str, set[str]] = {}  # MediaPackage channel -> running MediaLive channels
        self._endpoints: dict[str, dict[str, str]] = {}  # origin host -> path -> endpoint id
        self._cloudfront.on_change.append(self._distribution_changed)
        medialive: MediaLive = _service(world, "medialive")
        medialive.on_running_change.append(self._running_changed)

    def distribution_id(self, address: str) -> str | None:
        """The id of the distribution with this domain name, alias or URL, also if it was deleted."""
        host, _ = host_and_path(address)
        return self._cloudfront.aliases.get(host) or self._id_of.get(host)

    def verdict(self, address: str, signed: bool = True) -> Verdict:
        """CloudFront's answer. A bare domain stands for any endpoint behind it."""
        distribution = self._cloudfront.distributions.get(self.distribution_id(address) or "")
        if distribution is None:
            return Verdict(403, "no distribution has this domain name")
        if not distribution.config["Enabled"]:
            return Verdict(403, f"distribution {distribution.id} is disabled")
        if distribution.id not in self._served:
            return Verdict(503, f"distribution {distribution.id} is not deployed yet")
        if not signed and _needs_signature(distribution) and not _is_signed(address):
            return Verdict(403, "Missing Key-Pair-Id query parameter or cookie value")
        return self._at_origin(_origin_host(distribution), host_and_path(address)[1])

    def _at_origin(self, host: str, path: str | None) -> Verdict:
        endpoint = self._endpoint(host, path)
        if endpoint is None:
            if not host.endswith(f".mediapackage.{self.world.region}.amazonaws.com"):
                return Verdict(502, f"CloudFront cannot resolve the origin {host}")
            return Verdict(404, "the origin has nothing at this path")
        package = endpoint["ChannelId"]
        if endpoint["Origination"] != "ALLOW":
            return Verdict(403, "the origin endpoint does not allow origination", package)
        if not self._feeding.get(package):
            return Verdict(404, "the channel is not running, so the origin has no playlist", package)
        return Verdict(200, "it plays", package)

    def _endpoint(self, host: str, path: str | None) -> dict[str, Any] | None:
        """The endpoint as MediaPackage describes it, or None. Unknown paths cause a new lookup."""
        packages: Any = _service(self.world, "mediapackage")
        if path not in self._endpoints.get(host, {}) and not (path is None and host in self._endpoints):
            self._learn(packages.inventory()["origin_endpoints"])
        endpoint_ids = self._endpoints.get(host, {})
        candidates = (
            list(endpoint_ids.values())
            if path is None
            else [endpoint_ids[path]]
            if path in endpoint_ids
            else []
        )
        for endpoint_id in candidates:
            try:
                return packages.describe_origin_endpoint({"Id": endpoint_id})
            except Refusal:
                continue  # deleted
        return None

    def _learn(self, endpoints: list[dict[str, Any]]) -> None:
        for endpoint in endpoints:
            host, path = host_and_path(endpoint["url"])
            self._endpoints.setdefault(host, {})[path or ""] = endpoint["id"]

    def _distribution_changed(self, distribution: Distribution) -> None:
        self._id_of[distribution.domain] = distribution.id
        alive = distribution.id in self._cloudfront.distributions
        if not alive or not distribution.config["Enabled"]:
            self._served.discard(distribution.id)
        elif distribution.deployed:
            self._served.add(distribution.id)
        self._notify(distribution.id)

    def _running_changed(self, channel: Channel, running: bool) -> None:
        for package in channel.package_ids:
            feeding = self._feeding.setdefault(package, set())
            (feeding.add if running else feeding.discard)(channel.id)
        self._notify(None)

    def _notify(self, distribution_id: str | None) -> None:
        for callback in self.on_change:
            callback(distribution_id)


def _service(world: World, name: str) -> Any:
    return world.services[name]


def _origin_host(distribution: Distribution) -> str:
    """The host of the default behaviour's origin."""
    target = distribution.config["DefaultCacheBehavior"]["TargetOriginId"]
    origins = distribution.config["Origins"]["Items"]
    return next(origin["DomainName"] for origin in origins if origin["Id"] == target)


def _needs_signature(distribution: Distribution) -> bool:
    groups = distribution.config["DefaultCacheBehavior"].get("TrustedKeyGroups") or {}
    return bool(groups.get("Enabled"))


def _is_signed(address: str) -> bool:
    """Whether the URL has the parameters of a signature; the signature itself is not checked."""
    given = set(parse_qs(urlsplit(address).query))
    return any(needed <= given for needed in SIGNED)
