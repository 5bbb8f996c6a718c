"""CloudFront: distributions ("Amazon CloudFront API Reference", AWS_RULES 1 to 11).

No method waits for a deployment, which takes minutes: callers read the distribution again later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamhub.aws.distribution_config import (
    DistributionSpec,
    distribution_config,
    same_config,
    with_delivery,
    with_origin_header,
)
from streamhub.aws.paging import ListPage, pages_of
from streamhub.aws.redaction import hiding, redacted
from streamhub.aws.session import AwsSession
from streamhub.aws.viewer_domain import (
    aliases_of,
    certificate_of,
    with_alias,
    with_certificate,
    with_viewer_settings,
)
from streamhub.errors import Conflict, HandedOver

__all__ = ["CloudFront", "DistributionInfo", "DistributionSpec", "ListPage", "distribution_config"]

PAGE_SIZE = 100
Config = dict[str, Any]
_STALE_ETAG = {"PreconditionFailed", "InvalidIfMatchVersion"}


@dataclass(frozen=True)
class DistributionInfo:
    """A distribution. `status` is `InProgress` or `Deployed`.

    `etag` identifies the version for the next change or deletion; None if CloudFront did not return it.
    """

    id: str
    arn: str
    status: str
    enabled: bool
    etag: str | None
    comment: str
    domain_name: str
    origin_domains: tuple[str, ...]
    request_id: str | None
    price_class: str = ""
    # The key groups whose signatures its default behaviour asks for.
    key_groups: tuple[str, ...] = ()
    # Its alternate domain names, and the ARN of their certificate in ACM ("": none).
    aliases: tuple[str, ...] = ()
    certificate: str = ""

    @property
    def deployed(self) -> bool:
        """Whether the last change has reached all edge locations."""
        return self.status == "Deployed"


class CloudFront:
    """Distributions of one AWS session. Each method is one call unless it says otherwise."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def create(self, spec: DistributionSpec) -> DistributionInfo:
        """CreateDistributionWithTags.

        Raises AlreadyExists (with `existing_id`) if the caller reference was used before, even for a
        distribution that has been deleted since (AWS_RULES 4); QuotaExceeded at the account's limit.
        """
        tags = {"Items": [{"Key": key, "Value": value} for key, value in spec.tags.items()]}
        config_with_tags = {"DistributionConfig": distribution_config(spec), "Tags": tags}
        with hiding(spec.origin_header):
            response, request_id = self._session.call(
                "cloudfront", "CreateDistributionWithTags", DistributionConfigWithTags=config_with_tags
            )
        return _info(response, request_id)

    def get(self, id: str) -> DistributionInfo:
        """GetDistribution. Raises NotFound."""
        return self.get_whole(id)[0]

    def get_whole(self, id: str) -> tuple[DistributionInfo, dict[str, Any]]:
        """GetDistribution: the distribution and its configuration, `redacted`. Raises NotFound."""
        response, request_id = self._session.call("cloudfront", "GetDistribution", Id=id)
        return _info(response, request_id), redacted(response["Distribution"]["DistributionConfig"])

    def get_config(self, id: str) -> tuple[dict[str, Any], str, str | None]:
        """GetDistributionConfig: the configuration, `redacted`, its ETag, the request id. Raises NotFound."""
        response, request_id = self._session.call("cloudfront", "GetDistributionConfig", Id=id)
        return redacted(response["DistributionConfig"]), response["ETag"], request_id

    def set_enabled(
        self, id: str, enabled: bool, *, is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        """Enable or disable a distribution and change nothing else: one read and, if needed, one write.

        The write replaces the whole configuration (AWS_RULES 3). If the configuration changed in between,
        both are repeated once; a second Conflict is raised. Raises HandedOver, without a write, if what was
        read is not `is_ours`; NotFound.
        """
        return self._set(id, "Enabled", enabled, is_ours)

    def set_price_class(
        self, id: str, price_class: str, *, is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        """Change the price class of a distribution, and nothing else. As `set_enabled`."""
        return self._set(id, "PriceClass", price_class, is_ours)

    def apply(
        self,
        id: str,
        *,
        delivery: Mapping[str, str | None] | None,
        viewer: Mapping[str, Any],
        origin_header: str | None,
        is_ours: Callable[[DistributionInfo], bool],
    ) -> DistributionInfo:
        """Give a distribution our settings of delivery (the arguments of `with_delivery`) and origin header.

        `viewer`: the arguments of `with_viewer_settings`. `delivery` None: the header only. `origin_header`
        None: it stays as it is. As `set_enabled`. Raises Refused.
        """

        def edited(config: Config) -> Config:
            if origin_header is not None:
                config = with_origin_header(config, origin_header)
            if delivery is None:
                return config
            return with_viewer_settings(with_delivery(config, **delivery), **viewer)

        with hiding(origin_header or ""):
            return self._edit(id, edited, is_ours)

    def give_alias(
        self, id: str, alias: str, certificate_arn: str, *, is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        """Add an alternate domain name that no distribution has, with its certificate. As `set_enabled`.

        Raises ActionRequired (`CNAMEAlreadyExists`) if another distribution has it, Refused.
        """
        return self._edit(id, lambda config: with_alias(config, alias, certificate_arn), is_ours)

    def set_certificate(
        self, id: str, arn: str, *, is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        """Give it the certificate, without which no alias can move to it. As `set_enabled`."""
        return self._edit(id, lambda config: with_certificate(config, arn), is_ours)

    def move_alias(self, id: str, etag: str, alias: str) -> tuple[str, str | None]:
        """UpdateDomainAssociation: take an alias from the distribution that has it. The new ETag, request id.

        One write to both distributions, so the name never leads nowhere. The other one must be disabled,
        and this one must have a certificate for the name ("Move an alternate domain name"). Raises Conflict
        if the ETag is not the current one; Refused (`IllegalUpdate`).
        """
        response, request_id = self._session.call(
            "cloudfront",
            "UpdateDomainAssociation",
            Domain=alias,
            TargetResource={"DistributionId": id},
            IfMatch=etag,
        )
        return str(response["ETag"]), request_id

    def _set(
        self, id: str, field: str, value: object, is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        return self._edit(id, lambda config: {**config, field: value}, is_ours)

    def _edit(
        self, id: str, edited: Callable[[Config], Config], is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        try:
            return self._edit_once(id, edited, is_ours)
        except Conflict as error:
            if error.code not in _STALE_ETAG:
                raise
        return self._edit_once(id, edited, is_ours)

    def _edit_once(
        self, id: str, edited: Callable[[Config], Config], is_ours: Callable[[DistributionInfo], bool]
    ) -> DistributionInfo:
        self._session.prepay("cloudfront", "UpdateDistribution")
        response, request_id = self._session.call("cloudfront", "GetDistribution", Id=id)
        if not is_ours(_info(response, request_id)):
            raise HandedOver(f"{id} carries no mark of ours any more.")
        config = response["Distribution"]["DistributionConfig"]
        wanted = edited(config)
        if same_config(wanted, config):
            return _info(response, request_id)
        response, request_id = self._session.call(
            "cloudfront",
            "UpdateDistribution",
            Id=id,
            IfMatch=response["ETag"],
            DistributionConfig=wanted,
        )
        return _info(response, request_id)

    def delete(self, id: str, etag: str) -> str | None:
        """DeleteDistribution. Returns the request id.

        Raises Conflict if it is enabled, its disable is not deployed yet, or the ETag is not the current
        one (AWS_RULES 1, 2); NotFound if it is gone.
        """
        _response, request_id = self._session.call("cloudfront", "DeleteDistribution", Id=id, IfMatch=etag)
        return request_id

    def pages(self, start: str | None = None) -> Iterator[ListPage[DistributionInfo]]:
        """ListDistributions, 100 per page: all distributions of the account, also others' (AWS_RULES 5)."""
        return pages_of(self._page, start)

    def _page(self, marker: str | None) -> tuple[tuple[DistributionInfo, ...], str | None, str | None]:
        params = {"MaxItems": str(PAGE_SIZE)} | ({"Marker": marker} if marker else {})
        response, request_id = self._session.call("cloudfront", "ListDistributions", **params)
        listing = response["DistributionList"]
        items = tuple(_summary(item, request_id) for item in listing.get("Items", []))
        return items, listing.get("NextMarker") if listing.get("IsTruncated") else None, request_id

    def change_tags(self, arn: str, tags: Mapping[str, str], removed: Sequence[str]) -> str | None:
        """TagResource, then UntagResource if keys are to be removed. Both can be repeated.

        They change no ETag and need no deployment. Returns the last request id. Raises Conflict
        (`NoSuchResource`) if there is no such resource, Refused.
        """
        items = [{"Key": key, "Value": value} for key, value in tags.items()]
        session = self._session
        request_id = session.call("cloudfront", "TagResource", Resource=arn, Tags={"Items": items})[1]
        if removed:
            keys = {"Items": list(removed)}
            request_id = session.call("cloudfront", "UntagResource", Resource=arn, TagKeys=keys)[1]
        return request_id

    def tags(self, arn: str) -> dict[str, str]:
        """ListTagsForResource. Raises Conflict (`NoSuchResource`) if there is no such resource."""
        response, _request_id = self._session.call("cloudfront", "ListTagsForResource", Resource=arn)
        return {item["Key"]: item.get("Value", "") for item in response["Tags"].get("Items", [])}


def _info(response: Mapping[str, Any], request_id: str | None) -> DistributionInfo:
    """From a response with one `Distribution`."""
    distribution = response["Distribution"]
    config = distribution["DistributionConfig"]
    return DistributionInfo(
        id=distribution["Id"],
        arn=distribution["ARN"],
        status=distribution["Status"],
        enabled=config["Enabled"],
        etag=response.get("ETag"),
        comment=config["Comment"],
        domain_name=distribution["DomainName"],
        origin_domains=_origin_domains(config),
        request_id=request_id,
        price_class=config.get("PriceClass", ""),
        key_groups=_key_groups(config),
        aliases=aliases_of(config),
        certificate=certificate_of(config),
    )


def _summary(summary: Mapping[str, Any], request_id: str | None) -> DistributionInfo:
    """From one `DistributionSummary` of a list."""
    return DistributionInfo(
        id=summary["Id"],
        arn=summary["ARN"],
        status=summary["Status"],
        enabled=summary["Enabled"],
        etag=summary.get("ETag"),
        comment=summary["Comment"],
        domain_name=summary["DomainName"],
        origin_domains=_origin_domains(summary),
        request_id=request_id,
        price_class=summary.get("PriceClass", ""),
        key_groups=_key_groups(summary),
        aliases=aliases_of(summary),
        certificate=certificate_of(summary),
    )


def _key_groups(config: Mapping[str, Any]) -> tuple[str, ...]:
    trusted = config["DefaultCacheBehavior"].get("TrustedKeyGroups", {})
    return tuple(trusted.get("Items") or []) if trusted.get("Enabled") else ()


def _origin_domains(config: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(origin["DomainName"] for origin in config["Origins"].get("Items", []))
