"""One embedded AWS for all tests here, fresh for each; AWS time stands still unless a test moves it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.server import EmbeddedAws, Handle

ClientFactory = Callable[..., Any]
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


@pytest.fixture(scope="session")
def _server() -> Iterator[Handle]:
    handle = EmbeddedAws(scale=1.0, buckets=["recordings", "media"]).start_in_thread()
    yield handle
    handle.stop()


@pytest.fixture
def aws(_server: Handle) -> Handle:
    """The embedded AWS: an AWS second takes a real one, so nothing happens until `control.advance`."""
    _server.control.reset(scale=1.0, seed=1)
    return _server


def boto3_client(url: str, service: str, pool: int = 10) -> Any:
    """A client with fake credentials that never retries and gives up soon."""
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


@pytest.fixture(scope="session")
def _clients() -> dict[tuple[str, str], Any]:
    return {}


@pytest.fixture
def client(aws: Handle, _clients: dict[tuple[str, str], Any]) -> ClientFactory:
    """`client("cloudfront")`: a boto3 client of the embedded AWS."""

    def make(service: str) -> Any:
        key = (aws.url, service)
        if key not in _clients:
            _clients[key] = boto3_client(aws.url, service)
        return _clients[key]

    return make


@pytest.fixture
def cloudfront(client: ClientFactory) -> Any:
    return client("cloudfront")


def distribution_config(reference: str | None = None, **changes: Any) -> dict[str, Any]:
    """The least that CloudFront accepts, with changes."""
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
    """Create one without tags; gives boto3's whole answer."""
    return create_distribution(cloudfront, distribution_config(reference, **changes))


def create_distribution(cloudfront: Any, config: dict[str, Any], **tags: str) -> dict[str, Any]:
    """The call that creates one."""
    items = [{"Key": key, "Value": value} for key, value in tags.items()]
    both = {"DistributionConfig": config, "Tags": {"Items": items}}
    return cloudfront.create_distribution_with_tags(DistributionConfigWithTags=both)


def change_distribution(cloudfront: Any, distribution_id: str, **changes: Any) -> dict[str, Any]:
    """Get the configuration, change fields, send it all back."""
    now = cloudfront.get_distribution_config(Id=distribution_id)
    return cloudfront.update_distribution(
        Id=distribution_id, IfMatch=now["ETag"], DistributionConfig={**now["DistributionConfig"], **changes}
    )


class Refused:
    """`with refused("NoSuchOrigin", 404) as no:` expects that ClientError; `no.message` afterwards."""

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
