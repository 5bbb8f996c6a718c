"""Tags of a channel can be changed: everything that carries them follows, whatever happens meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from channels_app.models import Breakout, Channel
from channels_app.services import (
    breakout_create,
    breakout_start,
    channel_create,
    channel_delete,
    channel_tags_change,
)
from distributions.models import Distribution
from streamhub.errors import Invalid, NotPossible, Refused
from tests.scenarios import models, rows
from tests.scenarios.actors import TESTER
from tests.scenarios.browsing import opened
from tests.scenarios.world import WorldUnderTest

BEFORE = {"team": "events", "cost": "4711"}
AFTER = {"team": "news", "hall": "2"}


def created(world: WorldUnderTest, tags: dict[str, str] | None = None) -> Channel:
    row = channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"], tags=tags or BEFORE)
    world.settle()
    row.refresh_from_db()
    return row


def carried(world: WorldUnderTest) -> list[dict[str, str]]:
    """The tags of each part and of the distribution on AWS, without our mark and without AWS's own."""
    inventory = world.control.inventory()
    parts = [
        *inventory["medialive"]["channels"],
        *inventory["medialive"]["inputs"],
        *inventory["mediapackage"]["channels"],
        *inventory["mediapackage"]["origin_endpoints"],
        *inventory["cloudfront"]["distributions"],
    ]
    found = [part.get("tags", part.get("Tags")) for part in parts]
    return [{k: v for k, v in tags.items() if not k.startswith("streamhub:")} for tags in found]


def tagging_calls(world: WorldUnderTest) -> dict[str, int]:
    names = ("CreateTags", "DeleteTags", "TagResource", "UntagResource")
    return {name: count for name, count in world.counts().items() if name.endswith(names)}


def refusing(world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """AWS refuses the operation once."""
    call, once = world.session.call, iter([True])

    def refused_once(service: str, name: str, **params: Any) -> Any:
        if f"{service}:{name}" == operation and next(once, False):
            raise Refused("No such character.", code="BadRequestException", operation=operation)
        return call(service, name, **params)

    monkeypatch.setattr(world.session, "call", refused_once)


def test_everything_that_carries_tags_gets_them_and_loses_the_old_ones(world: WorldUnderTest) -> None:
    row = created(world)
    assert carried(world) == [BEFORE] * 5
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    row.refresh_from_db()
    assert carried(world) == [AFTER] * 5
    assert (row.tags, row.tags_pending, row.tags_removed, row.state) == (AFTER, [], [], "idle")
    assert Distribution.objects.get().tags_pending is False
    assert world.illegal() == []


def test_a_tag_that_is_not_ours_stays(world: WorldUnderTest) -> None:
    row = created(world)
    [channel] = world.control.inventory()["medialive"]["channels"]
    tags = {**channel["tags"], "owner": "accounting"}
    world.control.console("medialive", "set_channel_tags", id=channel["id"], tags=tags)
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    assert carried(world)[0] == {**AFTER, "owner": "accounting"}


def test_a_running_channel_is_tagged_and_runs_on(world: WorldUnderTest) -> None:
    row = created(world)
    breakout_start(breakout_create(row, "Keynote", who=TESTER), who=TESTER)
    world.settle()
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    assert carried(world) == [AFTER] * 5
    assert (Channel.objects.get().state, Breakout.objects.get().state) == ("running", "running")


def test_tags_that_change_while_a_part_is_tagged_reach_it_too(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = created(world)
    call, again = world.session.call, iter([True])

    def changed_meanwhile(service: str, operation: str, **params: Any) -> Any:
        answer = call(service, operation, **params)
        if operation == "CreateTags" and next(again, False):
            channel_tags_change(row, AFTER, who=TESTER)
        return answer

    monkeypatch.setattr(world.session, "call", changed_meanwhile)
    channel_tags_change(row, {"between": "1"}, who=TESTER)
    world.settle()
    assert carried(world) == [AFTER] * 5


def test_a_lost_answer_is_sent_again(world: WorldUnderTest) -> None:
    row = created(world)
    for operation in ("medialive:CreateTags", "mediapackage:UntagResource", "cloudfront:TagResource"):
        world.control.fault(operation, "cut_after")
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    assert carried(world) == [AFTER] * 5
    assert tagging_calls(world)["medialive:CreateTags"] == 3


def test_the_same_tags_change_nothing(world: WorldUnderTest) -> None:
    row = created(world)
    channel_tags_change(row, {" team": "events ", "cost": "4711"}, who=TESTER)
    world.settle()
    assert tagging_calls(world) == {}


def test_a_creation_that_aws_refused_for_a_tag_is_mended(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("channels_app.services.validation.tags_error", lambda tags: None)
        row = created(world, {"team": "R&D"})
    assert (Distribution.objects.get().state, Distribution.objects.get().error_code) == (
        "failed",
        "InvalidTagging",
    )
    models.found.clear()  # the request with the wrong tag was meant
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    assert (Distribution.objects.get().state, Distribution.objects.get().error) == ("deployed", None)
    assert carried(world) == [AFTER] * 5


@pytest.mark.parametrize(
    "operation",
    ["mediapackage:CreateChannel", "mediapackage:CreateOriginEndpoint", "medialive:CreateInput"],
)
def test_a_channel_whose_creation_was_refused_is_mended(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    refusing(world, monkeypatch, operation)
    row = created(world)
    assert row.state == "failed"
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    row.refresh_from_db()
    assert (row.state, carried(world)) == ("idle", [AFTER] * 5)


@pytest.mark.parametrize(
    ("operation", "channel"), [("medialive:CreateTags", True), ("cloudfront:TagResource", False)]
)
def test_a_refused_tag_is_shown_and_the_rest_goes_on(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, operation: str, channel: bool
) -> None:
    row = created(world)
    refusing(world, monkeypatch, operation)
    channel_tags_change(row, {"team": "odd"}, who=TESTER)
    world.settle()
    shown = Channel.objects.get() if channel else Distribution.objects.get()
    assert (shown.error_code, shown.error_needs_person) == ("tags_refused", True)
    assert shown.state in ("idle", "deployed")
    channel_tags_change(row, AFTER, who=TESTER)
    world.settle()
    shown.refresh_from_db()
    assert (shown.error_code, carried(world)) == ("", [AFTER] * 5)


@pytest.mark.parametrize("tags", [{"team": "R&D"}, {"aws:x": "1"}, {"": "1"}])
def test_tags_that_aws_does_not_take_are_refused(db: None, tags: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        channel_tags_change(rows.channel(), tags, who=TESTER)


def test_a_channel_that_is_being_deleted_keeps_its_tags(db: None) -> None:
    row = rows.channel()
    channel_delete(row, who=TESTER)
    with pytest.raises(NotPossible):
        channel_tags_change(row, AFTER, who=TESTER)


def test_the_page_edits_tags(db: None) -> None:
    row = rows.channel(tags=BEFORE)
    client = Client()
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_channel"))
    client.force_login(user)
    url = reverse("admin:channels_app_channel_do", args=[row.pk, "tags"])
    assert client.get(url).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="tag_channel"))
    assert "team=events\ncost=4711" in client.get(url).content.decode()
    page = opened(client, url)
    refused = page.send(tags="team=R&D")
    assert refused.status_code == 422
    assert "'&'" in " ".join(refused.context["form"].errors["tags"])
    assert page.send(tags="team=news\nhall=2").status_code == 302
    row.refresh_from_db()
    assert row.tags == AFTER
