"""Changes that a person makes to CloudFront in the AWS console, outside of StreamHub.

The console obeys CloudFront's rules: an edit causes a new ETag and a deployment, and a delete is refused
until the disable is deployed. `force` skips this rule, for tests.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from emulator.base import Refusal
from emulator.cloudfront.distributions import Distributions
from emulator.mediamanager import create_mediamanager
from emulator.signatures import rsa_key

Params = dict[str, Any]


def _edit(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """Change top-level fields of a configuration: {"Id": …, "changes": {"PriceClass": …}}."""
    current = cloudfront.get_distribution_config({"Id": params["Id"]})
    return cloudfront.update_distribution(
        {
            "Id": params["Id"],
            "IfMatch": current["ETag"],
            "DistributionConfig": {**current["DistributionConfig"], **params["changes"]},
        }
    )


def _disable(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    return _edit(cloudfront, {"Id": params["Id"], "changes": {"Enabled": False}})


def _enable(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    return _edit(cloudfront, {"Id": params["Id"], "changes": {"Enabled": True}})


def _edit_comment(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    return _edit(cloudfront, {"Id": params["Id"], "changes": {"Comment": params["Comment"]}})


def _set_tags(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """Replace all tags: {"Id": …, "tags": {…}}. Tags are no part of the configuration: the ETag stays."""
    tags = {str(key): str(value) for key, value in params["tags"].items()}
    cloudfront.distributions[params["Id"]].tags = tags
    return {"tags": tags}


def _delete(cloudfront: Distributions, params: Params) -> None:
    if params.get("force"):
        cloudfront.distributions[params["Id"]].config["Enabled"] = False
        cloudfront.distributions[params["Id"]].deployed = True
    current = cloudfront.get_distribution_config({"Id": params["Id"]})
    cloudfront.delete_distribution({"Id": params["Id"], "IfMatch": current["ETag"]})


def _create_foreign(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """Distributions that are not StreamHub's: {"count": 1, "Comment": …, "Enabled": …, "domain": …}."""
    ids = [_create_one(cloudfront, params) for _ in range(params.get("count", 1))]
    return {"Id": ids[0], "Ids": ids}


def _create_one(cloudfront: Distributions, params: Params) -> str:
    origin = {
        "Id": "site",
        "DomainName": params.get("domain", "www.example.com"),
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    names = params.get("aliases", [])
    own = {"Aliases": {"Quantity": len(names), "Items": names}} if names else {}
    if names:
        own["ViewerCertificate"] = {
            "ACMCertificateArn": params["certificate"],
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
    config = {
        **own,
        "CallerReference": str(uuid.UUID(int=cloudfront.world.random.getrandbits(128))),
        "Comment": params.get("Comment", "made by hand"),
        "Enabled": params.get("Enabled", True),
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
    }
    config_with_tags = {"DistributionConfig": config, "Tags": {}}
    response = cloudfront.create_distribution_with_tags({"DistributionConfigWithTags": config_with_tags})
    return response["Distribution"]["Id"]


def _create_mediamanager(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """The shared distribution: {"Id": …, "recording_bucket": …, "media_bucket": …}."""
    create_mediamanager(cloudfront.world, params["Id"], params["recording_bucket"], params["media_bucket"])
    return {"Id": params["Id"]}


def _create_public_key(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """The public half of the key that signs for viewers: {"EncodedKey": PEM}; returns its id."""
    rsa_key(params["EncodedKey"])
    new_id = params.get("Id") or f"K{cloudfront.world.token(13)}"
    cloudfront.public_keys[new_id] = params["EncodedKey"]
    return {"Id": new_id}


def _create_key_group(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """A key group: {"Items": [ids of public keys]}; returns its id. With the `Id` of one it is replaced."""
    keys = list(params["Items"])
    if not keys or set(keys) - set(cloudfront.public_keys):
        raise Refusal("InvalidArgument", "A key group needs public keys that exist.")
    new_id = params.get("Id") or str(uuid.UUID(int=cloudfront.world.random.getrandbits(128)))
    cloudfront.key_groups[new_id] = keys
    return {"Id": new_id}


def _import_certificate(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """A certificate in ACM, us-east-1: {"names": ["*.example.com"], "Arn"?: …}; returns its ARN."""
    number = uuid.UUID(int=cloudfront.world.random.getrandbits(128))
    arn = params.get("Arn") or f"arn:aws:acm:us-east-1:{cloudfront.world.account}:certificate/{number}"
    cloudfront.certificates[arn] = list(params["names"])
    return {"Arn": arn}


def _set_certificate_status(cloudfront: Distributions, params: Params) -> None:
    """Such as EXPIRED: {"Arn": …, "Status": …}."""
    cloudfront.certificate_statuses[params["Arn"]] = params["Status"]


def _create_header_policy(cloudfront: Distributions, params: Params) -> dict[str, Any]:
    """A response headers policy: {"origins": […], "credentials": true, "override": true}; returns its id."""
    new_id = params.get("Id") or str(uuid.UUID(int=cloudfront.world.random.getrandbits(128)))
    origins = list(params["origins"])
    if params.get("credentials", True) and "*" in origins:
        raise Refusal("InvalidArgument", "With credentials, origins have to be named.")
    cloudfront.header_policies[new_id] = {
        "AccessControlAllowOrigins": {"Quantity": len(origins), "Items": origins},
        "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["*"]},
        "AccessControlAllowMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
        "AccessControlAllowCredentials": params.get("credentials", True),
        "OriginOverride": params.get("override", True),
    }
    return {"Id": new_id}


def _set_quota(cloudfront: Distributions, params: Params) -> None:
    cloudfront.quota = int(params["distributions"])


def _set_verified(cloudfront: Distributions, params: Params) -> None:
    """Whether AWS has verified the account: without, it may not create distributions."""
    cloudfront.verified = bool(params["verified"])


def _set_pricing_plan(cloudfront: Distributions, params: Params) -> None:
    """Subscribe a distribution to a flat-rate plan: {"Id": …, "plan": "Pro"}; cancel it without `plan`."""
    cloudfront.pricing_plans.pop(params["Id"], None)
    if params.get("plan"):
        cloudfront.pricing_plans[params["Id"]] = params["plan"]


def _set_staging(cloudfront: Distributions, params: Params) -> None:
    """Make it the staging distribution of a continuous deployment policy: {"Id": …, "in_use": true}."""
    (cloudfront.staging.add if params["in_use"] else cloudfront.staging.discard)(params["Id"])


ACTIONS: dict[str, Callable[[Distributions, Params], dict[str, Any] | None]] = {
    "edit": _edit,
    "disable": _disable,
    "enable": _enable,
    "edit_comment": _edit_comment,
    "set_tags": _set_tags,
    "delete": _delete,
    "create_foreign": _create_foreign,
    "create_mediamanager": _create_mediamanager,
    "create_public_key": _create_public_key,
    "create_key_group": _create_key_group,
    "import_certificate": _import_certificate,
    "set_certificate_status": _set_certificate_status,
    "create_header_policy": _create_header_policy,
    "set_quota": _set_quota,
    "set_verified": _set_verified,
    "set_pricing_plan": _set_pricing_plan,
    "set_staging": _set_staging,
}
