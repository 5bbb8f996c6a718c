"""A sample distribution specification."""

from __future__ import annotations

from streamhub.aws.distribution_config import DistributionSpec

SPEC = DistributionSpec(
    caller_reference="0123",
    comment="streamhub:test:distribution:0123",
    origin_url="https://abc123.mediapackage.eu-central-1.amazonaws.com/out/v1/0f1e2d/index.m3u8",
    price_class="PriceClass_100",
    response_headers_policy_id="policy",
    key_group_id=None,
    tags={"streamhub:owner": "0123"},
)
