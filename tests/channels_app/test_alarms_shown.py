"""Alarms where staff see them: first on the dashboard, and on the page of what they are about."""

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
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import forget_rows
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

CALM = "No alarms: no channel runs unused, and nothing is late."


def seen(client: Client, name: str = "admin:index", *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def runs_for_nobody(**fields: Any) -> Channel:
    since = timezone.now() - timedelta(minutes=25)
    known = {
        "ml_channel_state": "RUNNING",
        "ml_channel_id": "314159",
        "desired": "idle",
        "state_since": since,
    }
    return rows.channel("running", **{**known, **fields})


def do(row: Channel | Breakout) -> str:
    return reverse(f"admin:channels_app_{row._meta.model_name}_do", args=[row.pk, "stop"])


@pytest.fixture
def operator(as_role: Any) -> Client:
    return as_role("operator")


def test_a_quiet_house_says_so_in_one_line(operator: Client) -> None:
    page = seen(operator)
    assert CALM in page
    assert "sh-alarms" not in page


def test_an_alarm_stands_first_on_the_dashboard_with_its_verb(operator: Client) -> None:
    row = runs_for_nobody(error_code="AccessDeniedException", error_message="not authorized to stop")
    page = seen(operator)
    assert f"The channel {row.name} runs and costs, and no breakout is on air for 25 minutes" in page
    assert "AWS answered: AccessDeniedException: not authorized to stop" in page
    assert do(row) in page
    assert page.index("sh-alarms") < page.index("sh-tiles")
    assert CALM not in page


def test_the_dashboards_fragment_brings_alarms(operator: Client) -> None:
    version = operator.get(reverse("admin:dashboard"))["X-StreamHub-Fragment"]
    row = runs_for_nobody()
    response = operator.get(reverse("admin:dashboard"), {"seen": version})
    assert do(row) in response.content.decode()


def test_a_viewer_sees_alarms_without_verbs(as_role: Any) -> None:
    row = runs_for_nobody()
    page = seen(as_role("viewer"))
    assert "runs and costs" in page
    assert do(row) not in page


def test_somebody_without_a_role_sees_no_alarms(as_role: Any) -> None:
    row = runs_for_nobody()
    page = seen(as_role("nobody"))
    assert row.name not in page
    assert CALM not in page


def test_the_channels_page_and_no_other_shows_its_alarm(operator: Client) -> None:
    row, other = runs_for_nobody(), rows.channel()
    assert "runs and costs" in seen(operator, "admin:channels_app_channel_change", row.pk)
    assert "sh-alarms" not in seen(operator, "admin:channels_app_channel_change", other.pk)


def test_a_breakouts_page_shows_its_alarm(operator: Client) -> None:
    late = timezone.now() - timedelta(minutes=40)
    row = rows.breakout("stopping", rows.channel("stopping", ml_channel_state="RUNNING"), state_since=late)
    page = seen(operator, "admin:channels_app_breakout_change", row.pk)
    assert f"{row.name} is stopping for 40 minutes." in page
    assert do(row) in page


def test_a_failed_breakout_whose_channel_runs_on_says_so(operator: Client) -> None:
    since = timezone.now() - timedelta(minutes=25)
    row = rows.breakout("failed", runs_for_nobody(), state_since=since)
    over = rows.breakout("completed", row.channel, state_since=since - timedelta(days=1))
    assert "runs and costs" in seen(operator, "admin:channels_app_breakout_change", row.pk)
    assert "sh-alarms" not in seen(operator, "admin:channels_app_breakout_change", over.pk)


def test_the_dashboard_costs_the_same_with_many_alarms(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            seen(operator)
        return len(captured)

    runs_for_nobody()
    queries()
    few = queries()
    for _ in range(15):
        runs_for_nobody()
        late = timezone.now() - timedelta(minutes=40)
        rows.breakout("starting", rows.channel("starting", ml_channel_state="STARTING"), state_since=late)
    assert queries() == few


def test_stop_from_an_alarm_stops_it(world: WorldUnderTest, stage: Channel, operator: Client) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    Channel.objects.update(
        state="running",
        ml_channel_state="RUNNING",
        warm_until=timezone.now() + timedelta(hours=9),
        state_since=timezone.now() - timedelta(minutes=25),
    )
    assert do(stage) in seen(operator)
    assert "not kept warm any longer" in html.unescape(operator.get(do(stage)).content.decode())
    assert "AWS is asked to stop it." in operator.post(do(stage), follow=True).content.decode()
    world.settle()
    assert (medialive_state(world), channel().state) == ("IDLE", "idle")
    assert CALM in seen(operator)


def test_a_channel_that_runs_without_a_row_is_an_alarm(
    world: WorldUnderTest, stage: Channel, as_role: Any
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=TESTER), who=TESTER)
    world.settle()
    forget_rows()
    drift_report()
    engineer = as_role("engineer")
    page = seen(engineer)
    assert f"{stage.ml_channel_id}: A MediaLive channel with our mark that has no row. It is RUNNING" in page
    assert "can only be stopped in the AWS console" in page
    do_url = reverse("admin:drift_do", args=[f"orphan:ml_channel:{stage.ml_channel_id}", "delete"])
    assert do_url not in page
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    assert do_url in seen(engineer)
    engineer.post(do_url)
    assert medialive_state(world) == "IDLE"
    drift_report()
    assert CALM in seen(engineer)
