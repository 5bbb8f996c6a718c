"""Requests to S3 and STS, and the results from their answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import AwsSession
from streamhub.aws.sts import Sts
from streamhub.errors import AccessDenied, NotFound, Retryable
from tests.aws.stubs import meta

ARN = "arn:aws:iam::111122223333:user/streamhub"
MODIFIED = datetime(2025, 1, 1, tzinfo=UTC)

Stub = Callable[..., Stubber]


def item(key: str) -> dict[str, Any]:
    return {"Key": key, "Size": 7, "LastModified": MODIFIED}


def test_objects_are_read_page_by_page(session: AwsSession, stub: Stub) -> None:
    stubber = stub("s3")
    stubber.add_response(
        "list_objects_v2",
        {"Contents": [item("a/1")], "IsTruncated": True, "NextContinuationToken": "t"} | meta(),
        {"Bucket": "recordings", "Prefix": "a/"},
    )
    stubber.add_response(
        "list_objects_v2",
        {"Contents": [item("a/2")], "IsTruncated": False},
        {"Bucket": "recordings", "Prefix": "a/", "ContinuationToken": "t"},
    )
    first, second = S3(session).list_objects("recordings", "a/")
    assert first == ObjectInfo("a/1", 7, MODIFIED, "req-1")
    assert second.key == "a/2"


def test_a_missing_bucket_is_not_found(session: AwsSession, stub: Stub) -> None:
    stub("s3").add_client_error("list_objects_v2", "NoSuchBucket", "no", 404)
    with pytest.raises(NotFound):
        list(S3(session).list_objects("recordings"))


def test_an_object_is_written_to_a_file(session: AwsSession, stub: Stub, tmp_path: Path) -> None:
    body = StreamingBody(BytesIO(b"bill"), 4)
    stub("s3").add_response("get_object", {"Body": body} | meta(), {"Bucket": "bills", "Key": "a/1"})
    assert S3(session).download("bills", "a/1", tmp_path / "1").read_bytes() == b"bill"


def test_half_an_object_is_asked_for_again(session: AwsSession, stub: Stub, tmp_path: Path) -> None:
    body = StreamingBody(BytesIO(b"bi"), 4)
    stub("s3").add_response("get_object", {"Body": body} | meta(), {"Bucket": "bills", "Key": "a/1"})
    with pytest.raises(Retryable):
        S3(session).download("bills", "a/1", tmp_path / "1")


def test_the_caller_identity_is_returned(session: AwsSession, stub: Stub) -> None:
    stub("sts").add_response("get_caller_identity", {"Account": "111122223333", "Arn": ARN} | meta(), {})
    account, arn, request_id = Sts(session).caller_identity()
    assert (account, arn, request_id) == ("111122223333", ARN, "req-1")


def test_a_wrong_key_is_access_denied(session: AwsSession, stub: Stub) -> None:
    stub("sts").add_client_error("get_caller_identity", "InvalidClientTokenId", "no", 403)
    with pytest.raises(AccessDenied):
        Sts(session).caller_identity()
