"""A second input: its creation and end, failover, the switch by hand, and the restart of pipelines."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.admin.encoders import destinations
from channels_app.driver.parts import INPUT, SECOND
from channels_app.ingest import ingest_of, input_dest_urls
from channels_app.input_health import ON_SECOND, input_figures, input_health, with_facts
from channels_app.models import Breakout, Channel, InputFacts, PipelineStill
from channels_app.tasks import watch_inputs
from drift.report import report
from emulator import picture
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.prepared import begin_with
from tests.scenarios.stage import medialive_state, nothing
from tests.scenarios.world import WorldUnderTest, own_aws

PAIR = ["main", "second"]


def create(**more: Any) -> Channel:
    given: dict[str, Any] = {"allowed_cidrs": ["203.0.113.7/32"], "second_input": {"type": "RTMP_PUSH"}}
    return services.channel_create("stage", who=TESTER, **given | more)


def _on_air(world: WorldUnderTest) -> None:
    row = create(slate_on_loss=True)
    world.settle()
    services.breakout_start(services.breakout_create(row, "talk", who=TESTER), who=TESTER)
    world.settle()


@pytest.fixture
def on_air(world: WorldUnderTest) -> Channel:
    """A running channel with two inputs."""
    begin_with(world, _on_air)
    world.control.clear_calls()
    return seen()


def seen() -> Channel:
    return with_facts(Channel.objects.all()).get()


def watched(world: WorldUnderTest, seconds: float = 30) -> Channel:
    world.control.advance(seconds)
    InputFacts.objects.update(still_asked_at=None)
    watch_inputs()
    return seen()


def on_aws(world: WorldUnderTest) -> dict[str, Any]:
    answer = world.session.call("medialive", "DescribeChannel", ChannelId=seen().ml_channel_id)[0]
    return dict(answer)


def active(world: WorldUnderTest) -> str:
    return str(on_aws(world)["PipelineDetails"][0]["ActiveInputAttachmentName"])


def said() -> list[str]:
    kinds = Transition.objects.filter(resource_type__in=("channel", "breakout")).order_by("pk")
    return list(kinds.values_list("why", flat=True))


def test_both_inputs_are_attached_as_a_failover_pair(world: WorldUnderTest, on_air: Channel) -> None:
    config = on_aws(world)
    main, second = config["InputAttachments"]
    assert [main["InputId"], second["InputId"]] == [on_air.ml_input_id, on_air.ml_second_id]
    assert main["AutomaticInputFailoverSettings"]["SecondaryInputId"] == on_air.ml_second_id
    assert "AutomaticInputFailoverSettings" not in second
    loss = config["EncoderSettings"]["GlobalConfiguration"]["InputLossBehavior"]
    assert loss["InputLossImageColor"] == "1F3A5F"
    assert [(each.input, each.pipeline, each.active) for each in ingest_of(on_air)] == [
        ("main", 0, True),
        ("main", 1, False),
        ("second", 0, True),
        ("second", 1, False),
    ]
    assert input_dest_urls(on_air) == [on_air.input_urls[0], on_air.second_urls[0]]
    assert [each.name for each in destinations(ingest_of(on_air))] == ["Main input", "Second input"]
    assert report().findings == ()


def test_a_lost_main_input_fails_over_and_the_picture_shows_it(
    world: WorldUnderTest, on_air: Channel
) -> None:
    channel = watched(world)
    assert input_figures(channel).active_input == "main"
    assert bytes(PipelineStill.objects.get().body) in picture.pattern().stills
    world.control.console("medialive", "unplug", id=on_air.ml_input_id)
    channel = watched(world)
    assert input_figures(channel).active_input == "second"
    assert bytes(PipelineStill.objects.get().body) == picture.second().stills[0]
    assert input_health(channel).ok is True
    assert input_health(channel).detail == ON_SECOND

    world.control.console("medialive", "plug", id=on_air.ml_input_id)
    assert input_figures(watched(world)).active_input == "second"  # both are preferred alike
    world.control.console("medialive", "unplug", id=on_air.ml_input_id)
    world.control.console("medialive", "unplug", id=on_air.ml_second_id)
    health = input_health(watched(world))
    assert health.ok is False
    assert "at the first URL of the second input" in health.detail


def test_a_switch_by_hand_is_sent_once_and_told(world: WorldUnderTest, on_air: Channel) -> None:
    services.channel_switch_input(on_air, "second", who=TESTER)
    world.settle()
    assert active(world) == "second"
    services.channel_switch_input(seen(), "main", who=TESTER)
    world.settle()
    assert active(world) == "main"
    assert world.counts()["medialive:BatchUpdateSchedule"] == 2
    assert seen().switch_wanted == ""
    assert "switched to the second input" in said()
    assert "the channel: switched to the second input" in said()


@pytest.mark.parametrize("kind", ["cut_after", "cut_before", "throttle", "error500"])
def test_a_switch_whose_answer_is_lost_is_looked_for_first(
    world: WorldUnderTest, on_air: Channel, kind: str
) -> None:
    world.control.fault("medialive:BatchUpdateSchedule", kind)
    services.channel_switch_input(on_air, "second", who=TESTER)
    world.settle(until=lambda: not seen().switch_wanted)
    assert active(world) == "second"
    assert world.counts()["medialive:BatchUpdateSchedule"] == (1 if kind == "cut_after" else 2)
    assert world.illegal() == []


def test_a_restart_is_sent_once_even_if_its_answer_is_lost(world: WorldUnderTest, on_air: Channel) -> None:
    world.control.fault("medialive:RestartChannelPipelines", "cut_after")
    services.channel_restart_pipelines(on_air, who=TESTER)
    services.channel_restart_pipelines(on_air, who=TESTER)  # impatient
    world.settle(until=lambda: not seen().restart_wanted)
    assert world.counts()["medialive:RestartChannelPipelines"] == 1
    assert any("nobody knows whether AWS took it" in why for why in said())
    world.settle()
    assert medialive_state(world) == "RUNNING"
    assert Breakout.objects.get().state == "running"


def test_a_throttled_restart_is_sent_again(world: WorldUnderTest, on_air: Channel) -> None:
    world.control.fault("medialive:RestartChannelPipelines", "throttle")
    services.channel_restart_pipelines(on_air, who=TESTER)
    world.settle(until=lambda: not seen().restart_wanted)
    assert "its pipelines are restarted" in said()


def test_wishes_end_with_the_show(world: WorldUnderTest, on_air: Channel) -> None:
    Channel.objects.update(switch_wanted="second", restart_wanted=True)
    services.breakout_stop(Breakout.objects.get(), who=TESTER)
    world.settle()
    assert (seen().switch_wanted, seen().restart_wanted) == ("", False)
    assert "medialive:RestartChannelPipelines" not in world.counts()


def test_rescue_verbs_need_a_running_channel_and_a_second_input(
    world: WorldUnderTest, stage: Channel
) -> None:
    with pytest.raises(NotPossible, match="no second input"):
        services.channel_switch_input(stage, "second", who=TESTER)
    with pytest.raises(NotPossible, match="does not run"):
        services.channel_restart_pipelines(stage, who=TESTER)
    with pytest.raises(Invalid):
        services.channel_switch_input(stage, "third", who=TESTER)


def test_other_cidrs_reach_both_inputs(world: WorldUnderTest) -> None:
    create()
    world.settle()
    services.channel_edit(seen(), allowed_cidrs=["198.51.100.0/24"], who=TESTER)
    world.settle()
    row = seen()
    groups = [part.describe(part.of(row).aws_id).security_groups for part in (INPUT, SECOND)]
    assert groups == [(row.security_group.aws_id,)] * 2 if row.security_group else False
    assert row.edits_pending == []


def test_tags_reach_both_inputs(world: WorldUnderTest, on_air: Channel) -> None:
    services.channel_tags_change(on_air, {"team": "night"}, who=TESTER)
    world.settle()
    row = seen()
    assert [part.describe(part.of(row).aws_id).tags["team"] for part in (INPUT, SECOND)] == ["night"] * 2
    assert row.tags_pending == []


def test_deletion_takes_both_inputs(world: WorldUnderTest) -> None:
    create()
    world.settle()
    services.channel_delete(seen(), who=TESTER)
    world.settle()
    world.reap()
    world.settle()
    world.reap()
    assert nothing()
    assert world.left() == {}
    assert world.illegal() == []


REFUSED = [
    pytest.param(
        {"input_type": "URL_PULL", "source_urls": ["https://a.example.com/a.m3u8"], "allowed_cidrs": []},
        "second_input",
        id="nothing is pushed",
    ),
    pytest.param({"second_input": {"type": "URL_PULL"}}, "second_input.type", id="it pulls"),
]


@pytest.mark.parametrize(("given", "field"), REFUSED)
def test_only_push_inputs_come_in_pairs(world: WorldUnderTest, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        create(**given)
    assert list(refused.value.errors) == [field]


def test_an_image_is_the_slate_if_there_is_one(world: WorldUnderTest, settings: Any) -> None:
    settings.SLATE_IMAGE_URL = "s3ssl://house-media/slate.png"
    create(slate_on_loss=True)
    world.settle()
    loss = on_aws(world)["EncoderSettings"]["GlobalConfiguration"]["InputLossBehavior"]
    assert loss["InputLossImageSlate"] == {"Uri": "s3ssl://house-media/slate.png"}
    assert services.settings_differing(seen()) == []
    settings.SLATE_IMAGE_URL = ""
    assert services.settings_differing(seen()) == ["slate"]


def test_the_page_offers_the_other_input(world: WorldUnderTest, on_air: Channel, operator: Client) -> None:
    url = reverse("admin:channels_app_channel_do", args=[on_air.pk, "switch-input"])
    assert '<option value="second" selected>' in operator.get(url).content.decode()
    operator.post(url, {"to": "second", "confirmed": "1"})
    world.settle()
    assert active(world) == "second"
    watch_inputs()
    page = operator.get(reverse("admin:channels_app_channel_change", args=[on_air.pk])).content.decode()
    assert "shows that one" in page
    assert f"/thumbnail/0/?v={PipelineStill.objects.get().digest[:16]}" in page


def test_what_viewers_see_tells_which_input_is_on_air(world: WorldUnderTest, on_air: Channel) -> None:
    def shown() -> str:
        medialive: Any = own_aws().handle.world.services["medialive"]
        record = medialive.channel(on_air.ml_channel_id)
        return str(record.heard[-1].shown[0])

    assert shown() == "pattern"
    world.control.console("medialive", "unplug", id=on_air.ml_input_id)
    world.control.advance(30)
    assert shown() == "second"
    world.control.console("medialive", "unplug", id=on_air.ml_second_id)
    assert shown() == "slate"
