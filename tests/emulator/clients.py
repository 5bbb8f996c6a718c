"""boto3 clients of the embedded AWS, and calls that most tests need."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.server import Handle

CREATE = "cloudfront:CreateDistributionWithTags"
ONE_METRIC = {
    "MetricDataQueries": [{"Id": "m", "MetricStat": {"Metric": {}, "Period": 60, "Stat": "Sum"}}],
    "StartTime": "2026-03-01T12:00:00Z",
    "EndTime": "2026-03-01T13:00:00Z",
}
ClientFactory = Callable[..., Any]
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def boto3_client(url: str, service: str, pool: int = 10) -> Any:
    """A client with fake credentials, without retries and with short timeouts."""
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",
        config=Config(
            retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10, max_pool_connections=pool
        ),
    )


def distribution_config(reference: str | None = None, **changes: Any) -> dict[str, Any]:
    """The smallest configuration that CloudFront accepts, with changes."""
    origin = {
        "Id": "live",
        "DomainName": "abc.mediapackage.eu-central-1.amazonaws.com",
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    behaviour = {
        "TargetOriginId": "live",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "08627262-05a9-4f76-9ded-b50ca2e3a84f",
    }
    return {
        "CallerReference": reference or str(uuid.uuid4()),
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behaviour,
        **changes,
    }


def make_distribution(cloudfront: Any, reference: str | None = None, **changes: Any) -> dict[str, Any]:
    """Create a distribution without tags; returns boto3's response."""
    return create_distribution(cloudfront, distribution_config(reference, **changes))


def create_distribution(cloudfront: Any, config: dict[str, Any], **tags: str) -> dict[str, Any]:
    """Create a distribution with tags; returns boto3's response."""
    items = [{"Key": key, "Value": value} for key, value in tags.items()]
    config_with_tags = {"DistributionConfig": config, "Tags": {"Items": items}}
    return cloudfront.create_distribution_with_tags(DistributionConfigWithTags=config_with_tags)


def change_distribution(cloudfront: Any, distribution_id: str, **changes: Any) -> dict[str, Any]:
    """Read the configuration, change fields, and update it; returns boto3's response."""
    current = cloudfront.get_distribution_config(Id=distribution_id)
    return cloudfront.update_distribution(
        Id=distribution_id,
        IfMatch=current["ETag"],
        DistributionConfig={**current["DistributionConfig"], **changes},
    )


class Refused:
    """`with Refused("NoSuchOrigin", 404) as refusal:` expects that ClientError and keeps its message."""

    def __init__(self, code: str, status: int) -> None:
        self.code, self.status = code, status
        self.message = ""
        self.request_id = ""

    def __enter__(self) -> Refused:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        assert error is not None, f"{self.code} was expected and nothing was refused"
        if not isinstance(error, ClientError):
            return False
        answer = error.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (
            self.code,
            self.status,
        ), answer["Error"]
        self.message, self.request_id = answer["Error"]["Message"], answer["ResponseMetadata"]["RequestId"]
        return True


def existing(aws: Handle) -> list[dict[str, Any]]:
    return aws.control.inventory()["cloudfront"]["distributions"]


class Background:
    """A call in another thread."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - the test checks it
            self.error = error

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> Background:
        self._thread.join(5)
        assert self.over
        return self
