"""The Price List Query API: what AWS asks for ("GetProducts").

It exists in few regions only, whatever region the prices are of ("AWS Price List endpoints and quotas").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from streamhub.aws.session import AwsSession

REGION = "us-east-1"
PAGE_SIZE = 100
FORMAT = "aws_v1"


class PriceList:
    """The price list, as the credentials of one AWS session may read it."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def products(self, service: str, **attributes: str) -> Iterator[Mapping[str, Any]]:
        """GetProducts, a call for each page: the products of a service that have these attributes.

        Each is a document with `product`, `terms`, `serviceCode` and `publicationDate`. Raises AccessDenied,
        and Retryable while the API cannot be reached.
        """
        params: dict[str, Any] = {
            "ServiceCode": service,
            "FormatVersion": FORMAT,
            "MaxResults": PAGE_SIZE,
            "Filters": [
                {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()
            ],
        }
        while True:
            response, _request_id = self._session.call("pricing", "GetProducts", REGION, **params)
            yield from (json.loads(text) for text in response.get("PriceList", []))
            if not response.get("NextToken"):
                return
            params["NextToken"] = response["NextToken"]
