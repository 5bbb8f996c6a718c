"""MediaPackage's origin endpoints as players and CloudFront reach them: what each URL answers.

An endpoint has playlists and segments while a MediaLive channel that sends to its channel is RUNNING. The
first segments are there at once. With CDN authorization it answers only requests with the right
`X-MediaPackage-CDNIdentifier` ("CDN authorization in AWS Elemental MediaPackage").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .base import Refusal, World
from .codec import AwsResponse
from .hls import Change, Feed, File, Packager
from .medialive.records import Channel
from .outputs import renditions

CDN_HEADER = "x-mediapackage-cdnidentifier"


@dataclass(frozen=True)
class Verdict:
    """The answer to a player: an HTTP status, the reason or the file, and what is behind it.

    `package` is the MediaPackage channel behind it, if any, `distribution` the id of the one asked.
    `ends_at` is when the viewer's signature ends, in epoch seconds. `code` is that of CloudFront's XML
    error, "" for other answers. `headers` are CloudFront's and the origin's.
    """

    status: int
    reason: str
    package: str | None = None
    file: File | None = None
    distribution: str = ""
    ends_at: float | None = None
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def plays(self) -> bool:
        return self.status == 200

    def answer(self) -> AwsResponse:
        """The HTTP response: the file, CloudFront's XML error, or the reason."""
        if self.file is not None:
            caching = {"Cache-Control": f"max-age={self.file.max_age}"}
            return AwsResponse(
                self.status, {"Content-Type": self.file.kind, **caching, **self.headers}, self.file.body
            )
        if self.code:
            kind, text = "text/xml", _xml(self.code, self.reason)
        else:
            kind, text = "text/plain; charset=utf-8", f"{self.status}: {self.reason}\n"
        return AwsResponse(self.status, {"Content-Type": kind, **self.headers}, text.encode())


def _xml(code: str, message: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )


class Origins:
    """The origin endpoints of the account by their URLs.

    `on_change` callbacks get no argument: any of them may answer differently now. MediaPackage has no such
    callback: the deletion of an endpoint of a running channel goes unnoticed until another change.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_change: list[Callable[[], Any]] = []
        self._feeding: dict[str, set[str]] = {}  # MediaPackage channel -> running MediaLive channels
        self._endpoints: dict[str, dict[str, str]] = {}  # host -> folder -> endpoint id
        medialive: Any = world.services["medialive"]
        medialive.on_running_change.append(self._running_changed)

    @property
    def _packages(self) -> Any:
        return self.world.services["mediapackage"]

    def is_origin(self, host: str) -> bool:
        """Whether this is a host of MediaPackage in the account's region."""
        return host.endswith(f".mediapackage.{self.world.region}.amazonaws.com")

    def path(self, host: str) -> str:
        """The path of one endpoint of a host, for a viewer who names no path; "" if it has none."""
        endpoint = self._endpoint(host, None)
        return f"/{endpoint['Url'].split('/', 3)[3]}" if endpoint else ""

    def answer(self, host: str, path: str, headers: Mapping[str, str]) -> Verdict:
        """The endpoint's answer; `headers` have lower-case names."""
        folder, _, name = path.rpartition("/")
        endpoint = self._endpoint(host, folder)
        if endpoint is None:
            return Verdict(404, "the origin has nothing at this path")
        package = endpoint["ChannelId"]
        if endpoint["Origination"] != "ALLOW":
            return Verdict(403, "the origin endpoint does not allow origination", package)
        if refusal := self._authorization(endpoint.get("Authorization"), headers.get(CDN_HEADER)):
            return Verdict(*refusal, package=package)
        feed = self._feed(package)
        if feed is None:
            return Verdict(404, "the channel is not running, so the origin has no playlist", package)
        if endpoint.get("HlsPackage") is None:
            return Verdict(404, "this origin packages HLS only", package)
        packager = Packager(feed, endpoint["ManifestName"], endpoint["HlsPackage"])
        file = packager.file(name, self.world.clock.now().timestamp())
        if file is None:
            return Verdict(404, "the origin has nothing at this path", package)
        allowed = {"Access-Control-Allow-Origin": "*"} if "origin" in headers else {}
        return Verdict(200, "it plays", package, file, headers=allowed)

    def _feed(self, package: str) -> Feed | None:
        """What the running MediaLive channel sends to a MediaPackage channel; the first if there are more.

        MediaPackage takes the first pipeline for as long as it sends, be it black or a slate.
        """
        medialive: Any = self.world.services["medialive"]
        running = sorted(self._feeding.get(package, ()))
        if not running:
            return None
        channel: Channel = medialive.channel(running[0])
        changes = [Change(entry.at, entry.shown[0]) for entry in channel.run()]
        return Feed(changes, renditions(channel.config["EncoderSettings"], "MediaPackageGroupSettings"))

    def _authorization(self, wanted: Mapping[str, str] | None, given: str | None) -> tuple[int, str] | None:
        """Why the CDN's header is refused: 403 when it is missing or wrong, 404 when none is expected."""
        if wanted is None:
            unexpected = (404, "the endpoint expects no CDN identifier and got one")
            return unexpected if given is not None else None
        if given is None:
            return 403, "the CDN identifier is missing"
        if given not in self._packages.identifiers.of(wanted["CdnIdentifierSecret"]):
            return 403, "the CDN identifier is wrong"
        return None

    def _endpoint(self, host: str, folder: str | None) -> dict[str, Any] | None:
        """The endpoint as MediaPackage describes it, or None. A folder of None stands for any endpoint.

        Unknown folders cause a new lookup.
        """
        if folder not in self._endpoints.get(host, {}) and not (folder is None and host in self._endpoints):
            self._learn(self._packages.inventory()["origin_endpoints"])
        endpoint_ids = self._endpoints.get(host, {})
        candidates = list(endpoint_ids.values()) if folder is None else [endpoint_ids.get(folder, "")]
        for endpoint_id in candidates:
            try:
                return dict(self._packages.describe_origin_endpoint({"Id": endpoint_id}))
            except Refusal:
                continue  # deleted
        return None

    def _learn(self, endpoints: list[dict[str, Any]]) -> None:
        for endpoint in endpoints:
            host, _, path = endpoint["url"].removeprefix("https://").partition("/")
            folder = f"/{path}".rpartition("/")[0]
            self._endpoints.setdefault(host, {})[folder] = endpoint["id"]

    def _running_changed(self, channel: Channel, running: bool) -> None:
        for package in channel.package_ids:
            feeding = self._feeding.setdefault(package, set())
            (feeding.add if running else feeding.discard)(channel.id)
        for callback in self.on_change:
            callback()
