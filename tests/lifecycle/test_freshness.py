"""When an observation is too old, and when a process is silent."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from streamhub import health
from streamhub.clock import database_now
from streamhub.console.jobs import heartbeat_health
from streamhub.lifecycle.freshness import is_fresh
from streamhub.lifecycle.models import Heartbeat


def ago(seconds: float) -> datetime:
    return database_now() - timedelta(seconds=seconds)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("age", "every", "fresh"),
    [
        (0, None, True),
        (599, None, True),
        (601, None, False),
        (601, 3600, True),
        (7199, 3600, True),
        (7201, 3600, False),
    ],
)
def test_an_observation_is_fresh_for_two_periods(settings, age: int, every: int | None, fresh: bool) -> None:
    settings.FULL_OBSERVE_SECONDS = 300
    assert is_fresh(ago(age), every_seconds=every) is fresh


def test_a_missing_observation_is_not_fresh() -> None:
    assert not is_fresh(None)


def reports_alive() -> bool:
    try:
        call_command("heartbeat", "worker", stdout=StringIO())
    except CommandError:
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "alive"), [(28, True), (31, False), (86_405, False)])
def test_all_readers_agree_on_which_process_is_silent(age: int, alive: bool) -> None:
    row = Heartbeat.objects.create(name="worker", beat_at=ago(age))
    checks = {check["name"]: check["ok"] for check in health.readiness()["checks"]}
    assert checks["worker"] is alive
    assert (heartbeat_health(row, database_now()).word == "alive") is alive
    assert reports_alive() is alive


@pytest.mark.django_db
def test_the_command_reports_the_age_of_an_old_heartbeat() -> None:
    Heartbeat.objects.create(name="beat", beat_at=ago(86_405))
    with pytest.raises(CommandError, match=r"is 8640[56] s old"):
        call_command("heartbeat", "beat")
