"""Service Quotas: how many resources of a kind the account may have ("Service Quotas API Reference").

The quotas of a region are read there, CloudFront's in us-east-1 only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from streamhub.aws.paging import pages_of
from streamhub.aws.session import AwsSession

PAGE_SIZE = 100
Answer = tuple[dict[str, Any], str | None]
Page = tuple[tuple["QuotaValue", ...], str | None, str | None]


class QuotaValue(NamedTuple):
    """One quota: AWS's code and name of it, and how many are allowed."""

    code: str
    name: str
    value: int


class ServiceQuotas:
    """The quotas of one region. Both methods read whole lists, a call for each page."""

    def __init__(self, session: AwsSession, region: str) -> None:
        self._session = session
        self._region = region

    def applied(self, service: str) -> list[QuotaValue]:
        """ListServiceQuotas: the values of this account. AWS leaves out those that it has only defaults of.

        `service`: Service Quotas' code, such as `medialive`. Raises AccessDenied, Refused if there is none.
        """
        return self._all(
            lambda params: self._session.call(
                "service-quotas", "ListServiceQuotas", self._region, ServiceCode=service, **params
            )
        )

    def defaults(self, service: str) -> list[QuotaValue]:
        """ListAWSDefaultServiceQuotas: AWS's values for accounts that were given no others."""
        return self._all(
            lambda params: self._session.call(
                "service-quotas", "ListAWSDefaultServiceQuotas", self._region, ServiceCode=service, **params
            )
        )

    @staticmethod
    def _all(call: Callable[[dict[str, Any]], Answer]) -> list[QuotaValue]:
        def fetch(token: str | None) -> Page:
            response, request_id = call({"MaxResults": PAGE_SIZE} | ({"NextToken": token} if token else {}))
            # AWS gives a reason instead of a value that it could not read.
            known = (quota for quota in response.get("Quotas", []) if "Value" in quota)
            return tuple(map(_value, known)), response.get("NextToken"), request_id

        return [value for page in pages_of(fetch) for value in page.items]


def _value(quota: dict[str, Any]) -> QuotaValue:
    return QuotaValue(quota["QuotaCode"], quota["QuotaName"], int(quota["Value"]))
