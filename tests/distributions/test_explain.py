"""A configuration in plain words: what is usual, and each thing that is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from distributions.explain import Buckets, groups, missing
from emulator import mediamanager
from emulator.server import EmbeddedAws

BUCKETS = Buckets("rec", "media")


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    aws = EmbeddedAws(0.0)
    mediamanager.create_mediamanager(aws.world, "E3FEGSC0PV886G", "rec", "media")
    cloudfront: Any = aws.world.services["cloudfront"]
    return dict(cloudfront.get_distribution_config({"Id": "E3FEGSC0PV886G"})["DistributionConfig"])


@pytest.fixture
def config(usual: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(usual)


def odd(config: dict[str, Any]) -> dict[str, str]:
    """Property to meaning, of all that is unusual."""
    return {item.name: item.meaning for group in groups(config, BUCKETS) for item in group.odd}


def test_the_usual_one_lacks_nothing_but_a_key_group(config: dict[str, Any]) -> None:
    assert missing(config, BUCKETS) == []
    assert set(odd(config)) == {"TrustedKeyGroups"}
    titles = [group.title for group in groups(config, BUCKETS)]
    assert titles == [
        "Distribution",
        "Origin recordings",
        "Origin media-manager",
        "Behaviour /media-manager/*",
        "Default behaviour: all other paths",
    ]


def test_both_origins_are_named_for_what_they_hold(config: dict[str, Any]) -> None:
    said = {group.title: group.properties[0].meaning for group in groups(config, BUCKETS)}
    assert "recording bucket" in said["Origin recordings"]
    assert "media bucket" in said["Origin media-manager"]
    assert "recording bucket" in said["Default behaviour: all other paths"]


def test_a_key_group_makes_it_usual(config: dict[str, Any]) -> None:
    trusted = {"Enabled": True, "Quantity": 1, "Items": ["group-1"]}
    config["DefaultCacheBehavior"]["TrustedKeyGroups"] = trusted
    config["CacheBehaviors"]["Items"][0]["TrustedKeyGroups"] = trusted
    assert odd(config) == {}


CHANGES = [
    ("CacheBehaviors", {"Quantity": 0}, "/media-manager/* is missing"),
    ("Origins", {"Quantity": 0}, "No origin is the recording bucket rec"),
]


@pytest.mark.parametrize(("name", "value", "said"), CHANGES)
def test_what_is_missing_is_said(config: dict[str, Any], name: str, value: Any, said: str) -> None:
    assert any(said in sentence for sentence in missing({**config, name: value}, BUCKETS))


def test_buckets_that_are_not_configured_cannot_be_checked(config: dict[str, Any]) -> None:
    said = missing(config, Buckets("", ""))
    assert [sentence.split()[0] for sentence in said] == ["RECORDING_BUCKET", "MEDIA_BUCKET"]


ODD = [
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
        "Nothing is kept",
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


@pytest.mark.parametrize(("where", "value", "name", "said"), ODD)
def test_what_is_unusual_is_marked(
    config: dict[str, Any], where: str, value: Any, name: str, said: str
) -> None:
    *steps, last = where.split(".")
    holder: Any = config
    for step in steps:
        holder = holder["Items"][int(step)] if step.isdigit() else holder[step]
    holder[last] = value
    assert said in odd(config)[name]
