"""PATCH of channels and breakouts, and the pages on which staff edit, plan and find shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.models import Breakout, Channel, SecurityGroup
from streamhub.access.services import token_issue
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.browsing import opened

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
OTHER = ["198.51.100.0/24"]


def patch(path: str, body: Any, key: str = "", scope: str = "") -> tuple[int, Any]:
    scopes = [scope] if scope else ["channels:write", "breakouts:control"]
    token = token_issue("event-site", scopes, timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    response = Client().patch(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers
    )
    return response.status_code, response.json()


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def idle_channel(**fields: Any) -> Channel:
    return rows.channel(**{"allowed_cidrs": ["203.0.113.7/32"], "ml_input_sent_at": NOON, **fields})


# --- PATCH channels ------------------------------------------------------------------------------


def test_what_aws_must_change_is_202_and_pending() -> None:
    row = idle_channel()
    status, body = patch(f"channels/{row.pk}", {"allowed_cidrs": OTHER, "name": "hall"})
    assert (status, body["pending_changes"]) == (202, ["allowed_cidrs"])
    assert (body["allowed_cidrs"], body["name"]) == (OTHER, "hall")


def test_what_only_we_change_is_200() -> None:
    row = idle_channel(name="stage")
    status, body = patch(f"channels/{row.pk}", {"name": "hall", "record": None})
    assert (status, body["name"], body["pending_changes"]) == (200, "hall", [])
    assert patch(f"channels/{row.pk}", {})[0] == 200


def test_a_profile_on_air_is_409_with_the_state() -> None:
    row = idle_channel(state="running", desired="running")
    status, body = patch(f"channels/{row.pk}", {"encoding_profile": "480p"})
    assert (status, body["state"]) == (409, "running")
    assert "only while its channel is idle" in body["detail"]


def test_nothing_is_changed_if_one_field_is_refused() -> None:
    row = idle_channel(name="stage")
    status, body = patch(f"channels/{row.pk}", {"name": "hall", "allowed_cidrs": ["0.0.0.0/0"]})
    assert (status, [each["field"] for each in body["errors"]]) == (422, ["allowed_cidrs"])
    assert Channel.objects.get().name == "stage"


@pytest.mark.parametrize("kind", ["channels", "breakouts"])
def test_a_replay_changes_nothing(kind: str) -> None:
    row = idle_channel() if kind == "channels" else rows.breakout()
    token = token_issue("site", ["channels:write", "breakouts:control"], timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"}
    answers = [
        Client().patch(
            f"/api/v1/{kind}/{row.pk}",
            json.dumps({"name": name}),
            content_type="application/json",
            headers=headers,
        )
        for name in ("first", "first", "second")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert answers[0].content == answers[1].content
    assert Transition.objects.filter(why__startswith="edited").count() == 1


def test_a_patch_needs_its_scope() -> None:
    row = rows.breakout(channel=idle_channel())
    assert patch(f"breakouts/{row.pk}", {"name": "x"}, scope="channels:write")[0] == 403
    assert patch(f"channels/{row.channel_id}", {"name": "x"}, scope="breakouts:control")[0] == 403


# --- PATCH breakouts -----------------------------------------------------------------------------


def test_null_empties_a_field_and_what_is_left_out_stays() -> None:
    row = rows.breakout(starts_at=NOON, duration_minutes=60, customer="ACME", note="x")
    status, body = patch(f"breakouts/{row.pk}", {"duration_minutes": None, "note": None})
    assert (status, body["duration_minutes"], body["note"]) == (200, None, None)
    assert (body["starts_at"], body["customer"]) == ("2030-06-01T12:00:00Z", "ACME")


def test_the_answer_warns_of_what_overlaps() -> None:
    channel = idle_channel()
    rows.breakout(channel=channel, name="other", starts_at=NOON, duration_minutes=60)
    row = rows.breakout(channel=channel, name="keynote")
    _, body = patch(f"breakouts/{row.pk}", {"starts_at": "2030-06-01T12:30:00Z"})
    assert len(body["warnings"]) == 1
    assert "'other'" in body["warnings"][0]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_at"),
        ({"name": None}, "name"),
        ({"state": "idle"}, "state"),
    ],
    ids=["past", "null name", "no field"],
)
def test_bad_values_are_422_with_the_field(given: dict[str, Any], field: str) -> None:
    status, body = patch(f"breakouts/{rows.breakout().pk}", given)
    assert (status, [each["field"] for each in body["errors"]]) == (422, [field])


def test_a_start_is_kept_in_whole_seconds_however_it_comes() -> None:
    row = rows.breakout(starts_at=NOON)
    assert patch(f"breakouts/{row.pk}", {"starts_at": "2030-06-01T12:00:00.999999Z"})[0] == 200
    row.refresh_from_db()
    assert row.starts_at == NOON
    assert not Transition.objects.filter(resource_id=row.pk, why__startswith="edited").exists()
    fraction = NOON.replace(microsecond=796020)
    made = services.breakout_create(idle_channel(), "a", who=TESTER, starts_at=fraction)
    copy = services.breakout_duplicate(made, who=TESTER, starts_at=fraction)
    (series,) = services.breakouts_plan(idle_channel(), "b", [fraction], who=TESTER)
    for show in (made, copy, series):
        show.refresh_from_db()
        assert show.starts_at == NOON


def test_the_same_start_as_before_is_no_edit_even_if_it_has_a_fraction() -> None:
    begun = datetime(2026, 1, 1, 9, 0, 0, 796020, tzinfo=UTC)
    row = rows.breakout("running", rows.channel("running"), starts_at=begun)
    assert patch(f"breakouts/{row.pk}", {"starts_at": begun.isoformat(), "name": "new"})[0] == 200


# --- pages ---------------------------------------------------------------------------------------


def do(row: Any, verb: str) -> str:
    return reverse(f"admin:channels_app_{row._meta.model_name}_do", args=[row.pk, verb])


def test_the_page_shows_what_is_refused_at_its_field_and_keeps_the_rest(staff: Client) -> None:
    row = idle_channel(name="stage")
    response = opened(staff, do(row, "edit")).send(name="hall", allowed_cidrs="0.0.0.0/0")
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["allowed_cidrs"])
    assert 'value="hall"' in response.content.decode()


def test_the_form_has_only_what_can_change_now(staff: Client) -> None:
    def fields(row: Any) -> set[str]:
        return set(staff.get(do(row, "edit")).context["form"].fields)

    assert fields(idle_channel()) == {"name", "allowed_cidrs", "encoding_profile", "record", "tags"}
    assert fields(idle_channel(state="running", desired="running")) == {"name", "allowed_cidrs", "tags"}
    assert fields(rows.breakout("completed")) == {"name", "customer", "note"}
    assert fields(rows.breakout("running", rows.channel("running"))) == {
        "name",
        "duration_minutes",
        "customer",
        "note",
    }


def test_a_warning_is_confirmed_once_and_another_one_anew(staff: Client) -> None:
    channel = idle_channel()
    rows.breakout(channel=channel, name="first", starts_at=NOON)
    url = reverse("admin:channels_app_breakout_add")
    form = {"channel": channel.pk, "name": "second", "starts_at": "2030-06-01T12:30"}
    asked = staff.post(url, form)
    assert (asked.status_code, Breakout.objects.count()) == (422, 1)
    confirmed = {**form, "confirmed": asked.context["warnings"].mark}
    rows.breakout(channel=channel, name="third", starts_at=NOON)
    assert staff.post(url, confirmed).status_code == 422
    confirmed["confirmed"] = staff.post(url, form).context["warnings"].mark
    assert staff.post(url, confirmed).status_code == 302


def test_what_starts_soon_begins_with_the_next(staff: Client) -> None:
    now = datetime.now(UTC)
    for hours in (3, 1, 2):
        rows.breakout(name=f"in {hours}", starts_at=now + timedelta(hours=hours))
    page = staff.get(reverse("admin:channels_app_breakout_changelist"), {"view": "soon"})
    assert [row.name for row in page.context["cl"].result_list] == ["in 1", "in 2", "in 3"]
    page = staff.get(reverse("admin:channels_app_breakout_changelist"), {"view": "soon", "o": "-4"})
    assert [row.name for row in page.context["cl"].result_list] == ["in 3", "in 2", "in 1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"customer": "acme"}, ["a", "b"]),
        ({"tag": "hall=2"}, ["b"]),
        ({"tag": "hall"}, ["b"]),
        ({"tag": "hall=3"}, []),
        ({"day": "2030-06-01"}, ["a"]),
        ({"from": "2030-06-01", "before": "2030-06-03"}, ["a", "c"]),
        ({"channel": "STAGE"}, ["b"]),
        ({"day": "never"}, []),
        ({"from": "9999-99-99"}, []),
    ],
    ids=str,
)
def test_shows_are_found_by_address(staff: Client, query: dict[str, str], found: list[str]) -> None:
    stage = idle_channel(name="stage", tags={"customer": "ACME", "hall": "2"})
    rows.breakout(name="a", customer="ACME", starts_at=NOON)
    rows.breakout(name="b", channel=stage, starts_at=NOON + timedelta(days=9))
    rows.breakout(name="c", starts_at=NOON + timedelta(days=1))
    page = staff.get(reverse("admin:channels_app_breakout_changelist"), query)
    assert sorted(row.name for row in page.context["cl"].result_list) == found


def test_a_security_group_links_its_channels(staff: Client) -> None:
    group = SecurityGroup.objects.create(cidrs="203.0.113.7/32")
    row = idle_channel(security_group=group)
    page = staff.get(reverse("admin:channels_app_securitygroup_change", args=[group.pk])).content.decode()
    assert reverse("admin:channels_app_channel_change", args=[row.pk]) in page


@pytest.mark.parametrize("deleted", [True, False])
def test_what_was_deleted_and_what_never_was_are_told_apart(staff: Client, deleted: bool) -> None:
    if deleted:
        Transition.objects.create(resource_type="channel", resource_id=99999, to_state="deleted")
    url = reverse("admin:channels_app_channel_change", args=[99999])
    page = unescape(staff.get(url, follow=True).content.decode())
    assert ("The channel 99999 was deleted." in page) is deleted
    assert ("There is no channel 99999." in page) is not deleted


def test_a_planned_show_is_called_planned_and_an_ended_one_ended(staff: Client) -> None:
    pages = [
        unescape(
            staff.get(reverse("admin:channels_app_breakout_change", args=[row.pk])).content.decode()
        ).lower()
        for row in (rows.breakout(), rows.breakout("completed", session_ended_at=NOON))
    ]
    assert "planned</span>" in pages[0].replace("\n", "")
    assert "<dt>ended</dt>" in pages[1]
    assert "<dt>stop accepted</dt>" not in pages[1]
