"""Alarms as staff see them: on the dashboard, and on the page of the channel or breakout concerned."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_app import services
from channels_app.models import Breakout, Channel
from drift.models import DriftSighting
from drift.tasks import drift_report
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import delete_rows
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.well import all_well
from tests.scenarios.world import WorldUnderTest

CALM = "No alarms: StreamHub sees AWS, nothing is in trouble, nothing is late, nothing runs unused."


def page_text(client: Client, name: str = "admin:index", *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def channel_running_unused(**fields: Any) -> Channel:
    since = timezone.now() - timedelta(minutes=25)
    defaults = {
        "ml_channel_state": "RUNNING",
        "ml_channel_id": "314159",
        "desired": "idle",
        "state_since": since,
    }
    return rows.channel("running", **{**defaults, **fields})


def stop_url(row: Channel | Breakout) -> str:
    return reverse(f"admin:channels_app_{row._meta.model_name}_do", args=[row.pk, "stop"])


@pytest.fixture
def operator(as_role: Any) -> Client:
    all_well()
    return as_role("operator")


def test_a_dashboard_without_alarms_says_so_in_one_line(operator: Client) -> None:
    page = page_text(operator)
    assert CALM in page
    assert "sh-alarms" not in page
    nothing_in = page.partition('class="sh-zeros"')[2].partition("</p>")[0]
    assert nothing_in.count(">Starting soon<") == 1


def test_an_alarm_comes_first_on_the_dashboard_with_its_verb(operator: Client) -> None:
    row = channel_running_unused(error_code="AccessDeniedException", error_message="not authorized to stop")
    page = page_text(operator)
    assert f"The channel {row.name} has run without a breakout for 25 minutes and costs money." in page
    assert "AWS answered: AccessDeniedException: not authorized to stop" in page
    assert stop_url(row) in page
    assert page.index("sh-alarms") < page.index("sh-tiles")
    assert CALM not in page


def test_the_dashboard_fragment_contains_new_alarms(operator: Client) -> None:
    version = operator.get(reverse("admin:dashboard"))["X-StreamHub-Fragment"]
    row = channel_running_unused()
    response = operator.get(reverse("admin:dashboard"), headers={"If-None-Match": version})
    assert stop_url(row) in response.content.decode()


def test_a_viewer_sees_alarms_without_verbs(as_role: Any) -> None:
    row = channel_running_unused()
    page = page_text(as_role("viewer"))
    assert "and costs money" in page
    assert stop_url(row) not in page


def test_a_user_without_a_role_sees_no_alarms(as_role: Any) -> None:
    row = channel_running_unused()
    page = page_text(as_role("nobody"))
    assert row.name not in page
    assert CALM not in page


def test_an_alarm_is_shown_on_the_page_of_its_channel_only(operator: Client) -> None:
    row, other = channel_running_unused(), rows.channel()
    assert "and costs money" in page_text(operator, "admin:channels_app_channel_change", row.pk)
    assert "sh-alarms" not in page_text(operator, "admin:channels_app_channel_change", other.pk)


def test_an_alarm_is_shown_on_the_page_of_its_breakout(operator: Client) -> None:
    late = timezone.now() - timedelta(minutes=40)
    row = rows.breakout("stopping", rows.channel("stopping", ml_channel_state="RUNNING"), state_since=late)
    page = page_text(operator, "admin:channels_app_breakout_change", row.pk)
    assert f"{row.name} has been stopping for 40 minutes." in page
    assert stop_url(row) in page


def test_a_failed_breakout_shows_that_its_channel_still_runs(operator: Client) -> None:
    since = timezone.now() - timedelta(minutes=25)
    row = rows.breakout("failed", channel_running_unused(), state_since=since)
    completed = rows.breakout("completed", row.channel, state_since=since - timedelta(days=1))
    assert "and costs money" in page_text(operator, "admin:channels_app_breakout_change", row.pk)
    assert "sh-alarms" not in page_text(operator, "admin:channels_app_breakout_change", completed.pk)


def test_many_alarms_cost_the_dashboard_no_further_queries(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_text(operator)
        return len(captured)

    channel_running_unused()
    queries()
    with_one_alarm = queries()
    for _ in range(15):
        channel_running_unused()
        late = timezone.now() - timedelta(minutes=40)
        rows.breakout("starting", rows.channel("starting", ml_channel_state="STARTING"), state_since=late)
    assert queries() == with_one_alarm


def test_stop_in_an_alarm_stops_the_channel(world: WorldUnderTest, stage: Channel, operator: Client) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    Channel.objects.update(
        state="running",
        ml_channel_state="RUNNING",
        warm_until=timezone.now() + timedelta(hours=9),
        warm_asked_until=timezone.now() + timedelta(hours=9),
        state_since=timezone.now() - timedelta(minutes=25),
    )
    assert stop_url(stage) in page_text(operator)
    assert "not kept warm any longer" in html.unescape(operator.get(stop_url(stage)).content.decode())
    assert "it is being stopped." in operator.post(stop_url(stage), follow=True).content.decode()
    world.settle()
    assert (medialive_state(world), channel().state) == ("IDLE", "idle")
    assert CALM in page_text(operator)


def test_a_channel_that_runs_without_a_row_is_an_alarm(
    world: WorldUnderTest, stage: Channel, as_role: Any
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=TESTER), who=TESTER)
    world.settle()
    delete_rows()
    drift_report()
    all_well()
    engineer = as_role("engineer")
    page = page_text(engineer)
    assert f"{stage.ml_channel_id}: A MediaLive channel with our mark has no row. It is RUNNING" in page
    assert "can only be stopped in the AWS console" in page
    delete_url = reverse("admin:drift_do", args=[f"orphan:ml_channel:{stage.ml_channel_id}", "delete"])
    assert delete_url not in page
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    assert delete_url in page_text(engineer)
    engineer.post(delete_url)
    assert medialive_state(world) == "IDLE"
    drift_report()
    assert CALM in page_text(engineer)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ago", "severity", "said"),
    [
        (timedelta(minutes=5), "critical", "The channel Main stage, on which Keynote failed, has an error:"),
        (timedelta(hours=5), "warning", "The channel Main stage has an error:"),
    ],
    ids=["now", "this-morning"],
)
def test_a_start_that_has_just_failed_is_critical_and_names_its_show(
    ago: timedelta, severity: str, said: str
) -> None:
    """The show is not on air, so *Live now* no longer has it; its audience waits all the same."""
    channel = rows.channel("failed", name="Main stage", failed_step="start", **rows.ERROR)
    rows.breakout("failed", channel, name="Keynote", state_since=timezone.now() - ago)
    rows.breakout("failed", channel, name="Last week", state_since=timezone.now() - timedelta(days=7))
    evaluation.evaluate()
    alarm = Alarm.objects.get(rule="channel_error")
    assert (alarm.severity, alarm.detail[: len(said)]) == (severity, said)


@pytest.mark.django_db
def test_of_two_shows_of_a_channel_the_one_on_air_is_named() -> None:
    channel = rows.channel("starting", name="Main stage", **rows.ERROR)
    rows.breakout("failed", channel, name="First try")
    rows.breakout("starting", channel, name="Second try")
    evaluation.evaluate()
    assert "on which Second try is starting," in Alarm.objects.get(rule="channel_error").detail


def test_an_error_of_the_distribution_is_an_alarm_while_its_breakout_is_on_air(operator: Client) -> None:
    broken = rows.distribution("deploying", **rows.ERROR, error_at=timezone.now())
    breakout = rows.breakout("running", rows.channel("running", distribution=broken), name="keynote")
    rows.breakout("idle", rows.channel(distribution=rows.distribution(**rows.ERROR)), name="rehearsal")
    page = page_text(operator)
    assert "The distribution of keynote has an error: Rate exceeded." in page
    assert "The distribution of rehearsal" not in page
    Breakout.objects.filter(pk=breakout.pk).update(state="completed")
    assert CALM in page_text(operator)
