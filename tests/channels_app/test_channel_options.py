"""Every kind of channel can be created and deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from channels_app.models import Channel
from channels_app.services import channel_create, channel_delete
from streamhub.aws.encoding import PROFILES
from streamhub.aws.session import AwsSession
from streamhub.management.commands import check_aws
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

PUSH = {"allowed_cidrs": ["203.0.113.7/32"]}
PULL = {"input_type": "URL_PULL"}


@pytest.mark.parametrize(
    ("options", "urls"),
    [
        ({**PUSH, "input_type": "RTP_PUSH"}, 2),
        ({**PUSH, "channel_class": "STANDARD"}, 2),
        ({**PUSH, "channel_class": "STANDARD", "record": True}, 2),
        ({**PULL, "source_urls": ["https://source.example.com/live.m3u8"]}, 0),
        (
            {
                **PULL,
                "channel_class": "STANDARD",
                "source_urls": ["https://a.example.com/live.m3u8", "https://b.example.com/live.m3u8"],
            },
            0,
        ),
        *[({**PUSH, "encoding_profile": name}, 2) for name in PROFILES],
    ],
)
def test_this_kind_of_channel_is_created_and_deleted(
    world: WorldUnderTest, options: dict[str, Any], urls: int
) -> None:
    row = channel_create("stage", who=TESTER, **options)
    world.settle()
    row.refresh_from_db()
    assert row.state == "idle", row.error
    assert len(row.input_urls) == urls
    channel_delete(row, who=TESTER)
    world.settle()
    assert not Channel.objects.exists()
    assert world.illegal() == []


def test_check_aws_names_what_is_missing_and_changes_nothing(world: WorldUnderTest, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "streamhub.management.commands.check_aws.resolve_target", lambda: world.session.target
    )
    world.control.console("cloudfront", "create_foreign")
    output = StringIO()
    with pytest.raises(CommandError, match="RECORDING_BUCKET"):
        call_command("check_aws", stdout=output)
    assert "ok      region: eu-central-1" in output.getvalue()
    assert "ok      CloudFront: readable, 1 distribution" in output.getvalue()
    assert "Create it, or correct the setting." in output.getvalue()
    reads = ("Get", "List", "Describe")
    assert [call for call in world.counts() if not call.split(":")[1].startswith(reads)] == []


def test_check_aws_says_the_same_as_json(world: WorldUnderTest, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "streamhub.management.commands.check_aws.resolve_target", lambda: world.session.target
    )
    output = StringIO()
    with pytest.raises(CommandError, match="RECORDING_BUCKET"):
        call_command("check_aws", "--json", stdout=output)
    found = json.loads(output.getvalue())
    assert (found["region"], found["ready"]) == ("eu-central-1", False)
    assert {"name": "region", "ok": True, "detail": "eu-central-1"} in found["checks"]
    assert "RECORDING_BUCKET" in [check["name"] for check in found["checks"] if not check["ok"]]


def test_check_aws_names_a_region_that_lacks_a_service(world: WorldUnderTest) -> None:
    elsewhere = AwsSession(replace(world.session.target, region="us-west-1"))
    checks = {check.name: check for check in check_aws.findings(elsewhere)}
    assert (checks["region"].ok, checks["region"].detail) == (False, "us-west-1 has no MediaLive")


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("cloudfront:ListDistributions", "CloudFront"),
        ("mediapackage:ListChannels", "MediaPackage"),
        ("mediapackage:ListOriginEndpoints", "MediaPackage endpoints"),
        ("medialive:ListChannels", "MediaLive"),
        ("medialive:ListInputs", "MediaLive inputs"),
        ("medialive:ListInputSecurityGroups", "MediaLive input security groups"),
    ],
)
def test_check_aws_reads_every_list_that_creations_need(
    world: WorldUnderTest, operation: str, name: str
) -> None:
    """Without a list of security groups none is created, and every channel would wait for it."""
    world.control.fault(operation, "access_denied", times=None)
    wrong = {check.name: check.detail for check in check_aws.findings(world.session) if not check.ok}
    assert "Compare the key's policy with `manage.py iam_policy`." in wrong[name]
