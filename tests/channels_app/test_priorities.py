"""Only starts and stops are urgent: what is done to many idle channels holds up no show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_app import services
from channels_app.models import Channel
from channels_app.services.channel_edits import channel_edit
from distributions import services as distributions
from streamhub.clock import database_now
from streamhub.lifecycle.models import Priority
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
BUILT = {
    "ml_channel_id": "7",
    "ml_channel_state": "IDLE",
    "mp_endpoint_id": "stage",
    "mp_channel_id": "stage",
}


def retry(row: Channel) -> None:
    Channel.objects.update(state="failed", error_code="AccessDenied")
    services.channel_retry(row, who=TESTER)


def edit(row: Channel) -> None:
    channel_edit(row, who=TESTER, name="another name")


def tag(row: Channel) -> None:
    services.channel_tags_change(row, {"team": "x"}, who=TESTER)


def apply_settings(row: Channel) -> None:
    Channel.objects.update(settings_applied="{}")
    services.channel_apply_settings(row, who=TESTER)


def stop(row: Channel) -> None:
    services.channel_stop(row, who=TESTER)


def warm(row: Channel) -> None:
    services.channel_warm(row, database_now() + timedelta(hours=1), who=TESTER)


def cool(row: Channel) -> None:
    Channel.objects.update(warm_until=database_now() + timedelta(hours=1))
    services.channel_cool(row, who=TESTER)


@pytest.mark.parametrize(
    ("columns", "verb", "priority"),
    [
        ({}, retry, Priority.CREATE),
        ({}, edit, Priority.CREATE),
        ({}, tag, Priority.CREATE),
        ({}, apply_settings, Priority.CREATE),
        ({"ml_channel_id": ""}, retry, Priority.CREATE),
        ({"ml_channel_gone": True}, retry, Priority.CREATE),
        ({"ml_channel_state": "RUNNING"}, retry, Priority.STOP),
        ({"ml_channel_state": "RUNNING"}, stop, Priority.STOP),
        ({"start_accepted_at": NOON}, tag, Priority.STOP),
        ({"desired": "running"}, cool, Priority.STOP),
        ({}, warm, Priority.START),
    ],
)
def test_a_channel_is_urgent_only_for_a_start_or_a_stop(
    columns: dict[str, Any], verb: Callable[[Channel], None], priority: Priority
) -> None:
    row = rows.channel("idle", **{**BUILT, **columns})
    verb(row)
    row.refresh_from_db()
    assert Priority(row.priority) == priority


@pytest.mark.parametrize(("state", "priority"), [("idle", Priority.CREATE), ("running", Priority.START)])
def test_a_distribution_is_urgent_only_for_a_show(state: str, priority: Priority) -> None:
    distribution = rows.distribution("failed", error_code="AccessDenied")
    channel = rows.channel(state, distribution=distribution)
    rows.breakout(state, channel)
    distributions.distribution_retry(distribution, who=TESTER)
    distribution.refresh_from_db()
    assert Priority(distribution.priority) == priority
    services.channel_tags_change(channel, {"team": "x"}, who=TESTER)
    distribution.refresh_from_db()
    assert Priority(distribution.priority) == priority


def test_a_failed_distribution_that_a_show_needs_is_retried_at_once() -> None:
    distribution = rows.distribution("failed", error_code="AccessDenied")
    channel = rows.channel("idle", distribution=distribution)
    services.breakout_prepare(rows.breakout("idle", channel), who=TESTER)
    distribution.refresh_from_db()
    assert (distribution.state, Priority(distribution.priority)) == ("deploying", Priority.START)
