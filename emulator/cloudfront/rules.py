"""CloudFront's rules for a distribution's configuration, and its defaults.

`complete` returns a configuration with CloudFront's defaults; `check` raises the Refusal that CloudFront
would. Some rules need the account: its origin access controls, key groups and certificates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

from emulator.base import Refusal
from emulator.cloudfront.policies import CACHE, ORIGIN_REQUEST, RESPONSE_HEADERS

Config = dict[str, Any]

# What an update needs beyond a creation: "Required API fields for creating and updating distributions".
REQUIRED_IN_UPDATE = [
    "Aliases",
    "DefaultRootObject",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Logging",
    "PriceClass",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
]
CUSTOM_ERRORS = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
_LEGACY = ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL")
_OAC_DOMAINS = {
    "s3": re.compile(r"\.s3[.-][a-z0-9.-]*amazonaws\.com$"),
    "mediapackagev2": re.compile(r"\.mediapackagev2\.[a-z0-9-]+\.amazonaws\.com$"),
    "mediastore": re.compile(r"\.data\.mediastore\.[a-z0-9-]+\.amazonaws\.com$"),
    "lambda": re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$"),
}


class Account(Protocol):
    """What the rules need to know of the distribution's account."""

    access_controls: dict[str, dict[str, Any]]
    key_groups: dict[str, list[str]]
    certificates: dict[str, list[str]]
    header_policies: dict[str, dict[str, Any]]


def complete(config: Config) -> Config:
    """The configuration with CloudFront's defaults for missing fields."""
    nothing: Config = {"Quantity": 0}
    full: Config = {
        "Aliases": nothing,
        "DefaultRootObject": "",
        "OriginGroups": nothing,
        "CacheBehaviors": nothing,
        "CustomErrorResponses": nothing,
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {
            "CloudFrontDefaultCertificate": True,
            "SSLSupportMethod": "vip",
            "MinimumProtocolVersion": "TLSv1",
            "CertificateSource": "cloudfront",
        },
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": False,
        "ContinuousDeploymentPolicyId": "",
        "Staging": False,
        **config,
    }
    full["DefaultCacheBehavior"] = _complete_behaviour(config["DefaultCacheBehavior"])
    full["CacheBehaviors"] = _map_items(full["CacheBehaviors"], _complete_behaviour)
    full["Origins"] = _map_items(config["Origins"], _complete_origin)
    return full


def _map_items(listed: Config, change: Any) -> Config:
    return {**listed, "Items": [change(item) for item in listed["Items"]]} if listed.get("Items") else listed


def _complete_behaviour(behaviour: Config) -> Config:
    get_head: Config = {"Quantity": 2, "Items": ["HEAD", "GET"]}
    return {
        "TrustedSigners": {"Enabled": False, "Quantity": 0},
        "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
        "AllowedMethods": {**get_head, "CachedMethods": get_head},
        "SmoothStreaming": False,
        "Compress": False,
        "LambdaFunctionAssociations": {"Quantity": 0},
        "FunctionAssociations": {"Quantity": 0},
        "FieldLevelEncryptionId": "",
        **behaviour,
    }


def _complete_origin(origin: Config) -> Config:
    full = {
        "OriginPath": "",
        "CustomHeaders": {"Quantity": 0},
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginShield": {"Enabled": False},
        "OriginAccessControlId": "",
        **origin,
    }
    if "CustomOriginConfig" in origin:
        full["CustomOriginConfig"] = {
            "OriginSslProtocols": {"Quantity": 3, "Items": ["TLSv1", "TLSv1.1", "TLSv1.2"]},
            "OriginReadTimeout": 30,
            "OriginKeepaliveTimeout": 5,
            **origin["CustomOriginConfig"],
        }
    return full


def check(config: Config, account: Account) -> None:
    """Raise the Refusal that CloudFront would, apart from rules about other distributions."""
    _quantities(config)
    _words(config)
    _origins(config, account)
    for behaviour in behaviours(config):
        _behaviour(behaviour, config, account)
    _custom_errors(config)
    _certificate(config, account)


