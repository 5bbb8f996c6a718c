"""`manage.py rehearse` against the embedded AWS: the whole life, and what it leaves after each misfortune."""

from __future__ import annotations

import json
import os
import signal
from io import StringIO
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from billing.pricing.services import rates_seed
from channels_app import services
from channels_app.models import Breakout, Channel
from drift.rehearsal.plan import PLAN, Part
from drift.rehearsal.rows import TAG, WHO, Rows
from drift.rehearsal.told import Told
from streamhub.access.audit_entry import AuditEntry
from streamhub.lifecycle import lease
from streamhub.lifecycle.models import Heartbeat, Transition
from tests.drift.rehearsing import Rehearsing, rehearsing
from tests.scenarios.actors import TESTER
from tests.scenarios.packages import ROOT
from tests.scenarios.well import all_well

__all__ = ["rehearsing"]

SCHEMA = json.loads((ROOT / "docs" / "rehearsal.schema.json").read_text())
OPENING = [step.key for step in PLAN if step.part is Part.OPENING]
FAILED, REFUSED = 1, 2


def valid(facts: dict[str, Any]) -> dict[str, Any]:
    jsonschema.validate(facts, SCHEMA)
    return facts


def interrupt_when(step: str, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
    """Send Ctrl-C when that step begins."""
    begins = Told.begins

    def begin(told: Told, begun: Any) -> None:
        begins(told, begun)
        if begun.key == step:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Told, "begins", begin)


# --- the whole life --------------------------------------------------------------------------


def test_a_whole_life_goes_well_and_nothing_is_left(rehearsing: Rehearsing) -> None:
    rates_seed()
    ended = rehearsing.run()
    facts = valid(ended.facts)
    assert (ended.status, facts["status"], facts["left"], facts["refused"]) == (0, "ok", [], [])
    assert list(ended.statuses) == [step.key for step in PLAN]
    assert [key for key, status in ended.statuses.items() if status != "ok"] == ["usage"]
    assert "not read yet" in ended.of("usage")["detail"]
    assert rehearsing.world.left() == {}
    assert rehearsing.world.illegal() == []
    assert float(facts["estimate"]["amount"]) > 0
    assert "Nothing is left in AWS" in ended.printed
    assert "The rehearsal went well." in ended.printed


def test_it_goes_the_way_of_production_and_every_row_says_whose_it_is(rehearsing: Rehearsing) -> None:
    facts = rehearsing.run().facts
    breakout = Breakout.objects.get()
    assert breakout.state == "completed"
    assert breakout.name == breakout.channel_name == facts["name"]
    assert facts["name"].startswith("rehearsal 20")
    assert "manage.py rehearse" in breakout.note
    said = Transition.objects.filter(who="rehearse").values_list("why", flat=True)
    assert {"created", "start accepted", "curtain raised", "stop accepted", "deleted"} <= set(said)
    told = AuditEntry.objects.filter(verb="rehearse").order_by("pk").values_list("actor_name", "detail")
    assert list(told) == [("rehearse", "begun"), ("rehearse", "ended: ok")]


def test_a_show_that_nobody_ends_ends_by_itself(rehearsing: Rehearsing) -> None:
    """The command may be killed: then the schedule stops what it started."""
    rehearsing.run()
    breakout = Breakout.objects.get()
    assert (breakout.duration_minutes, services.schedule_of(breakout).auto_stop) == (30, True)


