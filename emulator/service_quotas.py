"""Service Quotas: what the other services allow this account, under AWS's codes and names.

Codes and names as Service Quotas shows them; the defaults are those of "Quotas" in each service's guide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .base import Refusal, Service

GLOBAL_REGION = "us-east-1"
NAMES = {
    "cloudfront": "Amazon CloudFront",
    "medialive": "AWS Elemental MediaLive",
    "mediapackage": "AWS Elemental MediaPackage",
}


class _Quota(NamedTuple):
    """`of(service)`: the present value that the service enforces."""

    code: str
    name: str
    default: int
    of: Callable[[Any], int]


QUOTAS = {
    "cloudfront": (
        _Quota("L-24B04930", "Web distributions per AWS account", 500, lambda service: service.quota),
    ),
    "medialive": (
        _Quota("L-D1AFAF75", "Channels", 5, lambda service: service.quotas["channels"]),
        _Quota("L-9E233AF7", "Push Inputs", 5, lambda service: service.quotas["push_inputs"]),
        _Quota("L-4D7207DE", "Pull Inputs", 100, lambda service: service.quotas["pull_inputs"]),
        # Its code is made up: none was found in AWS's pages.
        _Quota(
            "L-00000001", "Input Security Groups", 5, lambda service: service.quotas["input_security_groups"]
        ),
    ),
    "mediapackage": (
        _Quota("L-352B8598", "Channels", 30, lambda service: service.quotas["channels"]),
        _Quota(
            "L-7F7EDDDF",
            "Endpoints per channel",
            10,
            lambda service: service.quotas["endpoints_per_channel"],
        ),
    ),
}


class ServiceQuotas(Service):
    """The two lists of quotas. Of what was never raised the account has no value of its own, as on AWS."""

    name = "service-quotas"

    def list_service_quotas(self, params: dict[str, Any]) -> dict[str, Any]:
        service = self._service(params)
        values = [(quota, quota.of(self.world.services[service])) for quota in QUOTAS[service]]
        return self._page(
            service, params, [(quota, value) for quota, value in values if value != quota.default]
        )

    def list_aws_default_service_quotas(self, params: dict[str, Any]) -> dict[str, Any]:
        service = self._service(params)
        return self._page(service, params, [(quota, quota.default) for quota in QUOTAS[service]])

    def _service(self, params: dict[str, Any]) -> str:
        service = str(params["ServiceCode"])
        region = self.world.calling_region or self.world.region
        if service not in QUOTAS or (service == "cloudfront" and region != GLOBAL_REGION):
            raise Refusal("NoSuchResourceException", f"There are no quotas of {service} in {region}.")
        return service

    def _page(self, service: str, params: dict[str, Any], quotas: list[tuple[_Quota, int]]) -> dict[str, Any]:
        """A page of at most `MaxResults`. The token is the number of those that came before."""
        token, size = str(params.get("NextToken") or "0"), int(params.get("MaxResults") or 100)
        if not token.isdigit() or int(token) > len(quotas):
            raise Refusal("InvalidPaginationTokenException", "The pagination token is not valid.")
        start = int(token)
        page: dict[str, Any] = {
            "Quotas": [self._shown(service, *quota) for quota in quotas[start : start + size]]
        }
        if start + size < len(quotas):
            page["NextToken"] = str(start + size)
        return page

    def _shown(self, service: str, quota: _Quota, value: int) -> dict[str, Any]:
        region = "" if service == "cloudfront" else self.world.region
        return {
            "ServiceCode": service,
            "ServiceName": NAMES[service],
            "QuotaArn": f"arn:aws:servicequotas:{region}:{self.world.account}:{service}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": service == "cloudfront",
            "QuotaAppliedAtLevel": "ACCOUNT",
        }

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {}
