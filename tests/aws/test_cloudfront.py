"""Requests to CloudFront, and the results from its answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from streamhub.aws.cloudfront import CloudFront, DistributionInfo
from streamhub.aws.distribution_config import distribution_config
from streamhub.aws.session import AwsCall, AwsSession
from streamhub.errors import AlreadyExists, Conflict, HandedOver, NotFound
from tests.aws.specs import SPEC
from tests.aws.stubs import meta

ID = "E2QWRUHAPOMQZL"
ARN = f"arn:aws:cloudfront::111122223333:distribution/{ID}"
ORIGIN = "abc123.mediapackage.eu-central-1.amazonaws.com"
CONFIG = distribution_config(SPEC)

Stub = Callable[..., Stubber]


def distribution(enabled: bool = True, status: str = "Deployed", etag: str = "E1") -> dict[str, Any]:
    return {
        "Distribution": {
            "Id": ID,
            "ARN": ARN,
            "Status": status,
            "LastModifiedTime": datetime(2025, 1, 1, tzinfo=UTC),
            "InProgressInvalidationBatches": 0,
            "DomainName": "d111.cloudfront.net",
            "DistributionConfig": CONFIG | {"Enabled": enabled},
        },
        "ETag": etag,
        **meta(),
    }


def summary(id: str) -> dict[str, Any]:
    return {
        "Id": id,
        "ARN": ARN,
        "ETag": "E7",
        "Status": "InProgress",
        "LastModifiedTime": datetime(2025, 1, 1, tzinfo=UTC),
        "DomainName": "d111.cloudfront.net",
        "Aliases": {"Quantity": 0},
        "Origins": CONFIG["Origins"],
        "DefaultCacheBehavior": CONFIG["DefaultCacheBehavior"],
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "Comment": "theirs",
        "PriceClass": "PriceClass_100",
        "Enabled": False,
        "ViewerCertificate": {},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
    }


def listing(*ids: str, next_marker: str | None = None) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "Marker": "",
        "MaxItems": 100,
        "IsTruncated": next_marker is not None,
        "Quantity": len(ids),
    }
    if ids:
        listed["Items"] = [summary(id) for id in ids]
    if next_marker:
        listed["NextMarker"] = next_marker
    return {"DistributionList": listed, **meta()}


@pytest.fixture
def cloudfront(session: AwsSession) -> CloudFront:
    return CloudFront(session)


@pytest.fixture
def stubber(stub: Stub) -> Stubber:
    return stub("cloudfront")


@pytest.fixture
def once(stub: Stub) -> Stubber:
    """For calls that are never repeated by botocore (`session.NEVER_REPEATED`)."""
    return stub("cloudfront", attempts=1)


def test_create_sends_configuration_and_tags_in_one_call(cloudfront: CloudFront, stubber: Stubber) -> None:
    tags = {"Items": [{"Key": "streamhub:owner", "Value": "0123"}]}
    stubber.add_response(
        "create_distribution_with_tags",
        distribution(status="InProgress"),
        {"DistributionConfigWithTags": {"DistributionConfig": CONFIG, "Tags": tags}},
    )
    info = cloudfront.create(SPEC)
    assert (info.id, info.arn, info.status, info.enabled, info.etag) == (ID, ARN, "InProgress", True, "E1")
    assert (info.comment, info.domain_name, info.origin_domains) == (
        SPEC.comment,
        "d111.cloudfront.net",
        (ORIGIN,),
    )
    assert info.request_id == "req-1"
    assert not info.deployed


def test_create_with_a_used_reference_returns_the_existing_id(
    cloudfront: CloudFront, stubber: Stubber
) -> None:
    stubber.add_client_error(
        "create_distribution_with_tags", "DistributionAlreadyExists", f"Already exists: {ID}", 409
    )
    with pytest.raises(AlreadyExists) as caught:
        cloudfront.create(SPEC)
    assert caught.value.existing_id == ID


def test_get_reads_a_distribution(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_response("get_distribution", distribution(), {"Id": ID})
    assert cloudfront.get(ID).deployed


def test_get_of_a_missing_distribution_is_not_found(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_client_error("get_distribution", "NoSuchDistribution", "no", 404)
    with pytest.raises(NotFound):
        cloudfront.get(ID)


def test_get_config_returns_everything_and_its_etag(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_response(
        "get_distribution_config", {"DistributionConfig": CONFIG, "ETag": "E3", **meta()}, {"Id": ID}
    )
    assert cloudfront.get_config(ID) == (CONFIG, "E3", "req-1")


def test_disabling_sends_the_whole_configuration_with_one_field_changed(
    cloudfront: CloudFront, stubber: Stubber, calls: list[AwsCall]
) -> None:
    stubber.add_response("get_distribution", distribution(etag="E1"), {"Id": ID})
    stubber.add_response(
        "update_distribution",
        distribution(enabled=False, status="InProgress", etag="E2"),
        {"Id": ID, "IfMatch": "E1", "DistributionConfig": CONFIG | {"Enabled": False}},
    )
    info = cloudfront.set_enabled(ID, enabled=False, is_ours=lambda info: True)
    assert (info.enabled, info.status, info.etag) == (False, "InProgress", "E2")
    assert len(calls) == 2


def test_nothing_is_written_to_what_is_not_ours_any_more(
    cloudfront: CloudFront, stubber: Stubber, calls: list[AwsCall]
) -> None:
    stubber.add_response("get_distribution", distribution(etag="E1"), {"Id": ID})
    asked: list[str] = []

    def is_ours(info: DistributionInfo) -> bool:
        asked.append(info.id)
        return False

    with pytest.raises(HandedOver):
        cloudfront.set_enabled(ID, enabled=False, is_ours=is_ours)
    assert (asked, len(calls)) == ([ID], 1)


def test_nothing_is_written_if_the_state_is_already_right(
    cloudfront: CloudFront, stubber: Stubber, calls: list[AwsCall]
) -> None:
    stubber.add_response("get_distribution", distribution(enabled=False), {"Id": ID})
    assert not cloudfront.set_enabled(ID, enabled=False, is_ours=lambda info: True).enabled
    assert len(calls) == 1


@pytest.mark.parametrize(("code", "status"), [("PreconditionFailed", 412), ("InvalidIfMatchVersion", 400)])
def test_a_concurrent_change_is_read_again_once(
    cloudfront: CloudFront, stubber: Stubber, code: str, status: int
) -> None:
    stubber.add_response("get_distribution", distribution(etag="E1"))
    stubber.add_client_error("update_distribution", code, "stale", status)
    stubber.add_response("get_distribution", distribution(etag="E2"))
    stubber.add_response(
        "update_distribution",
        distribution(enabled=False, etag="E3"),
        {"Id": ID, "IfMatch": "E2", "DistributionConfig": CONFIG | {"Enabled": False}},
    )
    assert cloudfront.set_enabled(ID, enabled=False, is_ours=lambda info: True).etag == "E3"


def test_two_concurrent_changes_are_a_conflict(cloudfront: CloudFront, stubber: Stubber) -> None:
    for _ in range(2):
        stubber.add_response("get_distribution", distribution())
        stubber.add_client_error("update_distribution", "PreconditionFailed", "stale", 412)
    with pytest.raises(Conflict):
        cloudfront.set_enabled(ID, enabled=False, is_ours=lambda info: True)


def test_other_conflicts_are_not_retried(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_response("get_distribution", distribution())
    stubber.add_client_error("update_distribution", "ResourceInUse", "no", 409)
    with pytest.raises(Conflict):
        cloudfront.set_enabled(ID, enabled=False, is_ours=lambda info: True)


def test_delete_sends_the_etag_and_returns_the_request_id(cloudfront: CloudFront, once: Stubber) -> None:
    once.add_response("delete_distribution", meta("req-7"), {"Id": ID, "IfMatch": "E2"})
    assert cloudfront.delete(ID, "E2") == "req-7"


def test_deleting_an_enabled_distribution_is_a_conflict(cloudfront: CloudFront, once: Stubber) -> None:
    once.add_client_error("delete_distribution", "DistributionNotDisabled", "no", 409)
    with pytest.raises(Conflict):
        cloudfront.delete(ID, "E2")


def test_pages_follow_the_marker(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_response("list_distributions", listing("E1", "E2", next_marker="E2"), {"MaxItems": "100"})
    stubber.add_response("list_distributions", listing("E3"), {"MaxItems": "100", "Marker": "E2"})
    first, second = cloudfront.pages()
    assert [item.id for item in first.items] == ["E1", "E2"]
    assert [item.id for item in second.items] == ["E3"]
    assert [(page.number, page.last, page.next) for page in (first, second)] == [
        (1, False, "E2"),
        (2, True, None),
    ]
    item = first.items[0]
    assert (item.etag, item.enabled, item.status, item.origin_domains) == (
        "E7",
        False,
        "InProgress",
        (ORIGIN,),
    )


def test_a_page_is_read_when_it_is_needed(
    cloudfront: CloudFront, stubber: Stubber, calls: list[AwsCall]
) -> None:
    stubber.add_response("list_distributions", listing("E1", next_marker="E1"))
    next(cloudfront.pages())
    assert len(calls) == 1


def test_a_list_continues_at_the_given_page(cloudfront: CloudFront, stubber: Stubber) -> None:
    stubber.add_response("list_distributions", listing("E3"), {"MaxItems": "100", "Marker": "E2"})
    (page,) = cloudfront.pages(start="E2")
    assert page.last


def test_an_account_without_distributions_has_one_empty_page(
    cloudfront: CloudFront, stubber: Stubber
) -> None:
    stubber.add_response("list_distributions", listing())
    (page,) = cloudfront.pages()
    assert page.items == ()
    assert page.last


def test_tags_are_a_mapping(cloudfront: CloudFront, stubber: Stubber) -> None:
    response = {"Tags": {"Items": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}, **meta()}
    stubber.add_response("list_tags_for_resource", response, {"Resource": ARN})
    assert cloudfront.tags(ARN) == {"a": "1", "b": ""}
