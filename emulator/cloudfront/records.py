"""A distribution as CloudFront stores and shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_SUMMARY = [
    "Aliases",
    "Origins",
    "OriginGroups",
    "DefaultCacheBehavior",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Comment",
    "PriceClass",
    "Enabled",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
    "IsIPV6Enabled",
    "Staging",
]


@dataclass
class Distribution:
    """The present state of one distribution."""

    id: str
    arn: str
    domain: str
    config: dict[str, Any]
    etag: str
    modified: datetime
    tags: dict[str, str] = field(default_factory=dict)
    deployed: bool = False
    deployment: int = 0  # counts deployments; only the newest sets `deployed`

    @property
    def status(self) -> str:
        return "Deployed" if self.deployed else "InProgress"

    def head(self) -> dict[str, Any]:
        """The fields that every view of it has."""
        return {
            "Id": self.id,
            "ARN": self.arn,
            "Status": self.status,
            "LastModifiedTime": self.modified,
            "DomainName": self.domain,
        }

    def shown(self) -> dict[str, Any]:
        """The view of GetDistribution."""
        return self.head() | {
            "InProgressInvalidationBatches": 0,
            "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "DistributionConfig": self.config,
        }

    def summary(self) -> dict[str, Any]:
        """The view of ListDistributions."""
        parts = {name: self.config[name] for name in _SUMMARY}
        return self.head() | {"ETag": self.etag} | parts