def check_update(config: Config) -> None:
    """An update replaces the whole configuration, so it must contain every required field."""
    for name in REQUIRED_IN_UPDATE:
        if name not in config:
            raise Refusal("InvalidArgument", f"The parameter {name} is required.")


def aliases(config: Config) -> list[str]:
    """The alternate domain names of a configuration."""
    return list(config.get("Aliases", {}).get("Items") or [])


def behaviours(config: Config) -> Iterator[Config]:
    """The default behaviour, then the others."""
    yield config["DefaultCacheBehavior"]
    yield from config.get("CacheBehaviors", {}).get("Items") or []


def _quantities(value: Any) -> None:
    """`Quantity` must equal the number of `Items` at every level."""
    if isinstance(value, dict):
        if "Quantity" in value and value["Quantity"] != len(value.get("Items") or []):
            raise Refusal(
                "InconsistentQuantities", "The value of Quantity and the size of Items don't match."
            )
        for inner in value.values():
            _quantities(inner)
    elif isinstance(value, list):
        for inner in value:
            _quantities(inner)


def _words(config: Config) -> None:
    if not config["CallerReference"]:
        raise Refusal("InvalidArgument", "The parameter CallerReference is required.")
    if len(config["Comment"]) > 128:
        raise Refusal("InvalidArgument", "The parameter Comment is too long: at most 128 characters.")
    if config.get("DefaultRootObject", "").startswith("/"):
        raise Refusal("InvalidDefaultRootObject", "The default root object file name is too long or has a /.")


def _origins(config: Config, account: Account) -> None:
    origins = config["Origins"].get("Items") or []
    if not origins:
        raise Refusal("InvalidArgument", "The parameter Origins is required: at least one origin.")
    if len({origin["Id"] for origin in origins}) < len(origins):
        raise Refusal("InvalidArgument", "The parameter Origin Id is not unique.")
    for origin in origins:
        _origin(origin, account)


