"""What a viewer gets from CloudFront's edges: a distribution's state, signatures, cached errors, its origin.

The edges serve a distribution once its enabling is deployed, and refuse it as soon as it is disabled. Pages:
"Serve private content with signed URLs and signed cookies", "How CloudFront processes HTTP 4xx and 5xx status
codes from your origin".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from .base import World
from .cloudfront.records import Distribution
from .cloudfront.rules import behaviours
from .cloudfront.service import CloudFront
from .origins import Origins, Verdict
from .signatures import Denied, check

# "HTTP 4xx and 5xx status codes that CloudFront always caches". It caches 400, 403, 412 and 415 only if the
# origin sends Cache-Control with them, which MediaPackage's origins here do not.
CACHED_ERRORS = {404, 405, 414, 500, 501, 502, 503, 504}
ERROR_SECONDS = 10  # the error caching minimum TTL unless the distribution sets one
NOWHERE = "198.51.100.1"  # the address of a viewer who names none


@dataclass(frozen=True)
class Request:
    """What a player asks for. `url` is absolute; `headers` have lower-case names."""

    url: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    source_ip: str = NOWHERE


def host_of(address: str) -> str:
    """The host of a playback URL or of a bare domain name."""
    return (urlsplit(address if "//" in address else f"//{address.strip()}").hostname or "").lower()


class Playback:
    """CloudFront's edges. They track the distributions and the origins.

    `on_change` callbacks get the id of a distribution whose verdict may have changed, or None for all.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.origins = Origins(world)
        self.on_change: list[Callable[[str | None], Any]] = []
        service: Any = world.services["cloudfront"]
        self._cloudfront: CloudFront = service
        self._id_of: dict[str, str] = {}  # by domain, also of deleted distributions
        self._served: set[str] = set()
        self._errors: dict[tuple[str, str], tuple[float, Verdict]] = {}  # (distribution, path) -> until, what
        self._cloudfront.on_change.append(self._distribution_changed)
        self.origins.on_change.append(lambda: self._notify(None))

    def distribution_id(self, address: str) -> str | None:
        """The id of the distribution with this domain name, alias or URL, also if it was deleted."""
        host = host_of(address)
        return self._cloudfront.aliases.get(host) or self._id_of.get(host)

    def is_for_players(self, host: str) -> bool:
        """Whether a request to this host is a player's and not a call of AWS's API."""
        host = host.lower()
        return (
            host.endswith(".cloudfront.net")
            or self.distribution_id(host) is not None
            or self._is_of_the_house(host)
            or self.origins.is_origin(host)
        )

    def _is_of_the_house(self, host: str) -> bool:
        """Whether a certificate covers it. DNS may lead such a name here before or after it is an alias."""
        names = {name for each in self._cloudfront.certificates.values() for name in each}
        return host in names or f"*.{host.partition('.')[2]}" in names

    def get(self, request: Request) -> Verdict:
        """The answer to one request, to an edge or straight to an origin. Errors stay in the edge's cache."""
        parts = urlsplit(request.url)
        if self.origins.is_origin(parts.hostname or ""):
            return self.origins.answer(parts.hostname or "", parts.path, request.headers)
        return self._at_edge(request, cached=True)

    def watch(self, address: str, cookies: Mapping[str, str]) -> Verdict:
        """Whether somebody can watch at this address, at a URL or at any endpoint behind a bare domain.

        A viewer asks for a playlist and then for its segments, in both with the same query and cookies. The
        cache is left out: a viewer asks again.
        """
        url = address if "//" in address else self._any_url(address)
        verdict = self._at_edge(Request(url, cookies), cached=False)
        if not verdict.plays:
            return verdict
        segment = self._at_edge(Request(_segment(url), cookies), cached=False)
        if segment.code:
            return replace(segment, reason=f"the playlist may be read, its segments not: {segment.reason}")
        return verdict

    # -- the edge

    def _at_edge(self, request: Request, *, cached: bool) -> Verdict:
        distribution = self._cloudfront.distributions.get(self.distribution_id(request.url) or "")
        if distribution is None:
            return Verdict(403, "no distribution has this domain name")
        if refusal := self._closed(distribution):
            return replace(refusal, distribution=distribution.id)
        behaviour = _behaviour(distribution, urlsplit(request.url).path)
        verdict = self._by_behaviour(request, distribution, behaviour, cached=cached)
        policy, origin = behaviour.get("ResponseHeadersPolicyId"), request.headers.get("origin")
        headers = self._cloudfront.cors_headers(policy, origin, dict(verdict.headers))
        return replace(verdict, distribution=distribution.id, headers=headers)

    def _by_behaviour(
        self, request: Request, distribution: Distribution, behaviour: Mapping[str, Any], *, cached: bool
    ) -> Verdict:
        if refusal := _by_protocol_or_method(request, behaviour):
            return refusal
        try:
            ends_at = self._permission(request, behaviour)
        except Denied as denied:
            return Verdict(403, denied.message, code=denied.code)
        answer = self._through_cache if cached else self._at_origin
        return replace(answer(distribution, behaviour, request), ends_at=ends_at)

    def _closed(self, distribution: Distribution) -> Verdict | None:
        if not distribution.config["Enabled"]:
            return Verdict(403, f"distribution {distribution.id} is disabled")
        if distribution.id not in self._served:
            return Verdict(503, f"distribution {distribution.id} is not deployed yet")
        return None

    def _permission(self, request: Request, behaviour: Mapping[str, Any]) -> float | None:
        """When the viewer's signature ends; None where none is needed. Raises Denied."""
        groups = behaviour["TrustedKeyGroups"]
        if not groups.get("Enabled"):
            return None
        keys = self._cloudfront.trusted_keys(groups.get("Items") or [])
        now = self.world.clock.now().timestamp()
        return check(request.url, request.cookies, keys, now, request.source_ip)

    def _through_cache(
        self, distribution: Distribution, behaviour: Mapping[str, Any], request: Request
    ) -> Verdict:
        """The origin's answer. An error is kept for the error caching minimum TTL of its status."""
        key, now = (distribution.id, urlsplit(request.url).path), self.world.clock.seconds()
        until, kept = self._errors.get(key, (0.0, None))
        if kept is not None and now < until:
            return replace(kept, headers={"X-Cache": "Error from cloudfront", "Age": "1"})
        verdict = self._at_origin(distribution, behaviour, request)
        if verdict.status in CACHED_ERRORS:
            ttl = _error_seconds(distribution, verdict.status)
            self._errors[key] = (self.world.clock.due(ttl), verdict)
        return verdict

    def _at_origin(
        self, distribution: Distribution, behaviour: Mapping[str, Any], request: Request
    ) -> Verdict:
        """The answer of the behaviour's origin to CloudFront, which adds the origin's custom headers.

        Of the viewer's headers the managed policy *Elemental-MediaPackage* passes on `Origin`.
        """
        origins = distribution.config["Origins"]["Items"]
        origin = next(each for each in origins if each["Id"] == behaviour["TargetOriginId"])
        host = origin["DomainName"]
        if not self.origins.is_origin(host):
            return Verdict(502, f"CloudFront cannot resolve the origin {host}")
        headers = {
            item["HeaderName"].lower(): item["HeaderValue"]
            for item in origin["CustomHeaders"].get("Items") or []
        }
        if "origin" in request.headers:
            headers["origin"] = request.headers["origin"]
        return self.origins.answer(host, origin["OriginPath"] + urlsplit(request.url).path, headers)

    def _any_url(self, domain: str) -> str:
        """The URL of one endpoint behind a distribution."""
        distribution = self._cloudfront.distributions.get(self.distribution_id(domain) or "")
        if distribution is None:
            return f"https://{domain}/"
        target = distribution.config["DefaultCacheBehavior"]["TargetOriginId"]
        origins = distribution.config["Origins"]["Items"]
        host = next(origin["DomainName"] for origin in origins if origin["Id"] == target)
        return f"https://{host_of(domain)}{self.origins.path(host) or '/'}"

    # -- changes

    def _distribution_changed(self, distribution: Distribution) -> None:
        self._id_of[distribution.domain] = distribution.id
        alive = distribution.id in self._cloudfront.distributions
        if not alive or not distribution.config["Enabled"]:
            self._served.discard(distribution.id)
        elif distribution.deployed:
            self._served.add(distribution.id)
        self._notify(distribution.id)

    def _notify(self, distribution_id: str | None) -> None:
        for callback in self.on_change:
            callback(distribution_id)


