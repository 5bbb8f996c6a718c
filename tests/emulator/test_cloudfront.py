"""CloudFront's rules (AWS_RULES 1 to 7), tested with boto3."""

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.server import Handle
from tests.emulator.clients import (
    Refused,
    change_distribution,
    create_distribution,
    distribution_config,
    make_distribution,
)

DEPLOYED = 1000


def status(cloudfront: Any, distribution_id: str) -> str:
    return cloudfront.get_distribution(Id=distribution_id)["Distribution"]["Status"]


def etag(cloudfront: Any, distribution_id: str) -> str:
    return cloudfront.get_distribution(Id=distribution_id)["ETag"]


def stale(aws: Handle, cloudfront: Any) -> str:
    """The id of a distribution that is disabled and deployed."""
    distribution_id = make_distribution(cloudfront, Enabled=False)["Distribution"]["Id"]
    aws.control.advance(DEPLOYED)
    return distribution_id


# -- rule 6: deploying takes time


def test_a_new_distribution_has_cloudfronts_fields(cloudfront: Any) -> None:
    created = make_distribution(cloudfront, Comment="hello")
    shown = created["Distribution"]
    assert re.fullmatch(r"E[A-Z0-9]{13}", shown["Id"])
    assert re.fullmatch(r"d[a-z0-9]{13}\.cloudfront\.net", shown["DomainName"])
    assert shown["ARN"] == f"arn:aws:cloudfront::111122223333:distribution/{shown['Id']}"
    assert created["Location"].endswith(shown["Id"])
    assert shown["DistributionConfig"]["Comment"] == "hello"
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201


def test_a_distribution_is_in_progress_until_it_is_deployed(aws: Handle, cloudfront: Any) -> None:
    distribution = make_distribution(cloudfront)["Distribution"]
    assert distribution["Status"] == status(cloudfront, distribution["Id"]) == "InProgress"
    aws.control.advance(100)
    assert status(cloudfront, distribution["Id"]) == "InProgress"
    aws.control.advance(400)
    assert status(cloudfront, distribution["Id"]) == "Deployed"


def test_botocores_waiter_waits_for_the_deployment(aws: Handle, cloudfront: Any) -> None:
    aws.control.scale(0.0005)
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    waiter = cloudfront.get_waiter("distribution_deployed")
    waiter.wait(Id=distribution_id, WaiterConfig={"Delay": 0.02, "MaxAttempts": 200})
    assert status(cloudfront, distribution_id) == "Deployed"


def test_an_update_during_a_deployment_starts_it_again(aws: Handle, cloudfront: Any) -> None:
    aws.control.durations(cloudfront_deploy=300)
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    aws.control.advance(200)
    change_distribution(cloudfront, distribution_id, Comment="again")
    aws.control.advance(200)
    assert status(cloudfront, distribution_id) == "InProgress"
    aws.control.advance(100)
    assert status(cloudfront, distribution_id) == "Deployed"


# -- rules 2 and 3: ETags and whole configurations


def test_an_update_without_changes_causes_a_new_etag_and_a_deployment(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront)
    aws.control.advance(DEPLOYED)
    changed = change_distribution(cloudfront, created["Distribution"]["Id"])
    assert changed["ETag"] != created["ETag"]
    assert changed["Distribution"]["Status"] == "InProgress"


def test_a_deployment_does_not_change_the_etag(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront)
    aws.control.advance(DEPLOYED)
    assert etag(cloudfront, created["Distribution"]["Id"]) == created["ETag"]


def test_a_stale_etag_is_412_for_update_and_delete(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront, Enabled=False)
    distribution_id = created["Distribution"]["Id"]
    change_distribution(cloudfront, distribution_id, Comment="someone else")
    config = created["Distribution"]["DistributionConfig"]
    with Refused("PreconditionFailed", 412):
        cloudfront.update_distribution(Id=distribution_id, IfMatch=created["ETag"], DistributionConfig=config)
    with Refused("PreconditionFailed", 412):
        cloudfront.delete_distribution(Id=distribution_id, IfMatch=created["ETag"])
    assert aws.control.counts()["illegal"] == {}


def test_a_missing_or_malformed_if_match_is_400(aws: Handle, cloudfront: Any) -> None:
    distribution_id = stale(aws, cloudfront)
    with Refused("InvalidIfMatchVersion", 400):
        cloudfront.delete_distribution(Id=distribution_id)
    with Refused("InvalidIfMatchVersion", 400):
        cloudfront.delete_distribution(Id=distribution_id, IfMatch="*")
    assert aws.control.counts()["illegal"] == {"cloudfront:DeleteDistribution": 2}