def test_without_a_feed_the_playback_step_says_so_and_is_ok(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drift.rehearsal.playback.ask", lambda *_: (404, b""))
    ended = rehearsing.run()
    assert (ended.status, ended.of("playback")["status"]) == (0, "ok")
    assert "nothing was fed" in ended.of("playback")["detail"]


def test_a_playback_url_that_answers_nothing_fails_but_the_show_goes_on(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drift.rehearsal.playback.ask", lambda *_: (0, b"Name or service not known"))
    ended = rehearsing.run()
    failed = [step for step, status in ended.statuses.items() if status == "failed"]
    assert (ended.status, failed, ended.of("stop")["status"]) == (FAILED, ["playback"], "ok")
    assert rehearsing.world.left() == {}


# --- misfortunes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("mediapackage:CreateOriginEndpoint", "channel"),
        ("medialive:CreateChannel", "channel"),
        ("cloudfront:CreateDistributionWithTags", "channel"),
        ("medialive:StartChannel", "start"),
    ],
)
def test_a_denied_call_is_named_and_what_was_made_is_taken_away(
    rehearsing: Rehearsing, call: str, step: str
) -> None:
    rehearsing.world.control.fault(call, "access_denied", times=None)
    ended = rehearsing.run()
    error = valid(ended.facts)["steps"] and ended.of(step)["error"]
    assert (ended.status, ended.of(step)["status"]) == (FAILED, "failed")
    assert (error["operation"], error["needs_person"]) == (call, True)
    assert error["request_id"] in ended.printed
    assert ended.facts["left"] == []
    assert rehearsing.world.left() == {}
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("call", "step", "verb"),
    [
        ("medialive:StopChannel", "stop", "Stop"),
        ("medialive:DeleteChannel", "delete", "Retry"),
        ("cloudfront:DeleteDistribution", "reap", "Retry"),
    ],
)
def test_what_cannot_be_taken_away_is_named_with_its_page_and_the_next_one_can(
    rehearsing: Rehearsing, call: str, step: str, verb: str
) -> None:
    rehearsing.world.control.fault(call, "access_denied", times=None)
    ended = rehearsing.run()
    left = valid(ended.facts)["left"]
    assert (ended.status, ended.of(step)["status"], ended.of("left")["status"]) == (
        FAILED,
        "failed",
        "failed",
    )
    assert [found for found in left if found["verb"] == verb and found["page"].startswith("/admin/")]
    assert any(found["detail"] == "on AWS" for found in left)
    rehearsing.world.control.clear_faults()
    again = rehearsing.run()
    assert (again.status, again.facts["left"], rehearsing.world.left()) == (0, [], {})


