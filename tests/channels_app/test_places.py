"""MAX_RUNNING_CHANNELS, MAX_CHANNELS and the limits of a token."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.guards.places import Places, none_to_create, none_to_run
from channels_app.models import Breakout, Channel
from streamhub.access.actors import staff_actor
from streamhub.access.models import AuditEntry
from streamhub.access.scopes import SCOPES
from streamhub.access.services import DailyLimits, token_issue, token_rotate
from streamhub.clock import database_now
from streamhub.errors import NotPossible
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db

CIDRS = ["203.0.113.7/32"]


def create(name: str) -> Channel:
    return services.channel_create(name, who=TESTER, allowed_cidrs=CIDRS)


def show(state: str = "idle", channel_state: str = "idle", **channel: Any) -> Breakout:
    return rows.breakout(state, rows.channel(channel_state, **channel))


# --- the rules -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "limit", "full"), [(5, None, False), (0, 1, False), (1, 1, True), (2, 1, True), (0, 0, True)]
)
def test_the_places_are_full_from_the_limit_on(taken: int, limit: int | None, full: bool) -> None:
    places = Places(taken, limit)
    assert (none_to_run(places) is not None, none_to_create(places) is not None) == (full, full)


def test_a_refusal_names_number_limit_setting_and_who_may_raise_it() -> None:
    running, there = none_to_run(Places(2, 2)), none_to_create(Places(1, 1))
    assert running is not None
    assert there is not None
    assert running.sentence == (
        "2 channels are running or being started, and at most 2 may run at once (MAX_RUNNING_CHANNELS). "
        "Stop one first. Whoever deploys StreamHub can raise it."
    )
    assert there.sentence == (
        "1 channel is there, and at most 1 may be (MAX_CHANNELS). Delete one first. "
        "Whoever deploys StreamHub can raise it."
    )


# --- running ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "counts"),
    [
        ({"state": "running", "desired": "running"}, True),
        ({"state": "idle", "desired": "running"}, True),
        ({"state": "stopping", "desired": "running"}, True),
        ({"state": "running", "desired": "idle"}, True),
        ({"state": "failed", "desired": "running", "ml_channel_state": "RUNNING"}, True),
        ({"state": "failed", "desired": "running", "ml_channel_state": "IDLE"}, False),
        ({"state": "stopping", "desired": "idle", "ml_channel_state": "RUNNING"}, False),
        ({"state": "idle", "desired": "idle"}, False),
    ],
)
def test_what_takes_a_place_to_run(settings: Any, channel: dict[str, str], counts: bool) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    state = channel.pop("state")
    row = rows.channel(state)
    Channel.objects.filter(pk=row.pk).update(**channel)
    breakout = show()
    if not counts:
        services.breakout_start(breakout, who=TESTER)
        return
    with pytest.raises(NotPossible, match="1 channel is running"):
        services.breakout_start(breakout, who=TESTER)
    breakout.refresh_from_db()
    assert breakout.state == "idle"


def test_a_channel_that_runs_needs_no_second_place(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    breakout = show("idle", "running")
    Channel.objects.update(desired="running")
    services.breakout_start(breakout, who=TESTER)
    breakout.refresh_from_db()
    assert breakout.state == "starting"


def test_a_lower_limit_stops_nothing(settings: Any) -> None:
    on_air = show("running", "running")
    Channel.objects.update(desired="running")
    settings.MAX_RUNNING_CHANNELS = 0
    services.breakout_start(on_air, who=TESTER)  # a repeat
    services.breakout_prepare(on_air, who=TESTER)
    on_air.refresh_from_db()
    assert (on_air.state, Channel.objects.get().desired) == ("running", "running")


def test_retry_needs_a_place_too(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 0
    with pytest.raises(NotPossible, match="MAX_RUNNING_CHANNELS"):
        services.breakout_retry(show("failed"), who=TESTER)


def failed_warm(**columns: Any) -> Channel:
    """A channel that is kept warm and has failed, beside one that runs."""
    rows.channel("running")
    warm = {"desired": "running", "warm_until": database_now() + timedelta(hours=1)}
    return rows.channel("failed", **{**warm, **columns})


def test_a_failed_channel_that_is_kept_warm_is_retried_only_into_a_place(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    row = failed_warm()
    with pytest.raises(NotPossible, match="1 channel is running"):
        services.channel_retry(row, who=TESTER)
    row.refresh_from_db()
    assert row.state == "failed"
    settings.MAX_RUNNING_CHANNELS = 2
    assert services.channel_retry(row, who=TESTER).desired == "running"


def test_a_failed_channel_that_is_not_kept_warm_any_more_needs_no_place(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    row = failed_warm(warm_until=database_now() - timedelta(hours=1))
    assert services.channel_retry(row, who=TESTER).desired == "idle"


def test_other_tags_retry_a_refused_creation_only_into_a_place(settings: Any) -> None:
    settings.MAX_RUNNING_CHANNELS = 1
    row = failed_warm(failed_step="create the MediaLive channel", error_code="BadRequest")
    with pytest.raises(NotPossible, match="1 channel is running"):
        services.channel_tags_change(row, {"team": "x"}, who=TESTER)
    Channel.objects.filter(pk=row.pk).update(failed_step="start the MediaLive channel")
    assert services.channel_tags_change(row, {"team": "x"}, who=TESTER).state == "failed"


def test_the_page_gives_the_reason_on_the_button(settings: Any, operator: Client) -> None:
    settings.MAX_RUNNING_CHANNELS = 0
    breakout = show()
    page = operator.get(reverse("admin:channels_app_breakout_change", args=[breakout.pk])).content.decode()
    assert "at most 0 may run at once (MAX_RUNNING_CHANNELS)" in page
    assert 'id="do-start"' not in page


# --- how many there are ----------------------------------------------------------------------


def test_one_channel_too_many_is_refused_and_deleting_makes_room(settings: Any) -> None:
    settings.MAX_CHANNELS = 1
    first = create("first")
    with pytest.raises(NotPossible, match="1 channel is there"):
        create("second")
    services.channel_delete(first, who=TESTER)
    assert create("second")


def test_the_form_says_it_before_it_is_filled_in(settings: Any, as_role: Any) -> None:
    settings.MAX_CHANNELS = 0
    client = as_role("engineer")
    page = client.get(reverse("admin:channels_app_channel_add")).content.decode()
    assert "at most 0 may be (MAX_CHANNELS)" in page
    assert 'type="submit" class="sh-btn sh-primary"' not in page


def test_the_dashboard_says_whether_there_is_a_limit(settings: Any, viewer: Client) -> None:
    show("running", "running")
    page = viewer.get(reverse("admin:dashboard")).content.decode()
    assert "no limit to how many run; 1 channel in all" in page
    settings.MAX_RUNNING_CHANNELS, settings.MAX_CHANNELS = 1, 5
    page = viewer.get(reverse("admin:dashboard")).content.decode()
    assert "of 1 that may run at once; 1 of 5 channels in all" in page


# --- the API and the limits of tokens --------------------------------------------------------


class Api:
    def __init__(self, **limits: int) -> None:
        self.token, plain = token_issue("event-site", list(SCOPES), limits=DailyLimits(**limits))
        self.use(plain)

    def use(self, plain: str) -> None:
        self._headers = {"Authorization": f"Bearer {plain}"}

    def post(self, path: str, body: Any = None) -> Any:
        return Client().post(f"/api/v1/{path}", body or {}, "application/json", headers=self._headers)

    def create(self, name: str) -> Any:
        return self.post("channels", {"name": name, "allowed_cidrs": CIDRS})


def test_the_api_answers_409_with_the_number_and_who_may_raise_it(settings: Any) -> None:
    settings.MAX_CHANNELS = settings.MAX_RUNNING_CHANNELS = 0
    api = Api()
    for response in (api.create("one"), api.post(f"breakouts/{show().pk}/start")):
        assert response.status_code == 409
        assert "Whoever deploys StreamHub can raise it." in response.json()["detail"]


def test_a_token_creates_as_many_channels_in_a_day_as_it_may() -> None:
    api = Api(max_channels_per_day=2)
    assert [api.create(f"c{n}").status_code for n in range(3)] == [202, 202, 409]
    assert "done this 2 times in the last 24 hours, and its limit is 2" in api.create("c3").json()["detail"]
    assert Channel.objects.count() == 2


def test_a_rotation_does_not_begin_a_new_count() -> None:
    api = Api(max_channels_per_day=1)
    assert api.create("c1").status_code == 202
    api.use(token_rotate(api.token, who=TESTER)[1])
    assert api.create("c2").status_code == 409
    api.use(token_issue("event-site", list(SCOPES), limits=DailyLimits(1))[1])
    assert api.create("c2").status_code == 409


def test_what_was_refused_or_repeated_does_not_count() -> None:
    api = Api(max_starts_per_day=1)
    taken = show("idle", "deleting")
    assert api.post(f"breakouts/{taken.pk}/start").status_code == 409
    breakout = show()
    assert [api.post(f"breakouts/{breakout.pk}/start").status_code for _ in range(2)] == [202, 202]
    another = show()
    assert api.post(f"breakouts/{another.pk}/start").status_code == 409
    another.refresh_from_db()
    assert (another.state, another.channel.desired) == ("idle", "idle")
    assert AuditEntry.objects.filter(verb="start_breakout", outcome="done").count() == 1


def test_keeping_a_channel_warm_counts_as_a_start_and_keeping_it_warm_no_longer_does_not() -> None:
    api = Api(max_starts_per_day=2)
    path = f"channels/{rows.channel().pk}/warm"
    until = [f"{database_now() + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 2, 3)]
    bodies = [{"until": until[0]}, {"until": None}, {"until": until[1]}, {"until": None}]
    assert [api.post(path, body).status_code for body in bodies] == [202] * 4
    assert api.post(path, {"until": until[2]}).status_code == 409
    done = AuditEntry.objects.filter(object_kind="channel", outcome="done").order_by("pk")
    assert list(done.values_list("verb", flat=True)) == ["warm_channel", "cool_channel"] * 2


def test_a_repeat_is_not_refused_by_a_limit_that_became_lower() -> None:
    api = Api(max_starts_per_day=2)
    breakout = show()
    assert api.post(f"breakouts/{breakout.pk}/start").status_code == 202
    api.use(token_rotate(api.token, who=TESTER, limits=DailyLimits(max_starts_per_day=0))[1])
    assert api.post(f"breakouts/{breakout.pk}/start").status_code == 202
    assert api.post(f"breakouts/{show().pk}/start").status_code == 409


def test_another_token_and_the_staff_are_not_limited_by_it() -> None:
    api = Api(max_channels_per_day=0)
    assert api.create("c1").status_code == 409
    other = Api.__new__(Api)
    other.use(token_issue("viewer", list(SCOPES))[1])
    assert other.create("c1").status_code == 202
    root = User.objects.create_superuser("root")
    assert services.channel_create("c2", who=staff_actor(root), allowed_cidrs=CIDRS)


# --- races -----------------------------------------------------------------------------------


def at_once(*calls: Any) -> list[Any]:
    """Run the calls in threads of their own at the same time; their results or errors."""
    barrier = Barrier(len(calls))

    def run(call: Any) -> Any:
        try:
            barrier.wait(10)
            return call()
        except NotPossible as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_two_shows_do_not_get_the_same_last_place(settings: Any) -> None:
    for _ in range(5):
        settings.MAX_RUNNING_CHANNELS = Channel.objects.filter(services.running()).count() + 1
        shows = [show(), show()]
        starts = [lambda row=row: services.breakout_start(row, who=TESTER) for row in shows]
        results = at_once(*starts)
        assert sum(isinstance(result, NotPossible) for result in results) == 1


@pytest.mark.django_db(transaction=True)
def test_two_channels_do_not_get_the_same_last_place(settings: Any) -> None:
    for turn in range(5):
        settings.MAX_CHANNELS = turn + 1
        creations = [lambda name=f"c{turn}{n}": create(name) for n in range(2)]
        results = at_once(*creations)
        assert sum(isinstance(result, NotPossible) for result in results) == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_of_a_token_do_not_get_the_same_last_place() -> None:
    api = Api(max_channels_per_day=1)
    results = at_once(lambda: api.create("c1"), lambda: api.create("c2"))
    assert sorted(result.status_code for result in results) == [202, 409]
