"""Keep warm until, and Extend: what is accepted, what follows, and what the API answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_app import cost_alarms, services
from channels_app.models import Breakout, Channel
from streamhub.access.services import token_issue
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), 7 * 24 * 60


def api(path: str, body: Any, method: str = "POST") -> tuple[int, Any]:
    token = token_issue("event-site", ["channels:write", "breakouts:control"], DAY)[1]
    answer = Client().generic(
        method,
        f"/api/v1/{path}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json()


# --- warm -------------------------------------------------------------------------------------------


def test_a_channel_kept_warm_runs_without_a_show_until_then(world: WorldUnderTest, stage: Channel) -> None:
    services.channel_warm(stage, timezone.now() + HOUR, who=TESTER)
    world.settle()
    assert (medialive_state(world), channel().desired) == ("RUNNING", "running")
    Channel.objects.update(warm_until=timezone.now())
    cost_alarms.check_costs()
    world.settle()
    assert (medialive_state(world), channel().warm_until) == ("IDLE", None)
    lines = Transition.objects.filter(resource_type="channel", who=str(TESTER)).values_list("why", flat=True)
    assert any(why.startswith("kept warm until ") for why in lines)


def test_a_show_that_outlasts_the_warmth_runs_on_and_its_end_stops_the_channel(
    world: WorldUnderTest, stage: Channel
) -> None:
    show = services.breakout_create(stage, "keynote", who=TESTER)
    services.channel_warm(stage, timezone.now() + HOUR, who=TESTER)
    services.breakout_start(show, who=TESTER)
    world.settle()
    Channel.objects.update(warm_until=timezone.now())
    cost_alarms.check_costs()
    assert (channel().warm_until, channel().desired) == (None, "running")
    services.breakout_stop(show, who=TESTER)
    world.settle()
    assert medialive_state(world) == "IDLE"


def test_a_show_on_a_warm_channel_ends_at_once_and_the_channel_runs_on(
    world: WorldUnderTest, stage: Channel
) -> None:
    show = services.breakout_create(stage, "keynote", who=TESTER)
    services.channel_warm(stage, timezone.now() + HOUR, who=TESTER)
    services.breakout_start(show, who=TESTER)
    world.settle()
    services.breakout_stop(show, who=TESTER)
    world.settle()
    assert (Breakout.objects.get().state, medialive_state(world)) == ("completed", "RUNNING")
    services.channel_cool(channel(), who=TESTER)
    world.settle()
    assert medialive_state(world) == "IDLE"


def test_on_a_warm_channel_the_answer_of_a_stop_is_completed_and_no_step_is_needed(
    world: WorldUnderTest, stage: Channel
) -> None:
    show = services.breakout_create(stage, "keynote", who=TESTER)
    services.channel_warm(stage, timezone.now() + HOUR, who=TESTER)
    services.breakout_start(show, who=TESTER)
    world.settle()
    status, answer = api(f"breakouts/{show.pk}/stop", None)
    assert (status, answer["state"]) == (202, "completed")
    assert not show.attachments.filter(ended_at=None).exists()
    lines = Transition.objects.filter(resource_type="breakout", resource_id=show.pk).order_by("pk")
    assert list(lines.values_list("to_state", flat=True))[-2:] == ["stopping", "completed"]


def test_without_warmth_a_stopped_show_waits_for_medialive(world: WorldUnderTest, stage: Channel) -> None:
    show = services.breakout_create(stage, "keynote", who=TESTER)
    services.breakout_start(show, who=TESTER)
    world.settle()
    assert api(f"breakouts/{show.pk}/stop", None)[1]["state"] == "stopping"


@pytest.mark.parametrize(
    "ahead",
    [timedelta(0), -HOUR, timedelta(days=7, minutes=1)],
    ids=["now", "past", "beyond a week"],
)
def test_the_time_lies_ahead_and_at_most_a_week(ahead: timedelta) -> None:
    row = rows.channel()
    with pytest.raises(Invalid) as refused:
        services.channel_warm(row, timezone.now() + ahead, who=TESTER)
    assert refused.value.errors == {"until": "Give a time after now and at most 7 days ahead."}
    assert api(f"channels/{row.pk}/warm", {"until": (timezone.now() + ahead).isoformat()})[0] == 422


def test_a_warm_channel_takes_a_place(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    first, second = rows.channel(), rows.channel()
    services.channel_warm(first, timezone.now() + HOUR, who=TESTER)
    with pytest.raises(NotPossible, match="1 channel is running"):
        services.channel_warm(second, timezone.now() + HOUR, who=TESTER)
    services.channel_warm(first, timezone.now() + 2 * HOUR, who=TESTER)  # it has its place


@pytest.mark.parametrize("body", [{}, {"until": "soon"}, {"until": 5}])
def test_the_api_names_the_field_that_is_wrong(body: Any) -> None:
    status, answer = api(f"channels/{rows.channel().pk}/warm", body)
    assert (status, [error["field"] for error in answer["errors"]]) == (422, ["until"])


def test_the_api_answers_with_the_time_and_takes_it_back() -> None:
    row = rows.channel()
    until = (timezone.now() + HOUR).replace(microsecond=0)
    status, answer = api(f"channels/{row.pk}/warm", {"until": until.isoformat()})
    assert (status, answer["desired"], datetime.fromisoformat(answer["warm_until"])) == (
        202,
        "running",
        until,
    )
    status, answer = api(f"channels/{row.pk}/warm", {"until": None})
    assert (status, answer["desired"], answer["warm_until"]) == (202, "idle", None)


# --- extend -----------------------------------------------------------------------------------------


def test_extend_moves_the_planned_end_and_says_so() -> None:
    starts_at = timezone.now().replace(microsecond=0)
    row = rows.breakout(starts_at=starts_at, duration_minutes=30)
    status, answer = api(f"breakouts/{row.pk}/extend", {"minutes": 20})
    assert (status, answer["duration_minutes"]) == (200, 50)
    assert datetime.fromisoformat(answer["planned_end_at"]) == starts_at + timedelta(minutes=50)
    why = Transition.objects.get(resource_type="breakout", resource_id=row.pk).why
    assert (
        why == f"extended by 20 minutes, planned until {starts_at + timedelta(minutes=50):%Y-%m-%d %H:%M} UTC"
    )


@pytest.mark.parametrize(
    ("planned", "more", "allowed"),
    [(30, 0, False), (30, -5, False), (30, WEEK - 30, True), (30, WEEK - 29, False), (WEEK, 1, False)],
)
def test_a_week_in_all_is_the_most(planned: int, more: int, allowed: bool) -> None:
    row = rows.breakout(duration_minutes=planned)
    status, answer = api(f"breakouts/{row.pk}/extend", {"minutes": more})
    assert status == (200 if allowed else 422)
    assert allowed or [error["field"] for error in answer["errors"]] == ["minutes"]
    row.refresh_from_db()
    assert row.duration_minutes == (planned + more if allowed else planned)


NOON = datetime(2026, 10, 25, 12, 0, tzinfo=timezone.get_fixed_timezone(0))


@pytest.mark.parametrize(
    ("starts_at", "began", "minutes", "end"),
    [
        (None, None, None, None),
        (NOON, None, None, None),
        (None, None, 60, None),
        (NOON, None, 60, NOON + HOUR),
        (NOON, NOON - HOUR / 2, 60, NOON + HOUR),
        (NOON, NOON + HOUR / 2, 60, NOON + HOUR),
        (NOON, NOON + HOUR, 60, NOON + 2 * HOUR),
        (NOON, NOON + 3 * HOUR, 60, NOON + 4 * HOUR),
        (None, NOON, 60, NOON + HOUR),
    ],
)
def test_the_planned_end(
    starts_at: datetime | None, began: datetime | None, minutes: int | None, end: datetime | None
) -> None:
    row = Breakout(starts_at=starts_at, session_started_at=began, duration_minutes=minutes)
    assert row.planned_end_at == end