def test_the_caller_reference_cannot_be_changed(cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    with Refused("IllegalUpdate", 400):
        change_distribution(cloudfront, distribution_id, CallerReference="another")


def test_an_update_must_contain_the_whole_configuration(cloudfront: Any) -> None:
    created = make_distribution(cloudfront, "ref")
    with Refused("InvalidArgument", 400) as refusal:
        cloudfront.update_distribution(
            Id=created["Distribution"]["Id"],
            IfMatch=created["ETag"],
            DistributionConfig=distribution_config("ref"),
        )
    assert "Aliases" in refusal.message


def test_an_update_replaces_the_configuration(cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    errors = {"Quantity": 1, "Items": [{"ErrorCode": 404, "ErrorCachingMinTTL": 1}]}
    change_distribution(cloudfront, distribution_id, CustomErrorResponses=errors)
    change_distribution(cloudfront, distribution_id, CustomErrorResponses={"Quantity": 0})
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    assert config["CustomErrorResponses"] == {"Quantity": 0}


# -- rule 1: deleting


def test_an_enabled_distribution_cannot_be_deleted(aws: Handle, cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    aws.control.advance(DEPLOYED)
    with Refused("DistributionNotDisabled", 409):
        cloudfront.delete_distribution(Id=distribution_id, IfMatch=etag(cloudfront, distribution_id))


def test_a_distribution_cannot_be_deleted_before_its_disable_is_deployed(
    aws: Handle, cloudfront: Any
) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    aws.control.advance(DEPLOYED)
    version = change_distribution(cloudfront, distribution_id, Enabled=False)["ETag"]
    with Refused("DistributionNotDisabled", 409):
        cloudfront.delete_distribution(Id=distribution_id, IfMatch=version)
    aws.control.advance(DEPLOYED)
    cloudfront.delete_distribution(Id=distribution_id, IfMatch=version)
    with Refused("NoSuchDistribution", 404):
        cloudfront.get_distribution(Id=distribution_id)


def test_every_operation_reports_a_deleted_distribution_as_missing(aws: Handle, cloudfront: Any) -> None:
    distribution_id = stale(aws, cloudfront)
    arn = cloudfront.get_distribution(Id=distribution_id)["Distribution"]["ARN"]
    cloudfront.delete_distribution(Id=distribution_id, IfMatch=etag(cloudfront, distribution_id))
    for ask in (cloudfront.get_distribution, cloudfront.get_distribution_config):
        with Refused("NoSuchDistribution", 404):
            ask(Id=distribution_id)
    with Refused("NoSuchDistribution", 404):
        cloudfront.delete_distribution(Id=distribution_id, IfMatch="E12345678")
    with Refused("NoSuchResource", 404):
        cloudfront.list_tags_for_resource(Resource=arn)
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 0


# -- rule 4: the caller reference


def test_a_caller_reference_is_used_even_for_an_identical_request(aws: Handle, cloudfront: Any) -> None:
    first = make_distribution(cloudfront, "ref")["Distribution"]["Id"]
    with Refused("DistributionAlreadyExists", 409) as refusal:
        make_distribution(cloudfront, "ref")
    assert refusal.message.endswith(f"Already exists: {first}")
    assert aws.control.counts()["illegal"] == {}


def test_a_caller_reference_stays_used_after_deletion(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront, "ref", Enabled=False)
    aws.control.advance(DEPLOYED)
    cloudfront.delete_distribution(Id=created["Distribution"]["Id"], IfMatch=created["ETag"])
    with Refused("DistributionAlreadyExists", 409) as refusal:
        make_distribution(cloudfront, "ref", Comment="different")
    assert created["Distribution"]["Id"] in refusal.message


def test_the_reference_of_a_refused_create_can_be_used_again(cloudfront: Any) -> None:
    with Refused("InconsistentQuantities", 400):
        make_distribution(cloudfront, "ref", Aliases={"Quantity": 1})
    make_distribution(cloudfront, "ref")


# -- rule 7: the quota


def test_the_quota_is_500_and_can_be_set(aws: Handle, cloudfront: Any) -> None:
    aws.control.console("cloudfront", "create_foreign", count=500)
    with Refused("TooManyDistributions", 400):
        make_distribution(cloudfront)
    aws.control.console("cloudfront", "set_quota", distributions=501)
    make_distribution(cloudfront)
    assert aws.control.counts()["illegal"] == {}


# -- rule 5: listing


def test_lists_have_pages_of_100_and_the_fields_that_sync_needs(aws: Handle, cloudfront: Any) -> None:
    aws.control.console("cloudfront", "create_foreign", count=250)
    pages = [page["DistributionList"] for page in cloudfront.get_paginator("list_distributions").paginate()]
    assert [page["Quantity"] for page in pages] == [100, 100, 50]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    summaries = [item for page in pages for item in page["Items"]]
    assert len({item["Id"] for item in summaries}) == 250
    summary = summaries[0]
    assert summary["ETag"] == etag(cloudfront, summary["Id"])
    assert summary["Origins"]["Items"][0]["DomainName"] == "www.example.com"
    assert {"ARN", "Status", "Enabled", "Comment", "DomainName"} <= summary.keys()
    assert not {"CallerReference", "Tags"} & summary.keys()


def test_a_list_shows_each_change(aws: Handle, cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]

    def seen() -> tuple[str, bool, str]:
        item = cloudfront.list_distributions()["DistributionList"]["Items"][0]
        return item["Status"], item["Enabled"], item["ETag"]

    assert seen()[:2] == ("InProgress", True)
    aws.control.advance(DEPLOYED)
    assert seen()[:2] == ("Deployed", True)
    version = change_distribution(cloudfront, distribution_id, Enabled=False)["ETag"]
    assert seen() == ("InProgress", False, version)


def test_deleting_between_two_pages_skips_no_distribution(aws: Handle, cloudfront: Any) -> None:
    aws.control.console("cloudfront", "create_foreign", count=6, Enabled=False)
    aws.control.advance(DEPLOYED)
    deleted_ids = []
    marker: dict[str, str] = {}
    while True:
        page = cloudfront.list_distributions(MaxItems="2", **marker)["DistributionList"]
        for item in page["Items"]:
            deleted_ids.append(item["Id"])
            cloudfront.delete_distribution(Id=item["Id"], IfMatch=item["ETag"])
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert len(deleted_ids) == 6


# -- tags (rule 30)


def test_tags_are_set_at_creation(cloudfront: Any) -> None:
    tags = {"streamhub:owner": "channel 7", "a": "c + d/é"}
    arn = create_distribution(cloudfront, distribution_config(), **tags)["Distribution"]["ARN"]
    items = cloudfront.list_tags_for_resource(Resource=arn)["Tags"]["Items"]
    assert {tag["Key"]: tag["Value"] for tag in items} == tags


@pytest.mark.parametrize("tag", ["aws:mine", "R&D #1", "50%", "live 🎥", "x" * 129])
def test_a_tag_that_cloudfront_does_not_take_is_refused(cloudfront: Any, tag: str) -> None:
    with Refused("InvalidTagging", 400):
        create_distribution(cloudfront, distribution_config(), **{tag: "x"})


def test_tags_are_added_and_removed_without_a_new_version(cloudfront: Any) -> None:
    created = create_distribution(cloudfront, distribution_config(), team="events", cost="1")
    arn = created["Distribution"]["ARN"]
    cloudfront.tag_resource(Resource=arn, Tags={"Items": [{"Key": "team", "Value": "news"}]})
    cloudfront.untag_resource(Resource=arn, TagKeys={"Items": ["cost", "unknown"]})
    items = cloudfront.list_tags_for_resource(Resource=arn)["Tags"]["Items"]
    assert items == [{"Key": "team", "Value": "news"}]
    assert cloudfront.get_distribution(Id=created["Distribution"]["Id"])["ETag"] == created["ETag"]
    with Refused("InvalidTagging", 400):
        cloudfront.tag_resource(Resource=arn, Tags={"Items": [{"Key": "team", "Value": "R&D"}]})
    for call in (
        lambda: cloudfront.tag_resource(Resource=f"{arn}X", Tags={"Items": []}),
        lambda: cloudfront.untag_resource(Resource=f"{arn}X", TagKeys={"Items": []}),
    ):
        with Refused("NoSuchResource", 404):
            call()


# -- the console


def test_a_change_in_the_console_changes_the_etag(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront)
    distribution_id = created["Distribution"]["Id"]
    aws.control.console("cloudfront", "edit", Id=distribution_id, changes={"PriceClass": "PriceClass_100"})
    aws.control.console("cloudfront", "edit_comment", Id=distribution_id, Comment="mine now")
    aws.control.console("cloudfront", "disable", Id=distribution_id)
    changed = cloudfront.get_distribution(Id=distribution_id)
    config = changed["Distribution"]["DistributionConfig"]
    assert (config["PriceClass"], config["Comment"], config["Enabled"]) == (
        "PriceClass_100",
        "mine now",
        False,
    )
    assert changed["ETag"] != created["ETag"]
    aws.control.advance(DEPLOYED)
    aws.control.console("cloudfront", "delete", Id=distribution_id)
    assert aws.control.inventory()["cloudfront"]["distributions"] == []
    assert aws.control.count("cloudfront:DeleteDistribution") == 0


def test_tags_replaced_in_the_console_leave_the_etag(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront)
    distribution = created["Distribution"]
    aws.control.console("cloudfront", "set_tags", Id=distribution["Id"], tags={"team": "weather"})
    tags = cloudfront.list_tags_for_resource(Resource=distribution["ARN"])["Tags"]["Items"]
    assert tags == [{"Key": "team", "Value": "weather"}]
    assert cloudfront.get_distribution(Id=distribution["Id"])["ETag"] == created["ETag"]
