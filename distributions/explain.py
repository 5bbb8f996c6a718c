"""A CloudFront configuration in plain words, beside its raw values: pure, made for the MediaManager page.

Knows the properties that decide who can watch what and what it costs ("Values that you specify when you
create or update a distribution" in the CloudFront Developer Guide); leaves the others to the raw text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MEDIA_PATTERN = "/media-manager/*"
Config = Mapping[str, Any]

CACHE_POLICIES = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": (
        "CachingOptimized",
        "Kept at the edge for a day if the object says nothing else; query strings and cookies do not count.",
    ),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": (
        "CachingOptimizedForUncompressedObjects",
        "As CachingOptimized, without compression: right for video, which is compressed already.",
    ),
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": (
        "CachingDisabled",
        "Nothing is kept at the edge: every viewer's request goes to the bucket, slow and dear.",
    ),
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": (
        "Elemental-MediaPackage",
        "Made for live streams from MediaPackage, not for files in a bucket.",
    ),
}
HEADER_POLICIES = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": ("SimpleCORS", "Players on any web site may load the files."),
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": (
        "CORS-With-Preflight",
        "Players on any web site may load the files, with any method and header.",
    ),
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": (
        "CORS-and-SecurityHeadersPolicy",
        "Players on any web site may load the files; security headers are added.",
    ),
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": (
        "CORS-with-preflight-and-SecurityHeadersPolicy",
        "Players on any web site may load the files, with any method and header; security headers are added.",
    ),
    "67f7725c-6f97-4210-82d7-5512b31e9d03": (
        "SecurityHeadersPolicy",
        "Adds security headers only: players on other web sites are refused by the browser.",
    ),
}
NO_CORS = {"67f7725c-6f97-4210-82d7-5512b31e9d03"}
PROTOCOLS = {
    "redirect-to-https": "HTTP is redirected to HTTPS.",
    "https-only": "HTTPS only; HTTP is refused.",
    "allow-all": "HTTP is allowed too: what viewers get can be read and changed on the way.",
}
PRICE_CLASSES = {
    "PriceClass_100": "Edges in North America and Europe only: the cheapest; slower for viewers elsewhere.",
    "PriceClass_200": "Without South America, Australia and New Zealand: cheaper than all edges.",
    "PriceClass_All": "All edges of the world: the fastest for everybody, and the dearest.",
}


@dataclass(frozen=True)
class Property:
    """One setting: its raw value in CloudFront's words, and what it means here."""

    name: str
    raw: str
    meaning: str
    odd: bool = False


@dataclass(frozen=True)
class Group:
    """The properties of one part of the configuration."""

    title: str
    icon: str
    properties: list[Property]

    @property
    def odd(self) -> list[Property]:
        return [each for each in self.properties if each.odd]


@dataclass(frozen=True)
class Buckets:
    """The buckets that should stand behind the distribution, by name; "" if not configured."""

    recording: str
    media: str


def groups(config: Config, buckets: Buckets) -> list[Group]:
    """The whole distribution, its origins and its behaviours, explained."""
    origins = {origin["Id"]: origin for origin in items(config, "Origins")}
    found = [Group("Distribution", "public", _whole(config))]
    found += [
        Group(f"Origin {origin['Id']}", "database", _origin(origin, buckets)) for origin in origins.values()
    ]
    for title, behaviour in _behaviours(config):
        found.append(Group(title, "alt_route", _behaviour(behaviour, origins, buckets)))
    return found


def missing(config: Config, buckets: Buckets) -> list[str]:
    """What should be there and is not, a sentence each."""
    origins = {origin["Id"]: origin for origin in items(config, "Origins")}
    said = []
    for role, bucket in (("recording", buckets.recording), ("media", buckets.media)):
        if not bucket:
            said.append(f"{role.upper()}_BUCKET is not set, so the {role} bucket cannot be checked.")
        elif not any(is_bucket(origin, bucket) for origin in origins.values()):
            said.append(f"No origin is the {role} bucket {bucket}: what is in it cannot be watched here.")
    patterns = [behaviour.get("PathPattern", "") for behaviour in items(config, "CacheBehaviors")]
    if MEDIA_PATTERN not in patterns:
        said.append(
            f"The behaviour {MEDIA_PATTERN} is missing: media files are looked for among the recordings."
        )
    return said


def items(holder: Config, name: str) -> list[dict[str, Any]]:
    """CloudFront's lists: `{"Quantity": 1, "Items": […]}`, without Items when empty."""
    return list((holder.get(name) or {}).get("Items") or [])


def is_bucket(origin: Config, bucket: str) -> bool:
    """Whether an origin is this S3 bucket (`bucket.s3.region.amazonaws.com`, or the older global name)."""
    return bool(bucket) and str(origin.get("DomainName", "")).startswith(f"{bucket}.s3")


def _whole(config: Config) -> list[Property]:
    aliases = items(config, "Aliases")
    enabled = bool(config.get("Enabled"))
    price = str(config.get("PriceClass", ""))
    return [
        Property(
            "Enabled",
            str(enabled).lower(),
            "Viewers are served." if enabled else "Switched off: every viewer gets an error.",
            odd=not enabled,
        ),
        Property(
            "Aliases",
            _joined(aliases),
            "The house's own names for it; they need a certificate."
            if aliases
            else "None: viewers use CloudFront's own domain.",
        ),
        Property("PriceClass", price, PRICE_CLASSES.get(price, "Not known to StreamHub.")),
        Property("Comment", str(config.get("Comment", "")), "The note that stands in CloudFront's console."),
    ]