def _origin(origin: Config, account: Account) -> None:
    domain, path = origin["DomainName"], origin.get("OriginPath", "")
    if ":" in domain or "/" in domain:
        raise Refusal("InvalidArgument", "The parameter origin name cannot contain a colon or a slash.")
    if "." not in domain:
        raise Refusal("InvalidArgument", "The parameter Origin DomainName does not refer to a valid host.")
    if path and (not path.startswith("/") or path.endswith("/")):
        raise Refusal("InvalidArgument", "The parameter OriginPath must begin with / and not end with it.")
    kinds = [kind for kind in ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig") if kind in origin]
    if len(kinds) != 1:
        raise Refusal("InvalidOrigin", "An origin needs either S3OriginConfig or CustomOriginConfig.")
    _times(origin)
    control = origin.get("OriginAccessControlId")
    if control:
        _access_control(control, domain, account)


def _times(origin: Config) -> None:
    """Ranges that only the words of the service model name (Origin, CustomOriginConfig, OriginShield)."""
    custom = origin.get("CustomOriginConfig") or {}
    for values, name, most, code in (
        (origin, "ConnectionAttempts", 3, "InvalidArgument"),
        (origin, "ConnectionTimeout", 10, "InvalidArgument"),
        (custom, "OriginReadTimeout", 120, "InvalidOriginReadTimeout"),
        (custom, "OriginKeepaliveTimeout", 120, "InvalidOriginKeepaliveTimeout"),
    ):
        if not 1 <= values.get(name, 1) <= most:
            raise Refusal(code, f"The parameter {name} must be between 1 and {most}.")
    shield = origin.get("OriginShield") or {}
    if shield.get("Enabled") and not shield.get("OriginShieldRegion"):
        raise Refusal("InvalidArgument", "The parameter OriginShieldRegion is required.")


def _access_control(control_id: str, domain: str, account: Account) -> None:
    access_control = account.access_controls.get(control_id)
    if access_control is None:
        raise Refusal("InvalidOriginAccessControl", "The origin access control does not exist.")
    if not _OAC_DOMAINS[access_control["OriginAccessControlOriginType"]].search(domain):
        raise Refusal(
            "InvalidDomainNameForOriginAccessControl",
            "An origin access control is associated with an origin whose domain name is not supported.",
        )


def _behaviour(behaviour: Config, config: Config, account: Account) -> None:
    _target(behaviour, config)
    _caching(behaviour)
    policy = behaviour.get("OriginRequestPolicyId")
    if policy and policy not in ORIGIN_REQUEST:
        raise Refusal("NoSuchOriginRequestPolicy", "The specified origin request policy does not exist.", 404)
    policy = behaviour.get("ResponseHeadersPolicyId")
    if policy and policy not in RESPONSE_HEADERS and policy not in account.header_policies:
        raise Refusal(
            "NoSuchResponseHeadersPolicy", "The specified response headers policy does not exist.", 404
        )
    for group in behaviour.get("TrustedKeyGroups", {}).get("Items") or []:
        if group not in account.key_groups:
            raise Refusal("TrustedKeyGroupDoesNotExist", "The specified key group does not exist.")


def _target(behaviour: Config, config: Config) -> None:
    listed = [config["Origins"], config.get("OriginGroups", {})]
    targets = {item["Id"] for part in listed for item in part.get("Items") or []}
    if behaviour["TargetOriginId"] not in targets:
        raise Refusal("NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404)


def _caching(behaviour: Config) -> None:
    """Exactly one of a cache policy and the legacy settings is required."""
    policy = behaviour.get("CachePolicyId")
    if policy:
        for name in _LEGACY:
            if name in behaviour:
                raise Refusal(
                    "InvalidArgument",
                    f"The parameter {name} cannot be used when a cache policy is associated to the behavior.",
                )
        if policy not in CACHE:
            raise Refusal("NoSuchCachePolicy", "The specified cache policy does not exist.", 404)
        return
    if "ForwardedValues" not in behaviour:
        raise Refusal("InvalidArgument", "The parameter ForwardedValues is required.")
    ttl = (
        behaviour.get("MinTTL", 0),
        behaviour.get("DefaultTTL", 86_400),
        behaviour.get("MaxTTL", 31_536_000),
    )
    if list(ttl) != sorted(ttl):
        raise Refusal("InvalidTTLOrder", "The order of MinTTL, DefaultTTL and MaxTTL is not valid.")


def _custom_errors(config: Config) -> None:
    for answer in config.get("CustomErrorResponses", {}).get("Items") or []:
        if answer["ErrorCode"] not in CUSTOM_ERRORS:
            raise Refusal("InvalidErrorCode", "An invalid error code was specified.")
        if bool(answer.get("ResponsePagePath")) != bool(answer.get("ResponseCode")):
            raise Refusal("InvalidArgument", "ResponsePagePath and ResponseCode go together.")


def _certificate(config: Config, account: Account) -> None:
    """An alias needs a certificate in us-east-1 that covers it."""
    certificate = config.get("ViewerCertificate", {})
    arn = certificate.get("ACMCertificateArn")
    if arn and (not arn.startswith("arn:aws:acm:us-east-1:") or arn not in account.certificates):
        raise Refusal(
            "InvalidViewerCertificate",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region or isn't valid.",
        )
    for name in ("SSLSupportMethod", "MinimumProtocolVersion") if arn else ():
        if not certificate.get(name):
            raise Refusal("InvalidArgument", f"The parameter {name} is required with a certificate.")
    covered = account.certificates.get(arn, []) if arn else []
    for alias in aliases(config):
        if alias not in covered and "*." + alias.partition(".")[2] not in covered:
            raise Refusal(
                "InvalidViewerCertificate",
                "To add an alternate domain name (CNAME), attach a trusted certificate that validates "
                "your authorization to use the domain name.",
            )
