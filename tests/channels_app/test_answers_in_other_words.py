"""AWS accepts a change and shows something else: it is sent once, then told, and holds up no show."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.models import SecurityGroup
from emulator.medialive.channels import Channels
from emulator.medialive.groups import SecurityGroups
from emulator.mediapackage.service import MediaPackage
from streamhub.aws.mediapackage import _closed_by
from streamhub.lifecycle.models import Transition
from tests.scenarios import closed_origin as closed
from tests.scenarios import console_inputs as console
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

UPDATE = "mediapackage:UpdateOriginEndpoint"


def rounds(world: WorldUnderTest) -> None:
    for _ in range(8):
        world.step_all()
        world.observe()


def endpoint_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """MediaPackage accepts every change of an endpoint, and makes none."""

    def update(self: Any, params: dict[str, Any]) -> Any:
        return self._endpoint(params).describe()

    monkeypatch.setattr(MediaPackage, "update_origin_endpoint", update)


def rules_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """MediaLive accepts all rules of a security group, and keeps those that it has."""

    def update(self: Any, params: dict[str, Any]) -> Any:
        return {"SecurityGroup": self._group(params["InputSecurityGroupId"]).describe()}

    monkeypatch.setattr(SecurityGroups, "update_input_security_group", update)


def shut(world: WorldUnderTest, **changes: Any) -> None:
    world.control.console("mediapackage", "edit_endpoint", id=scene.channel().mp_endpoint_id, changes=changes)


def told(kind: str, what: str) -> int:
    return Transition.objects.filter(resource_type=kind, why__contains=what).count()


# --- the endpoint -----------------------------------------------------------------------------------


def test_an_endpoint_that_stays_open_is_closed_once_and_told(
    world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_breakout(world)
    closed.want_closed(world, settings)
    endpoint_stays(monkeypatch)
    services.channel_apply_settings(scene.channel(), who=TESTER)
    rounds(world)
    row = scene.channel()
    assert world.counts()[UPDATE] == 1
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", "authorization_refused", True)
    assert "accepted" in row.error_message
    assert "shows another" in row.error_message
    assert services.origin_closed(row) is False
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"))
    assert closed.through_cloudfront(world) == 200


def test_an_endpoint_that_stays_shut_on_air_is_opened_once_and_told(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_show(world)
    shut(world, Origination="DENY")
    endpoint_stays(monkeypatch)
    world.control.clear_calls()
    rounds(world)
    row = scene.channel()
    assert world.counts()[UPDATE] == 1
    assert (row.state, row.error_code, row.error_needs_person) == ("running", "endpoint_not_opened", True)
    assert "Origination is DENY" in row.error_message
    assert told("breakout", "MediaPackage does not show what it accepted") == 1
    rounds(world)
    assert world.counts()[UPDATE] == 1
    services.channel_retry(row, who=TESTER)
    rounds(world)
    assert world.counts()[UPDATE] == 2


def test_what_was_told_of_an_endpoint_is_over_once_it_is_open(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_show(world)
    shut(world, Origination="DENY")
    with monkeypatch.context() as patch:
        endpoint_stays(patch)
        rounds(world)
    assert scene.channel().error_code == "endpoint_not_opened"
    shut(world, Origination="ALLOW")
    rounds(world)
    assert scene.channel().error_code == ""


def test_a_show_begins_although_its_endpoint_stays_shut(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_breakout(world)
    shut(world, Origination="DENY")
    world.observe()
    endpoint_stays(monkeypatch)
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"), rounds=20)
    assert scene.channel().error_code == "endpoint_not_opened"


def test_an_endpoint_that_aws_refuses_to_open_fails_no_running_show(world: WorldUnderTest) -> None:
    scene.with_show(world)
    shut(world, Origination="DENY")
    error = {"code": "UnprocessableEntityException", "status": 422, "message": "No such thing"}
    world.control.fault(UPDATE, "refuse", times=None, error=error)
    rounds(world)
    row = scene.channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("running", "endpoint_not_opened", True)
    assert "No such thing" in row.error_message
    assert scene.breakout().state == "running"
    assert world.counts()[UPDATE] == 1


@pytest.mark.parametrize(
    ("whitelist", "shut_out"),
    [
        ([], ""),
        (["0.0.0.0/0"], ""),
        (["203.0.113.7/32", "0.0.0.0/0"], ""),
        (["0.0.0.0/1", "128.0.0.0/1"], ""),
        (["203.0.113.7/32"], "Whitelist is 203.0.113.7/32"),
    ],
)
def test_a_whitelist_of_all_addresses_keeps_nobody_out(whitelist: list[str], shut_out: str) -> None:
    assert _closed_by({"Whitelist": whitelist}) == shut_out


# --- the rules of a security group ------------------------------------------------------------------


def set_rules(world: WorldUnderTest, group: SecurityGroup, cidrs: list[str]) -> None:
    """In MediaLive's console."""
    rules = [{"Cidr": cidr} for cidr in cidrs]
    operation = "UpdateInputSecurityGroup"
    world.session.call("medialive", operation, InputSecurityGroupId=group.aws_id, WhitelistRules=rules)


def test_rules_that_medialive_does_not_take_are_sent_once_and_told(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_channel(world)
    group = SecurityGroup.objects.get()
    set_rules(world, group, ["198.51.100.0/24"])
    rules_stay(monkeypatch)
    world.control.clear_calls()
    rounds(world)
    rounds(world)
    row = SecurityGroup.objects.get()
    assert world.counts()["medialive:UpdateInputSecurityGroup"] == 1
    assert (row.state, row.error_code, row.error_needs_person) == ("ready", "rules_not_restored", True)
    assert "198.51.100.0/24" in row.error_message
    monkeypatch.undo()
    set_rules(world, group, row.cidr_list)
    rounds(world)
    assert SecurityGroup.objects.get().error_code == ""


# --- the attachment of an input ---------------------------------------------------------------------


def test_an_attachment_that_medialive_shows_otherwise_is_sent_once_and_holds_up_no_start(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_breakout(world)
    console.attach_another(world)
    whole = Channels.update_channel

    def update(self: Any, params: dict[str, Any]) -> Any:
        return whole(self, {key: value for key, value in params.items() if key != "InputAttachments"})

    monkeypatch.setattr(Channels, "update_channel", update)
    world.control.clear_calls()
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"), rounds=20)
    assert world.counts()["medialive:UpdateChannel"] == 1
    row = scene.channel()
    assert (row.error_code, row.error_needs_person) == ("input_changed", True)
    assert told("breakout", "does not show what it accepted: attachment") == 1
