"""CloudFront: distributions, their slow deployments, and the rules of each operation.

Lookups are by id and lists walk the ids in order, so a page costs the same with ten thousand distributions
as with ten. Configurations are replaced, never changed in place, so responses may keep references to them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from emulator.base import Refusal, Service, World
from emulator.cloudfront import rules
from emulator.cloudfront.records import Distribution
from emulator.signatures import rsa_key

PAGE = 100
_ETAG = re.compile(r"E[A-Z0-9]{5,}$")
_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"


class Distributions(Service):
    """The operations on distributions, and the resources that distributions refer to.

    Origin access controls, key groups and certificates are created in the console; the product only refers
    to them.

    `on_change` callbacks get each distribution that was created, changed, deployed or deleted.
    """

    name = "cloudfront"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.quota = 500
        self.on_change: list[Callable[[Distribution], Any]] = []
        self.distributions: dict[str, Distribution] = {}
        self.order: list[str] = []
        self.references: dict[str, str] = {}  # CallerReference -> id, also of deleted distributions
        self.aliases: dict[str, str] = {}
        self.access_controls: dict[str, dict[str, Any]] = {}
        self.public_keys: dict[str, str] = {}  # id -> PEM
        self.key_groups: dict[str, list[str]] = {}  # id -> ids of public keys
        self.certificates: dict[str, list[str]] = {}  # ACM's ARN -> the names it covers
        self.certificate_statuses: dict[str, str] = {}  # ACM's ARN -> a status other than ISSUED
        self.header_policies: dict[str, dict[str, Any]] = {}  # id -> the CorsConfig of an own policy
        self.verified = True  # whether AWS has verified the account
        self.pricing_plans: dict[str, str] = {}  # id -> the flat-rate plan it is subscribed to
        self.staging: set[str] = set()  # ids of staging distributions of a continuous deployment policy

    # -- distributions

    def create_distribution_with_tags(self, params: dict[str, Any]) -> dict[str, Any]:
        config_with_tags = params["DistributionConfigWithTags"]
        config, tags = config_with_tags["DistributionConfig"], _tags(config_with_tags["Tags"])
        rules.check(config, self)
        _check_tags(tags)
        self._check_verified()
        reference = config["CallerReference"]
        if reference in self.references:
            raise Refusal(
                "DistributionAlreadyExists",
                "The caller reference that you are using to create a distribution is associated with another "
                f"distribution. Already exists: {self.references[reference]}",
                409,
            )
        if len(self.distributions) >= self.quota:
            raise Refusal(
                "TooManyDistributions",
                "Your request would exceed the maximum number of distributions allowed.",
            )
        self._claim_aliases(config, "")
        distribution = self._add(config, tags)
        location = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{distribution.id}"
        return {"Distribution": distribution.shown(), "ETag": distribution.etag, "Location": location}

    def _add(self, config: dict[str, Any], tags: dict[str, str], known_id: str = "") -> Distribution:
        new_id = known_id or self._new_id()
        distribution = Distribution(
            id=new_id,
            arn=f"arn:aws:cloudfront::{self.world.account}:distribution/{new_id}",
            domain=f"d{self.world.token(13, _LOWER)}.cloudfront.net",
            config=rules.complete(config),
            etag="",
            modified=self.world.clock.now(),
            tags=dict(tags),
        )
        self.distributions[new_id] = distribution
        insort(self.order, new_id)
        self.references[config["CallerReference"]] = new_id
        self.aliases.update(dict.fromkeys(rules.aliases(config), new_id))
        self._deploy(distribution)
        return distribution

    def add_access_control(self, config: dict[str, Any]) -> str:
        """Add an origin access control, as the console does; returns its id."""
        new_id = self._new_id()
        self.access_controls[new_id] = config
        return new_id

    def add_old(self, known_id: str, config: dict[str, Any]) -> None:
        """Add a deployed distribution with a given id."""
        rules.check(config, self)
        distribution = self._add(config, {}, known_id)
        distribution.deployed = True

    def trusted_keys(self, groups: Iterable[str]) -> dict[str, RSAPublicKey]:
        """The public keys of key groups by their ids."""
        ids = {key_id for group in groups for key_id in self.key_groups.get(group, [])}
        return {key_id: rsa_key(self.public_keys[key_id]) for key_id in ids}

    def get_distribution(self, params: dict[str, Any]) -> dict[str, Any]:
        distribution = self._find(params["Id"])
        return {"Distribution": distribution.shown(), "ETag": distribution.etag}

    def get_distribution_config(self, params: dict[str, Any]) -> dict[str, Any]:
        distribution = self._find(params["Id"])
        return {"DistributionConfig": distribution.config, "ETag": distribution.etag}

    def update_distribution(self, params: dict[str, Any]) -> dict[str, Any]:
        distribution = self._find_version(params)
        config = params["DistributionConfig"]
        if config.get("CallerReference") != distribution.config["CallerReference"]:
            raise Refusal("IllegalUpdate", "The update contains modifications that are not allowed.")
        rules.check_update(config)
        rules.check(config, self)
        if not config.get("Enabled"):
            self._check_staging(distribution)
        self._claim_aliases(config, distribution.id)
        self._replace(distribution, config)
        return {"Distribution": distribution.shown(), "ETag": distribution.etag}

    def delete_distribution(self, params: dict[str, Any]) -> None:
        distribution = self._find_version(params)
        if distribution.config["Enabled"] or not distribution.deployed:
            raise Refusal(
                "DistributionNotDisabled",
                "The distribution you are trying to delete has not been disabled.",
                409,
            )
        self._check_staging(distribution)
        if distribution.id in self.pricing_plans:
            # The words of ekristen/aws-nuke#1024.
            raise Refusal(
                "PreconditionFailed",
                "You can't delete this distribution while it's subscribed to a pricing plan. Cancel the "
                "pricing plan, then you can delete the distribution.",
                412,
                illegal=False,
            )
        self._remove(distribution)

    def list_distributions(self, params: dict[str, Any]) -> dict[str, Any]:
        size = _page_size(params)
        marker = params.get("Marker", "")
        start = bisect_right(self.order, marker) if marker else 0
        ids = self.order[start : start + size]
        more = start + size < len(self.order)
        page: dict[str, Any] = {
            "Marker": marker,
            "MaxItems": size,
            "IsTruncated": more,
            "Quantity": len(ids),
            "Items": [self.distributions[distribution_id].summary() for distribution_id in ids] or None,
            "NextMarker": ids[-1] if more else None,
        }
        return {"DistributionList": {key: value for key, value in page.items() if value is not None}}

    def list_tags_for_resource(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._by_arn(params["Resource"]).tags
        return {"Tags": {"Items": [{"Key": key, "Value": value} for key, value in tags.items()]}}

    def tag_resource(self, params: dict[str, Any]) -> None:
        """Add or replace tags. They are no part of the configuration: the ETag stays."""
        distribution = self._by_arn(params["Resource"])
        tags = distribution.tags | _tags(params["Tags"])
        _check_tags(tags)
        distribution.tags = tags

    def untag_resource(self, params: dict[str, Any]) -> None:
        """Remove tags by their keys; one that is not there is no error."""
        distribution = self._by_arn(params["Resource"])
        keys = params["TagKeys"].get("Items") or []
        distribution.tags = {key: value for key, value in distribution.tags.items() if key not in keys}

    # -- what only a person can change

    def _check_verified(self) -> None:
        """The words of hashicorp/terraform-provider-aws#36663."""
        if not self.verified:
            raise Refusal(
                "AccessDenied",
                "Your account must be verified before you can add new CloudFront resources. To verify your "
                "account, please contact AWS Support (https://console.aws.amazon.com/support/home#/) and "
                "include this error message.",
                403,
            )

    def _check_staging(self, distribution: Distribution) -> None:
        """The words of hashicorp/terraform-provider-aws#33575."""
        if distribution.id in self.staging:
            raise Refusal(
                "StagingDistributionInUse",
                "The specified staging distribution is currently used by a continuous deployment policy. "
                "Please the update policy before deleting.",
                409,
                illegal=False,
            )

    # -- what the operations share

    def _new_id(self) -> str:
        """A new id in CloudFront's format, which ETags share."""
        return "E" + self.world.token(13)

    def _find(self, distribution_id: str) -> Distribution:
        distribution = self.distributions.get(distribution_id)
        if distribution is None:
            raise Refusal("NoSuchDistribution", "The specified distribution does not exist.", 404)
        return distribution

    def _find_version(self, params: dict[str, Any]) -> Distribution:
        """The distribution, if `IfMatch` is its current ETag."""
        distribution = self._find(params["Id"])
        if not _ETAG.match(params.get("IfMatch", "")):
            raise Refusal(
                "InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource."
            )
        if params["IfMatch"] != distribution.etag:
            raise Refusal(
                "PreconditionFailed",
                "The request did not meet the preconditions in one or more request-header fields.",
                412,
            )
        return distribution

    def _by_arn(self, arn: str) -> Distribution:
        distribution = self.distributions.get(arn.rpartition("/")[2])
        if distribution is None or distribution.arn != arn:
            raise Refusal("NoSuchResource", "The specified resource does not exist.", 404)
        return distribution

    def _claim_aliases(self, config: dict[str, Any], own_id: str) -> None:
        for alias in rules.aliases(config):
            if self.aliases.get(alias, own_id) != own_id:
                raise Refusal(
                    "CNAMEAlreadyExists",
                    "One or more of the CNAMEs you provided are associated with a different resource.",
                    409,
                )

    def _replace(self, distribution: Distribution, config: dict[str, Any]) -> None:
        for alias in rules.aliases(distribution.config):
            self.aliases.pop(alias, None)
        self.aliases.update(dict.fromkeys(rules.aliases(config), distribution.id))
        distribution.config = rules.complete(config)
        distribution.modified = self.world.clock.now()
        self._deploy(distribution)

    def _remove(self, distribution: Distribution) -> None:
        for alias in rules.aliases(distribution.config):
            self.aliases.pop(alias, None)
        del self.distributions[distribution.id]
        del self.order[bisect_left(self.order, distribution.id)]
        self._notify(distribution)

    def _deploy(self, distribution: Distribution) -> None:
        """Start the deployment of a new version; a later update starts it again."""
        distribution.etag = self._new_id()
        distribution.deployed = False
        distribution.deployment += 1
        deployment = distribution.deployment

        def arrive() -> None:
            if distribution.deployment == deployment:
                distribution.deployed = True
                self._notify(distribution)

        self.world.after(self.world.durations.cloudfront_deploy, arrive)
        self._notify(distribution)

    def _notify(self, distribution: Distribution) -> None:
        for callback in self.on_change:
            callback(distribution)


def _page_size(params: dict[str, Any]) -> int:
    text = params.get("MaxItems", str(PAGE))
    if not text.isdigit() or int(text) < 1:
        raise Refusal("InvalidArgument", "The parameter MaxItems is not valid.")
    return min(int(text), PAGE)


def _tags(tags: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags.get("Items") or []}


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > 50:
        raise Refusal("InvalidTagging", "A resource can carry at most 50 tags.")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise Refusal("InvalidTagging", f"The tag {key!r} is not valid.")