def _behaviour(distribution: Distribution, path: str) -> dict[str, Any]:
    """The first behaviour whose path pattern matches, or the default one."""
    default, *others = behaviours(distribution.config)
    return next((each for each in others if _matches(each["PathPattern"], path)), default)


def _matches(pattern: str, path: str) -> bool:
    """Whether a path pattern matches: `*` is any text, `?` one character, a slash in front is optional."""
    regex = re.escape(pattern.removeprefix("/")).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, path.removeprefix("/")) is not None


def _by_protocol_or_method(request: Request, behaviour: Mapping[str, Any]) -> Verdict | None:
    """What the behaviour says of http and of the method."""
    policy = behaviour["ViewerProtocolPolicy"]
    if request.url.startswith("http:") and policy != "allow-all":
        if policy == "https-only":
            return Verdict(403, "this distribution is served by https only")
        return Verdict(301, "use https", headers={"Location": request.url.replace("http:", "https:", 1)})
    if request.method not in behaviour["AllowedMethods"]["Items"]:
        return Verdict(403, f"this distribution does not allow {request.method}")
    return None


def _error_seconds(distribution: Distribution, status: int) -> float:
    """The error caching minimum TTL of a status."""
    answers = distribution.config["CustomErrorResponses"].get("Items") or []
    ttls = [answer.get("ErrorCachingMinTTL") for answer in answers if answer["ErrorCode"] == status]
    return float(ERROR_SECONDS if not ttls or ttls[0] is None else ttls[0])


def _segment(url: str) -> str:
    """The URL of a segment beside a playlist, with the playlist's query."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rpartition("/")[0] + "/index_1_1.ts").geturl()