def _origin(origin: Config, buckets: Buckets) -> list[Property]:
    control = str(origin.get("OriginAccessControlId") or "")
    identity = str((origin.get("S3OriginConfig") or {}).get("OriginAccessIdentity") or "")
    return [
        Property("DomainName", str(origin["DomainName"]), _origin_role(origin, buckets)),
        Property(
            "OriginAccessControlId",
            control or identity,
            "CloudFront signs its requests: the bucket can stay private, and this is the only way to it."
            if control
            else "An origin access identity, which AWS calls legacy: move to origin access control."
            if identity
            else "No origin access control: the bucket must be public to be served, so anybody can go round"
            " CloudFront.",
            odd=not control,
        ),
    ]


def _origin_role(origin: Config, buckets: Buckets) -> str:
    if is_bucket(origin, buckets.recording):
        return "The recording bucket: what the channels' archive outputs write."
    if is_bucket(origin, buckets.media):
        return "The media bucket: the media manager's files."
    return "Neither the configured recording bucket nor the media bucket."


def _behaviours(config: Config) -> Iterable[tuple[str, Config]]:
    """CloudFront takes the first pattern that fits, and the default behaviour if none does."""
    for behaviour in items(config, "CacheBehaviors"):
        yield f"Behaviour {behaviour.get('PathPattern', '')}", behaviour
    yield "Default behaviour: all other paths", config.get("DefaultCacheBehavior") or {}


def _behaviour(behaviour: Config, origins: Mapping[str, Config], buckets: Buckets) -> list[Property]:
    return [
        _target(behaviour, origins, buckets),
        _protocol(behaviour),
        _methods(behaviour),
        _cache_policy(behaviour),
        _cors(behaviour),
        _key_groups(behaviour),
    ]


def _target(behaviour: Config, origins: Mapping[str, Config], buckets: Buckets) -> Property:
    target = str(behaviour.get("TargetOriginId", ""))
    origin = origins.get(target)
    pattern = behaviour.get("PathPattern")
    wanted = buckets.media if pattern == MEDIA_PATTERN else "" if pattern else buckets.recording
    meaning = "An origin that does not exist." if origin is None else _origin_role(origin, buckets)
    odd = origin is None or bool(wanted and not is_bucket(origin, wanted))
    if odd and origin is not None:
        meaning = f"Should lead to the bucket {wanted}, and leads to {origin['DomainName']}."
    return Property("TargetOriginId", target, meaning, odd)


def _protocol(behaviour: Config) -> Property:
    policy = str(behaviour.get("ViewerProtocolPolicy", ""))
    meaning = PROTOCOLS.get(policy, "Not known to StreamHub.")
    return Property("ViewerProtocolPolicy", policy, meaning, odd=policy == "allow-all")


def _methods(behaviour: Config) -> Property:
    methods = items(behaviour, "AllowedMethods")
    writing = sorted({"PUT", "POST", "PATCH", "DELETE"}.intersection(methods))  # type: ignore[arg-type]
    if writing:
        meaning = f"Viewers may send {', '.join(writing)} too, which nobody needs for polled_list."
    elif "OPTIONS" in methods:
        meaning = "Reading only, and the question that browsers ask before they do (CORS)."
    else:
        meaning = "Reading only."
    return Property("AllowedMethods", _joined(methods), meaning, odd=bool(writing))


def _cache_policy(behaviour: Config) -> Property:
    policy = str(behaviour.get("CachePolicyId") or "")
    if not policy:
        meaning = "None: caching follows the legacy ForwardedValues in the behaviour itself."
        return Property("CachePolicyId", "", meaning, odd=True)
    name, meaning = CACHE_POLICIES.get(policy, ("", "A policy of the house's own: look it up in CloudFront."))
    odd = name in ("CachingDisabled", "Elemental-MediaPackage")
    return Property("CachePolicyId", _with_name(policy, name), meaning, odd)


def _cors(behaviour: Config) -> Property:
    policy = str(behaviour.get("ResponseHeadersPolicyId") or "")
    if not policy:
        meaning = "None: no CORS headers are added, and browsers may refuse players on other web sites."
        return Property("ResponseHeadersPolicyId (CORS)", "", meaning, odd=True)
    name, meaning = HEADER_POLICIES.get(
        policy, ("", "A policy of the house's own: look it up in CloudFront.")
    )
    return Property(
        "ResponseHeadersPolicyId (CORS)", _with_name(policy, name), meaning, odd=policy in NO_CORS
    )


def _key_groups(behaviour: Config) -> Property:
    groups = items(behaviour, "TrustedKeyGroups")
    if groups:
        meaning = "Only who brings a signed URL or cookie of these key groups gets a file."
    else:
        meaning = "No key group: anybody who has a URL can watch, for as long as the file exists."
    return Property("TrustedKeyGroups", _joined(groups), meaning, odd=not groups)


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _with_name(policy: str, name: str) -> str:
    return f"{policy} ({name})" if name else policy
