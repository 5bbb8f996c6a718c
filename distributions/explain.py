"""Explain a CloudFront configuration in plain words, beside its raw values. Pure; for the MediaManager page.

Covers the properties that decide who can watch what, and what it costs ("Values that you specify when you
create or update a distribution" in the CloudFront Developer Guide). The rest is only shown raw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MEDIA_PATTERN = "/media-manager/*"
Config = Mapping[str, Any]

CACHE_POLICIES = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": (
        "CachingOptimized",
        _("Cached for a day unless the object says otherwise; query strings and cookies are ignored."),
    ),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": (
        "CachingOptimizedForUncompressedObjects",
        _("Like CachingOptimized, without compression: right for video, which is already compressed."),
    ),
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": (
        "CachingDisabled",
        _("Nothing is cached at the edge: every request goes to the bucket, which is slow and expensive."),
    ),
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": (
        "Elemental-MediaPackage",
        _("Made for live streams from MediaPackage, not for files in a bucket."),
    ),
}
HEADER_POLICIES = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": ("SimpleCORS", _("Players on any web site may load the files.")),
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": (
        "CORS-With-Preflight",
        _("Players on any web site may load the files, with any method and header."),
    ),
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": (
        "CORS-and-SecurityHeadersPolicy",
        _("Players on any web site may load the files; security headers are added."),
    ),
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": (
        "CORS-with-preflight-and-SecurityHeadersPolicy",
        _(
            "Players on any web site may load the files, with any method and header; security "
            "headers are added."
        ),
    ),
    "67f7725c-6f97-4210-82d7-5512b31e9d03": (
        "SecurityHeadersPolicy",
        _("Adds security headers only: players on other web sites are refused by the browser."),
    ),
}
NO_CORS = {"67f7725c-6f97-4210-82d7-5512b31e9d03"}
NOT_KNOWN = _("Not known to StreamHub.")
CUSTOM_POLICY = _("A custom policy: look it up in CloudFront's console.")
PROTOCOLS = {
    "redirect-to-https": _("HTTP is redirected to HTTPS."),
    "https-only": _("HTTPS only; HTTP is refused."),
    "allow-all": _("HTTP is allowed too: others on the network can read and change what viewers receive."),
}
PRICE_CLASSES = {
    "PriceClass_100": _(
        "Edges in North America and Europe only: cheapest, and slower for viewers elsewhere."
    ),
    "PriceClass_200": _("All edges except South America, Australia and New Zealand: cheaper than all edges."),
    "PriceClass_All": _("All edges worldwide: fastest for every viewer, and most expensive."),
}


@dataclass(frozen=True)
class Property:
    """One setting: its raw value in CloudFront's words, and what it means. `unusual` ones are highlighted."""

    name: str
    raw: str
    meaning: str
    unusual: bool = False


@dataclass(frozen=True)
class Group:
    """The properties of one part of the configuration."""

    title: str
    icon: str
    properties: list[Property]

    @property
    def unusual(self) -> list[Property]:
        return [setting for setting in self.properties if setting.unusual]


@dataclass(frozen=True)
class Buckets:
    """The names of the buckets that the distribution should serve; "" if not configured."""

    recording: str
    media: str


def groups(config: Config, buckets: Buckets) -> list[Group]:
    """Explain the distribution, then its origins, then its behaviours."""
    origins = {origin["Id"]: origin for origin in items(config, "Origins")}
    explained = [Group("Distribution", "public", _whole(config))]
    explained += [
        Group(gettext("Origin %(id)s") % {"id": origin["Id"]}, "database", _origin(origin, buckets))
        for origin in origins.values()
    ]
    for title, behaviour in _behaviours(config):
        explained.append(Group(title, "alt_route", _behaviour(behaviour, origins, buckets)))
    return explained


def missing(config: Config, buckets: Buckets) -> list[str]:
    """What the configuration lacks, one sentence each."""
    origins = {origin["Id"]: origin for origin in items(config, "Origins")}
    sentences = []
    for role, bucket in (("recording", buckets.recording), ("media", buckets.media)):
        if not bucket:
            sentences.append(
                gettext("%(upper)s_BUCKET is not set, so the %(role)s bucket cannot be checked.")
                % {"upper": role.upper(), "role": role}
            )
        elif not any(is_bucket(origin, bucket) for origin in origins.values()):
            sentences.append(
                gettext("No origin is the %(role)s bucket %(bucket)s: its files cannot be watched here.")
                % {"role": role, "bucket": bucket}
            )
    patterns = [behaviour.get("PathPattern", "") for behaviour in items(config, "CacheBehaviors")]
    if MEDIA_PATTERN not in patterns:
        sentences.append(
            gettext(
                "The behaviour %(media_pattern)s is missing: media files are looked up in the "
                "recording bucket."
            )
            % {"media_pattern": MEDIA_PATTERN}
        )
    return sentences


