"""A configuration in plain words: what is usual, and each setting that is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from distributions.explain import Buckets, groups, missing
from emulator import mediamanager
from emulator.server import EmbeddedAws

BUCKETS = Buckets("rec", "media")


@pytest.fixture(scope="module")
def usual_config() -> dict[str, Any]:
    aws = EmbeddedAws(0.0)
    mediamanager.create_mediamanager(aws.world, "E3FEGSC0PV886G", "rec", "media")
    cloudfront: Any = aws.world.services["cloudfront"]
    return dict(cloudfront.get_distribution_config({"Id": "E3FEGSC0PV886G"})["DistributionConfig"])


@pytest.fixture
def config(usual_config: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(usual_config)


def unusual(config: dict[str, Any]) -> dict[str, str]:
    """The meaning of each unusual property, by its name."""
    return {item.name: item.meaning for group in groups(config, BUCKETS) for item in group.unusual}


def test_the_usual_configuration_lacks_only_a_key_group(config: dict[str, Any]) -> None:
    assert missing(config, BUCKETS) == []
    assert set(unusual(config)) == {"TrustedKeyGroups"}
    titles = [group.title for group in groups(config, BUCKETS)]
    assert titles == [
        "Distribution",
        "Origin recordings",
        "Origin media-manager",
        "Behaviour /media-manager/*",
        "Default behaviour: all other paths",
    ]


def test_each_origin_is_explained_by_its_bucket(config: dict[str, Any]) -> None:
    meanings = {group.title: group.properties[0].meaning for group in groups(config, BUCKETS)}
    assert "recording bucket" in meanings["Origin recordings"]
    assert "media bucket" in meanings["Origin media-manager"]
    assert "recording bucket" in meanings["Default behaviour: all other paths"]


def test_with_a_key_group_nothing_is_unusual(config: dict[str, Any]) -> None:
    trusted = {"Enabled": True, "Quantity": 1, "Items": ["group-1"]}
    config["DefaultCacheBehavior"]["TrustedKeyGroups"] = trusted
    config["CacheBehaviors"]["Items"][0]["TrustedKeyGroups"] = trusted
    assert unusual(config) == {}


CHANGES = [
    ("CacheBehaviors", {"Quantity": 0}, "/media-manager/* is missing"),
    ("Origins", {"Quantity": 0}, "No origin is the recording bucket rec"),
]


@pytest.mark.parametrize(("name", "value", "expected"), CHANGES)
def test_each_missing_part_gives_a_sentence(
    config: dict[str, Any], name: str, value: Any, expected: str
) -> None:
    assert any(expected in sentence for sentence in missing({**config, name: value}, BUCKETS))


def test_buckets_that_are_not_configured_cannot_be_checked(config: dict[str, Any]) -> None:
    sentences = missing(config, Buckets("", ""))
    assert [sentence.split()[0] for sentence in sentences] == ["RECORDING_BUCKET", "MEDIA_BUCKET"]


UNUSUAL = [
    ("Enabled", False, "Enabled", "Switched off"),
    ("Origins.0.OriginAccessControlId", "", "OriginAccessControlId", "must be public"),
    ("DefaultCacheBehavior.ViewerProtocolPolicy", "allow-all", "ViewerProtocolPolicy", "HTTP is allowed"),
    (
        "DefaultCacheBehavior.TargetOriginId",
        "media-manager",
        "TargetOriginId",
        "Should lead to",
    ),
    ("DefaultCacheBehavior.TargetOriginId", "nothing", "TargetOriginId", "does not exist"),
    (
        "DefaultCacheBehavior.CachePolicyId",
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "CachePolicyId",
        "Nothing is cached",
    ),
    ("DefaultCacheBehavior.CachePolicyId", "", "CachePolicyId", "ForwardedValues"),
    (
        "DefaultCacheBehavior.ResponseHeadersPolicyId",
        "",
        "ResponseHeadersPolicyId (CORS)",
        "may refuse players",
    ),
    (
        "DefaultCacheBehavior.AllowedMethods",
        {"Quantity": 3, "Items": ["GET", "HEAD", "DELETE"]},
        "AllowedMethods",
        "may send DELETE too",
    ),
]


@pytest.mark.parametrize(("where", "value", "name", "expected"), UNUSUAL)
def test_an_unusual_setting_is_marked_and_explained(
    config: dict[str, Any], where: str, value: Any, name: str, expected: str
) -> None:
    *path, last = where.split(".")
    holder: Any = config
    for key in path:
        holder = holder["Items"][int(key)] if key.isdigit() else holder[key]
    holder[last] = value
    assert expected in unusual(config)[name]