@pytest.mark.parametrize("step", OPENING)
def test_ctrl_c_in_any_step_cleans_up(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = signal.getsignal(signal.SIGINT)  # which a shell lets processes in the background ignore
    interrupt_when(step, monkeypatch)
    ended = rehearsing.run()
    facts = valid(ended.facts)
    assert (ended.status, facts["interrupted"], facts["left"]) == (FAILED, True, [])
    assert (rehearsing.world.left(), Channel.objects.count()) == ({}, 0)
    assert "cleaning up" in ended.printed
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.django_db(transaction=True)  # it closes the connection
def test_a_second_ctrl_c_leaves_at_once_and_says_how_to_finish(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_when("start", monkeypatch, times=2)
    ended = rehearsing.run()
    channel = Channel.objects.get()
    pages = [(found["verb"], found["page"]) for found in valid(ended.facts)["left"]]
    assert ended.status == FAILED
    assert ("Delete", f"/admin/channels_app/channel/{channel.pk}/change/") in pages
    assert "Stop on /admin/channels_app/breakout/" in ended.printed


def test_a_defect_in_a_step_does_not_leave_a_show_running(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("channels_app.services.breakout_curtain", broken)
    ended = rehearsing.run()
    assert (ended.status, ended.of("curtain")["error"]["code"], rehearsing.world.left()) == (
        FAILED,
        "defect",
        {},
    )


def test_workers_that_do_nothing_any_more_are_named_and_the_deadline_ends_the_wait(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins = Told.begins

    def begin(told: Told, begun: Any) -> None:
        rehearsing.works = begun.key != "start"
        Heartbeat.objects.filter(name="worker").delete() if begun.key == "start" else None
        begins(told, begun)

    monkeypatch.setattr(Told, "begins", begin)
    monkeypatch.setattr("drift.rehearsal.player.deadline", lambda step: 60.0)
    ended = rehearsing.run()
    error = ended.of("start")["error"]
    assert (ended.status, error["code"]) == (FAILED, "deadline")
    assert "No worker is alive" in error["message"]
    assert rehearsing.world.left() == {}


# --- refusals ----------------------------------------------------------------------------------


def nothing_was_created(rehearsing: Rehearsing) -> bool:
    creates = rehearsing.world.creates()
    return not (Channel.objects.exists() or Breakout.objects.exists() or creates)


def test_without_a_worker_it_refuses(rehearsing: Rehearsing) -> None:
    all_well()
    Heartbeat.objects.filter(name="worker").delete()
    rehearsing.well = False
    ended = rehearsing.run()
    assert (ended.status, valid(ended.facts)["status"]) == (REFUSED, "refused")
    assert "No worker is alive" in ended.said
    assert nothing_was_created(rehearsing)


def test_without_a_permission_to_read_it_refuses(rehearsing: Rehearsing) -> None:
    rehearsing.world.control.fault("medialive:ListInputs", "access_denied", times=None)
    ended = rehearsing.run()
    assert (ended.status, "MediaLive inputs" in ended.said) == (REFUSED, True)
    assert nothing_was_created(rehearsing)


@pytest.mark.parametrize("limit", ["MAX_CHANNELS", "MAX_RUNNING_CHANNELS"])
def test_without_a_place_it_refuses(rehearsing: Rehearsing, settings: Any, limit: str) -> None:
    setattr(settings, limit, 0)
    ended = rehearsing.run()
    assert (ended.status, limit in ended.said) == (REFUSED, True)
    assert nothing_was_created(rehearsing)


def test_with_a_full_quota_it_refuses(rehearsing: Rehearsing, settings: Any) -> None:
    settings.AWS_QUOTAS = "mediapackage:channels=1"
    theirs = services.channel_create("main hall", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    rehearsing.world.settle()
    rehearsing.world.observe()
    ended = rehearsing.run()
    assert (ended.status, "0 of 1 MediaPackage channels left" in ended.said) == (REFUSED, True)
    assert list(Channel.objects.all()) == [theirs]


def test_two_at_once_are_refused(rehearsing: Rehearsing) -> None:
    with lease.single("rehearse", 60):
        ended = rehearsing.run()
    assert (ended.status, "Another rehearsal" in ended.said) == (REFUSED, True)
    assert nothing_was_created(rehearsing)


def test_without_a_terminal_it_wants_yes(rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    ended = rehearsing.run("--traceback")
    assert (ended.status, "add --yes" in ended.said) == (REFUSED, True)
    assert nothing_was_created(rehearsing)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", REFUSED), ("\n", REFUSED), ("", REFUSED)])
def test_on_a_terminal_it_asks(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ended = rehearsing.run("--traceback")
    assert ended.status == status
    assert "costs about" in ended.printed
    assert nothing_was_created(rehearsing) == bool(status)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_created(rehearsing: Rehearsing) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("rehearse", "--yes", "--json", "/nowhere/rehearsal.json", stdout=StringIO())
    assert (refusal.value.returncode, "cannot be written" in str(refusal.value)) == (REFUSED, True)
    assert nothing_was_created(rehearsing)


def test_a_database_that_is_behind_is_refused(
    rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = "django.db.migrations.executor.MigrationExecutor.migration_plan"
    monkeypatch.setattr(plan, lambda *_: [("drift", False)])
    ended = rehearsing.run()
    assert (ended.status, "manage.py bootstrap" in ended.said) == (REFUSED, True)


# --- what a former one left --------------------------------------------------------------------


def killed_on_air(rehearsing: Rehearsing) -> Channel:
    """A rehearsal whose command was killed while its show ran."""
    rows = Rows.new()
    rows.create_channel()
    rehearsing.world.settle()
    rows.create_breakout()
    services.breakout_start(rows.required_breakout(), who=WHO)
    rehearsing.world.settle(until=lambda: rows.required_breakout().state == "running")
    return rows.required_channel()


def test_what_a_killed_one_left_is_named_and_cleaned_up(rehearsing: Rehearsing) -> None:
    channel = killed_on_air(rehearsing)
    ended = rehearsing.run()
    assert (ended.status, [(found["kind"], found["verb"]) for found in valid(ended.facts)["former"]]) == (
        0,
        [("breakout", "Stop"), ("channel", "Delete"), ("distribution", "")],
    )
    assert f"by a former rehearsal: channel {channel.pk}, {channel.name}" in ended.printed
    assert (rehearsing.world.left(), Channel.objects.count()) == ({}, 0)
    assert set(Breakout.objects.values_list("state", flat=True)) == {"completed"}


def test_it_stays_if_a_person_says_so(rehearsing: Rehearsing, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = killed_on_air(rehearsing)
    monkeypatch.setattr("sys.stdin", Terminal("n\ny\n"))
    ended = rehearsing.run("--traceback")
    assert (ended.status, list(Channel.objects.all())) == (0, [channel])


def test_a_channel_of_staff_with_the_same_tag_is_left_alone(rehearsing: Rehearsing) -> None:
    theirs = services.channel_create(
        "main hall", who=TESTER, allowed_cidrs=["203.0.113.7/32"], tags={TAG: "of the choir"}
    )
    ended = rehearsing.run()
    assert (ended.status, ended.facts["former"], list(Channel.objects.all())) == (0, [], [theirs])