def items(holder: Config, name: str) -> list[dict[str, Any]]:
    """The items of a CloudFront list: `{"Quantity": 1, "Items": […]}`, without Items when empty."""
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
            gettext("Viewers are served.")
            if enabled
            else gettext("Switched off: every viewer gets an error."),
            unusual=not enabled,
        ),
        Property(
            "Aliases",
            _joined(aliases),
            gettext("Your own domain names for it; they need a certificate.")
            if aliases
            else gettext("None: viewers use CloudFront's own domain."),
        ),
        Property("PriceClass", price, str(PRICE_CLASSES.get(price, NOT_KNOWN))),
        Property(
            "Comment", str(config.get("Comment", "")), gettext("The note shown in CloudFront's console.")
        ),
    ]


def _origin(origin: Config, buckets: Buckets) -> list[Property]:
    control = str(origin.get("OriginAccessControlId") or "")
    identity = str((origin.get("S3OriginConfig") or {}).get("OriginAccessIdentity") or "")
    return [
        Property("DomainName", str(origin["DomainName"]), _origin_role(origin, buckets)),
        Property(
            "OriginAccessControlId",
            control or identity,
            _origin_access(control, identity),
            unusual=not control,
        ),
    ]


def _origin_access(control: str, identity: str) -> str:
    if control:
        return gettext("CloudFront signs its requests, so the bucket can stay private.")
    if identity:
        return gettext("An origin access identity, which AWS calls legacy: move to origin access control.")
    return gettext("No origin access control: the bucket must be public, so viewers can bypass CloudFront.")


def _origin_role(origin: Config, buckets: Buckets) -> str:
    if is_bucket(origin, buckets.recording):
        return gettext("The recording bucket: the channels' archive outputs write to it.")
    if is_bucket(origin, buckets.media):
        return gettext("The media bucket: the media manager's files.")
    return gettext("Neither the configured recording bucket nor the media bucket.")


def _behaviours(config: Config) -> Iterable[tuple[str, Config]]:
    """In CloudFront's order: the first pattern that matches wins; the default behaviour comes last."""
    for behaviour in items(config, "CacheBehaviors"):
        yield gettext("Behaviour %(get)s") % {"get": behaviour.get("PathPattern", "")}, behaviour
    yield gettext("Default behaviour: all other paths"), config.get("DefaultCacheBehavior") or {}


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
    meaning = gettext("An origin that does not exist.") if origin is None else _origin_role(origin, buckets)
    unusual = origin is None or bool(wanted and not is_bucket(origin, wanted))
    if unusual and origin is not None:
        meaning = gettext("Should lead to the bucket %(wanted)s, but leads to %(domainname)s.") % {
            "wanted": wanted,
            "domainname": origin["DomainName"],
        }
    return Property("TargetOriginId", target, meaning, unusual)


def _protocol(behaviour: Config) -> Property:
    policy = str(behaviour.get("ViewerProtocolPolicy", ""))
    meaning = str(PROTOCOLS.get(policy, NOT_KNOWN))
    return Property("ViewerProtocolPolicy", policy, meaning, unusual=policy == "allow-all")


def _methods(behaviour: Config) -> Property:
    methods = items(behaviour, "AllowedMethods")
    writing = sorted({"PUT", "POST", "PATCH", "DELETE"}.intersection(methods))  # type: ignore[arg-type]
    if writing:
        meaning = gettext("Viewers may send %(writing)s too; watching does not need that.") % {
            "writing": ", ".join(writing)
        }
    elif "OPTIONS" in methods:
        meaning = gettext("Read only, including the preflight requests of browsers (CORS).")
    else:
        meaning = gettext("Read only.")
    return Property("AllowedMethods", _joined(methods), meaning, unusual=bool(writing))


def _cache_policy(behaviour: Config) -> Property:
    policy = str(behaviour.get("CachePolicyId") or "")
    if not policy:
        meaning = gettext("None: caching follows the legacy ForwardedValues in the behaviour itself.")
        return Property("CachePolicyId", "", meaning, unusual=True)
    name, said = CACHE_POLICIES.get(policy, ("", CUSTOM_POLICY))
    unusual = name in ("CachingDisabled", "Elemental-MediaPackage")
    return Property("CachePolicyId", _with_name(policy, name), str(said), unusual)


def _cors(behaviour: Config) -> Property:
    policy = str(behaviour.get("ResponseHeadersPolicyId") or "")
    if not policy:
        meaning = gettext(
            "None: no CORS headers are added, and browsers may refuse players on other web sites."
        )
        return Property("ResponseHeadersPolicyId (CORS)", "", meaning, unusual=True)
    name, said = HEADER_POLICIES.get(policy, ("", CUSTOM_POLICY))
    return Property(
        "ResponseHeadersPolicyId (CORS)",
        _with_name(policy, name),
        str(said),
        unusual=policy in NO_CORS,
    )


def _key_groups(behaviour: Config) -> Property:
    groups = items(behaviour, "TrustedKeyGroups")
    if groups:
        meaning = gettext("A viewer needs a URL or cookie that a key of these groups has signed.")
    else:
        meaning = gettext("No key group: anyone who has a URL can watch, for as long as the file exists.")
    return Property("TrustedKeyGroups", _joined(groups), meaning, unusual=not groups)


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _with_name(policy: str, name: str) -> str:
    return f"{policy} ({name})" if name else policy
