"""CloudFront: distributions ("Amazon CloudFront API Reference", AWS_RULES 1 to 11).

Nothing here waits: a distribution takes minutes to deploy, which is seen by looking again later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamhub.aws.distribution_config import DistributionSpec, distribution_config
from streamhub.aws.paging import ListPage, pages_of
from streamhub.aws.session import AwsSession
from streamhub.errors import Conflict

__all__ = ["CloudFront", "DistributionInfo", "DistributionSpec", "ListPage", "distribution_config"]

PAGE_SIZE = 100
_STALE = {"PreconditionFailed", "InvalidIfMatchVersion"}


@dataclass(frozen=True)
class DistributionInfo:
    """What CloudFront says of a distribution. `status` is `InProgress` or `Deployed`.

    `etag` is what the next change or deletion must name; None where CloudFront did not tell it.
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

    @property
    def deployed(self) -> bool:
        """True if the last change has reached all of CloudFront's edges."""
        return self.status == "Deployed"


class CloudFront:
    """Distributions of one AWS session. Each method is one call unless it says otherwise."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def create(self, spec: DistributionSpec) -> DistributionInfo:
        """CreateDistributionWithTags.

        Raises AlreadyExists (with `existing_id`) if the caller reference was ever sent before, also
        for a distribution that is deleted by now (AWS_RULES 4); QuotaExceeded at the account's limit.
        """
        tags = {"Items": [{"Key": key, "Value": value} for key, value in spec.tags.items()]}
        wanted = {"DistributionConfig": distribution_config(spec), "Tags": tags}
        response, request_id = self._session.call(
            "cloudfront", "CreateDistributionWithTags", DistributionConfigWithTags=wanted
        )
        return _info(response, request_id)

    def get(self, id: str) -> DistributionInfo:
        """GetDistribution. Raises NotFound."""
        response, request_id = self._session.call("cloudfront", "GetDistribution", Id=id)
        return _info(response, request_id)

    def get_config(self, id: str) -> tuple[dict[str, Any], str, str | None]:
        """GetDistributionConfig: the whole configuration, its ETag, the request id. Raises NotFound."""
        response, request_id = self._session.call("cloudfront", "GetDistributionConfig", Id=id)
        return response["DistributionConfig"], response["ETag"], request_id

    def set_enabled(self, id: str, enabled: bool) -> DistributionInfo:
        """Switch a distribution on or off, leaving all else as it is: one read and, if needed, one write.

        The write replaces the whole configuration (AWS_RULES 3). If somebody else changed it in
        between, it is read once more; then Conflict is raised. Raises NotFound.
        """
        try:
            return self._set_enabled_once(id, enabled)
        except Conflict as error:
            if error.code not in _STALE:
                raise
        return self._set_enabled_once(id, enabled)

    def _set_enabled_once(self, id: str, enabled: bool) -> DistributionInfo:
        response, request_id = self._session.call("cloudfront", "GetDistribution", Id=id)
        config = response["Distribution"]["DistributionConfig"]
        if config["Enabled"] is enabled:
            return _info(response, request_id)
        response, request_id = self._session.call(
            "cloudfront",
            "UpdateDistribution",
            Id=id,
            IfMatch=response["ETag"],
            DistributionConfig={**config, "Enabled": enabled},
        )
        return _info(response, request_id)

    def delete(self, id: str, etag: str) -> str | None:
        """DeleteDistribution; the request id.

        Raises Conflict if it is still enabled, its disable is not yet deployed, or the ETag is not
        the current one (AWS_RULES 1, 2); NotFound if it is gone.
        """
        _response, request_id = self._session.call("cloudfront", "DeleteDistribution", Id=id, IfMatch=etag)
        return request_id

    def pages(self, start: str | None = None) -> Iterator[ListPage[DistributionInfo]]:
        """ListDistributions, 100 a page: every one of the account, ours and others' (AWS_RULES 5)."""
        return pages_of(self._page, start)

    def _page(self, marker: str | None) -> tuple[tuple[DistributionInfo, ...], str | None, str | None]:
        params = {"MaxItems": str(PAGE_SIZE)} | ({"Marker": marker} if marker else {})
        response, request_id = self._session.call("cloudfront", "ListDistributions", **params)
        found = response["DistributionList"]
        items = tuple(_summary(item, request_id) for item in found.get("Items", []))
        return items, found.get("NextMarker") if found.get("IsTruncated") else None, request_id

    def tags(self, arn: str) -> dict[str, str]:
        """ListTagsForResource. Raises Conflict (`NoSuchResource`) if there is nothing to have tags."""
        response, _request_id = self._session.call("cloudfront", "ListTagsForResource", Resource=arn)
        return {item["Key"]: item.get("Value", "") for item in response["Tags"].get("Items", [])}


def _info(response: Mapping[str, Any], request_id: str | None) -> DistributionInfo:
    """From an answer that holds one whole `Distribution`."""
    found = response["Distribution"]
    config = found["DistributionConfig"]
    return DistributionInfo(
        id=found["Id"],
        arn=found["ARN"],
        status=found["Status"],
        enabled=config["Enabled"],
        etag=response.get("ETag"),
        comment=config["Comment"],
        domain_name=found["DomainName"],
        origin_domains=_origin_domains(config),
        request_id=request_id,
    )


def _summary(found: Mapping[str, Any], request_id: str | None) -> DistributionInfo:
    """From one `DistributionSummary` of a list."""
    return DistributionInfo(
        id=found["Id"],
        arn=found["ARN"],
        status=found["Status"],
        enabled=found["Enabled"],
        etag=found.get("ETag"),
        comment=found["Comment"],
        domain_name=found["DomainName"],
        origin_domains=_origin_domains(found),
        request_id=request_id,
    )


def _origin_domains(holder: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(origin["DomainName"] for origin in holder["Origins"].get("Items", []))
