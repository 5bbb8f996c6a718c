"""Signed playback: who plays, who does not, and until when (docs/api.md)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.models import Breakout
from channels_app.playback_link import Playback, breakout_playback
from channels_app.readiness import readiness
from distributions import signing
from distributions.models import Distribution, ViewerKey
from distributions.tasks import observe_viewer_keys
from streamhub.access.models import AuditEntry
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.aws import signing_keys
from streamhub.clock import database_now
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Job
from tests.scenarios import rows, signed, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.keys import pem
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
DENIED = [403]
ALL = [200, 200, 200]


@pytest.fixture
def show(world: WorldUnderTest, settings: Any) -> Breakout:
    return signed.signed_show(world, settings)


class Api:
    """An API client with a token of every scope."""

    def __init__(self) -> None:
        self.token = token_issue("event-site", list(SCOPES), timedelta(days=1))[1]

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = Client().generic(
            method,
            f"/api/v1/{path}",
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return response.status_code, response.json()

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def get(self, path: str) -> Any:
        return self.call("GET", path)[1]


@pytest.fixture
def api(db: None) -> Api:
    return Api()


def link(row: Breakout, seconds: int | None = None) -> Playback:
    return breakout_playback(row, who=TESTER, expires_in_seconds=seconds)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def check(row: Breakout) -> Any:
    found = [each for each in readiness(row).checks if each.name == "playback_signing"]
    return found[0] if found else None


# --- who plays -------------------------------------------------------------------------------


def test_playlists_and_segments_play_with_the_query_and_none_without(
    world: WorldUnderTest, show: Breakout, api: Api
) -> None:
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 200, body
    assert (body["protected"], body["cookies"], body["cookie_domain"]) == (True, None, None)
    query = body["signed_url"].removeprefix(body["url"] + "?")
    assert signed.plays(world, body["url"], query) == ALL
    assert signed.plays(world, body["url"]) == DENIED


def test_segments_do_not_inherit_the_query(world: WorldUnderTest, show: Breakout) -> None:
    given = link(show)
    status, playlist = world.control.play(given.signed_url or "")
    assert status == 200
    name = next(line for line in playlist.splitlines() if line and not line.startswith("#"))
    beside = given.url.rpartition("/")[0] + "/" + name
    assert world.control.play(beside)[0] == 403
    assert world.control.play(f"{beside}?{given.query}")[0] == 200


def test_an_expired_signature_is_refused(world: WorldUnderTest, show: Breakout) -> None:
    given = link(show, 1)
    assert given.expires_at is not None
    while database_now() <= given.expires_at:
        pass
    assert signed.plays(world, given.url, given.query) == DENIED


def test_a_signature_of_another_channel_is_refused(
    world: WorldUnderTest, settings: Any, show: Breakout
) -> None:
    other = services.channel_create("second", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    talk = services.breakout_create(other, "talk", who=TESTER)
    services.breakout_start(talk, who=TESTER)
    world.settle(until=lambda: Breakout.objects.get(pk=talk.pk).state == "running")
    services.breakout_curtain(talk, True, who=TESTER)
    mine, others = link(show), link(Breakout.objects.get(pk=talk.pk))
    assert signed.plays(world, others.url, others.query) == ALL
    assert signed.plays(world, mine.url, others.query) == DENIED
    assert signed.plays(world, others.url, mine.query) == DENIED


def test_a_show_that_is_not_protected_has_only_its_url(world: WorldUnderTest, api: Api) -> None:
    stage.with_show(world)
    row = services.breakout_curtain(stage.breakout(), True, who=TESTER)
    status, body = api.post(f"breakouts/{row.pk}/playback", {"expires_in_seconds": 60})
    assert status == 200
    assert body == {
        "url": api.get(f"breakouts/{row.pk}")["playback_url"],
        "signed_url": None,
        "cookies": None,
        "cookie_domain": None,
        "expires_at": None,
        "protected": False,
    }
    assert signed.plays(world, body["url"]) == ALL


# --- until when ------------------------------------------------------------------------------


def test_without_a_plan_it_lasts_playback_seconds_and_asking_only_shortens(
    settings: Any, show: Breakout, api: Api
) -> None:
    settings.PLAYBACK_SECONDS = 1800
    for body, seconds in (
        (None, 1800),
        ({"expires_in_seconds": 60}, 60),
        ({"expires_in_seconds": 9000}, 1800),
    ):
        before = database_now()
        given = moment(api.post(f"breakouts/{show.pk}/playback", body)[1]["expires_at"])
        assert timedelta(seconds=seconds - 1) <= given - before <= timedelta(seconds=seconds + 5)


def test_it_ends_with_the_planned_end_and_the_tail(settings: Any, show: Breakout) -> None:
    start = database_now().replace(microsecond=0) - timedelta(minutes=10)
    Breakout.objects.filter(pk=show.pk).update(starts_at=start, duration_minutes=90)
    assert link(show).expires_at == start + timedelta(minutes=90, seconds=settings.USAGE_TAIL_SECONDS)


def test_it_ends_before_the_next_planned_start_on_the_channel(show: Breakout) -> None:
    soon = database_now() + timedelta(minutes=20)
    services.breakout_create(stage.channel(), "next", who=TESTER, starts_at=soon, duration_minutes=30)
    services.breakout_create(
        stage.channel(), "later", who=TESTER, starts_at=soon + timedelta(hours=1), duration_minutes=30
    )
    end = link(show).expires_at
    assert end is not None
    assert timedelta(0) < soon - end <= timedelta(seconds=2)


def test_a_plan_that_is_over_holds_up_nobody(show: Breakout) -> None:
    past = database_now() - timedelta(days=7)
    rows.breakout("idle", stage.channel(), starts_at=past, duration_minutes=30)
    end = link(show).expires_at
    assert end is not None
    assert end - database_now() > timedelta(minutes=50)


def test_while_the_next_show_waits_it_lasts_minutes(show: Breakout) -> None:
    due = database_now() - timedelta(minutes=1)
    rows.breakout("idle", stage.channel(), starts_at=due, duration_minutes=30)
    end = link(show).expires_at
    assert end is not None
    assert end - database_now() <= timedelta(minutes=5)


@pytest.mark.parametrize("seconds", [0, -1, "60", 1.5, True])
def test_a_wrong_time_names_the_field(show: Breakout, api: Api, seconds: Any) -> None:
    status, body = api.post(f"breakouts/{show.pk}/playback", {"expires_in_seconds": seconds})
    assert (status, body["errors"][0]["field"]) == (422, "expires_in_seconds")


# --- the curtain -----------------------------------------------------------------------------


def test_a_lowered_curtain_withholds_new_signatures_and_the_old_ones_are_said_to_last(
    world: WorldUnderTest, show: Breakout, api: Api, operator: Client
) -> None:
    given = link(show)
    link(show, 60)  # a shorter one does not hide the longer one
    services.breakout_curtain(show, False, who=TESTER)
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert (status, body["state"], body["possible"]) == (409, "running", ["curtain"])
    assert "curtain is lowered" in body["detail"]
    assert signed.plays(world, given.url, given.query) == ALL
    assert given.expires_at is not None
    page = operator.get(f"/admin/channels_app/breakout/{show.pk}/change/").content.decode()
    until = given.expires_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    assert f"Links already given out play until {until}." in page


# Without playback, by the breakout's state, on an idle channel.
POSSIBLE = {
    "idle": ["prepare", "start", "curtain", "cancel", "schedule", "edit"],
    "starting": ["prepare", "curtain", "stop", "cancel", "schedule", "edit"],
    "stopping": ["curtain", "stop", "edit"],
    "completed": ["edit"],
    "cancelled": ["edit"],
    "failed": ["prepare", "start", "curtain", "stop", "edit"],
}


@pytest.mark.parametrize("state", ["idle", "starting", "stopping", "completed", "cancelled", "failed"])
def test_what_does_not_run_has_no_link(api: Api, state: str) -> None:
    row = rows.breakout(state, curtain_raised=True)
    status, body = api.post(f"breakouts/{row.pk}/playback")
    assert (status, body["state"]) == (409, state)
    row = rows.breakout(state, rows.channel("idle"), curtain_raised=True)
    assert api.post(f"breakouts/{row.pk}/playback")[1]["possible"] == POSSIBLE[state]


def test_a_curtain_lowered_meanwhile_wins(show: Breakout, monkeypatch: pytest.MonkeyPatch) -> None:
    real = signing.sign

    def and_lower(*given: Any) -> Any:
        Breakout.objects.update(curtain_raised=False)
        return real(*given)

    monkeypatch.setattr("distributions.signing.sign", and_lower)
    with pytest.raises(NotPossible, match="curtain is lowered"):
        link(show)
    assert Breakout.objects.get(pk=show.pk).signed_until is None


# --- keys ------------------------------------------------------------------------------------


def test_without_a_key_it_says_what_to_set(settings: Any, show: Breakout, api: Api) -> None:
    settings.CLOUDFRONT_PRIVATE_KEY = ""
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 409
    assert "CLOUDFRONT_PRIVATE_KEY" in body["detail"]
    assert (check(show).ok, check(show).detail) == (False, body["detail"])


def test_a_key_that_the_group_lacks_never_signs(
    world: WorldUnderTest, settings: Any, show: Breakout, api: Api
) -> None:
    signed.key_group(world, signed.key_in_cloudfront(world, 1), id=settings.CLOUDFRONT_KEY_GROUP_ID)
    observe_viewer_keys()
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 409
    assert "lacks the public key" in body["detail"]
    assert check(show).ok is False


def test_a_key_of_another_pair_never_signs(settings: Any, show: Breakout, api: Api) -> None:
    settings.CLOUDFRONT_PRIVATE_KEY = pem(1)
    observe_viewer_keys()
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 409
    assert "not the private half" in body["detail"]
    assert check(show).ok is False


def test_a_distribution_with_another_key_group_is_told(
    world: WorldUnderTest, settings: Any, show: Breakout, api: Api
) -> None:
    old = settings.CLOUDFRONT_KEY_GROUP_ID
    settings.CLOUDFRONT_KEY_GROUP_ID = signed.key_group(world, settings.CLOUDFRONT_PUBLIC_KEY_ID)
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 409
    assert old in body["detail"]
    assert settings.CLOUDFRONT_KEY_GROUP_ID in body["detail"]
    assert check(show).ok is False


def test_a_distribution_without_the_key_group_is_not_ready(
    world: WorldUnderTest, settings: Any, api: Api
) -> None:
    stage.with_show(world)
    services.breakout_curtain(stage.breakout(), True, who=TESTER)
    signed.make_keys(world)
    signed.trust(settings)
    assert check(stage.breakout()).ok is False
    assert "asks for no signatures" in check(stage.breakout()).detail


def test_where_no_key_group_is_in_play_there_is_no_check(world: WorldUnderTest) -> None:
    stage.with_show(world)
    assert check(stage.breakout()) is None


def test_all_that_fits_is_ready(show: Breakout) -> None:
    assert check(show).ok is True
    assert check(show).observed_at is not None
    ViewerKey.objects.update(observed_at=database_now() - timedelta(hours=2))
    assert (check(show).ok, check(show).observed_at) == (None, None)


def test_what_could_not_be_read_is_said_and_what_was_known_stays(
    world: WorldUnderTest, show: Breakout
) -> None:
    world.control.fault("cloudfront:GetKeyGroup", "access_denied")
    observe_viewer_keys()
    assert check(show).ok is None
    assert "could not be checked" in check(show).detail
    assert Job.objects.get(name="observe_viewer_keys").error
    assert link(show).query  # AWS's silence stops no show
    world.control.clear_faults()
    observe_viewer_keys()
    assert check(show).ok is True


# --- rotation --------------------------------------------------------------------------------


def test_a_rotation_has_no_gap(world: WorldUnderTest, settings: Any, show: Breakout) -> None:
    """As docs/operators.md describes it: every link that was given out plays until it ends."""
    first, group = settings.CLOUDFRONT_PUBLIC_KEY_ID, settings.CLOUDFRONT_KEY_GROUP_ID
    given = [link(show)]
    second = signed.key_in_cloudfront(world, 1)
    settings.CLOUDFRONT_PUBLIC_KEY_ID_NEXT, settings.CLOUDFRONT_PRIVATE_KEY_NEXT = second, pem(1)
    observe_viewer_keys()
    given.append(link(show))
    assert f"The next key {second} signs once the key group has it" in check(show).detail
    signed.key_group(world, first, second, id=group)
    observe_viewer_keys()
    given.append(link(show))
    assert f"The next key {second} signs from " in check(show).detail
    assert all(f"Key-Pair-Id={first}" in each.query for each in given)  # not every edge may know it yet
    ViewerKey.objects.filter(key_id=second).update(in_group_since=database_now() - timedelta(minutes=15))
    observe_viewer_keys()
    given.append(link(show))
    assert f"Key-Pair-Id={second}" in given[-1].query
    for each in given:
        assert signed.plays(world, each.url, each.query) == ALL
    assert f"The last link of the key {first} ends at " in check(show).detail
    assert signed.viewer_key(first).signed_until == max(
        each.expires_at for each in given[:3] if each.expires_at
    )
    # Once the last signature of the first key has ended, the group goes without it.
    signed.key_group(world, second, id=group)
    settings.CLOUDFRONT_PUBLIC_KEY_ID, settings.CLOUDFRONT_PRIVATE_KEY = second, pem(1)
    settings.CLOUDFRONT_PUBLIC_KEY_ID_NEXT = settings.CLOUDFRONT_PRIVATE_KEY_NEXT = ""
    observe_viewer_keys()
    assert signed.plays(world, given[0].url, given[0].query) == DENIED
    assert signed.plays(world, link(show).url, link(show).query) == ALL


def test_a_forgotten_key_keeps_its_row_until_its_last_signature_has_ended(
    settings: Any, show: Breakout
) -> None:
    first = settings.CLOUDFRONT_PUBLIC_KEY_ID
    link(show)
    settings.CLOUDFRONT_PUBLIC_KEY_ID = settings.CLOUDFRONT_PRIVATE_KEY = ""
    observe_viewer_keys()
    assert ViewerKey.objects.filter(key_id=first).exists()
    ViewerKey.objects.update(signed_until=database_now() - timedelta(seconds=1))
    observe_viewer_keys()
    assert not ViewerKey.objects.exists()


def test_a_key_in_secrets_manager_is_read_once_and_no_request_calls_aws(
    world: WorldUnderTest, settings: Any, show: Breakout, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "_read", {})
    settings.CLOUDFRONT_PRIVATE_KEY = world.control.console("secretsmanager", "put_secret", text=pem(0))[
        "arn"
    ]
    world.control.clear_calls()
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert (status, world.counts()) == (409, {})
    assert "has not been read from Secrets Manager yet" in body["detail"]
    assert check(show).ok is None
    assert signing_keys.read_secrets()
    assert world.counts() == {"secretsmanager:GetSecretValue": 1}
    status, body = api.post(f"breakouts/{show.pk}/playback")
    assert status == 200
    assert signed.plays(world, body["url"], body["signed_url"].partition("?")[2]) == ALL
    observe_viewer_keys()
    assert check(show).ok is True


def test_a_secret_that_cannot_be_read_keeps_the_key_that_was_read(
    world: WorldUnderTest, settings: Any, show: Breakout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "_read", {})
    arn = world.control.console("secretsmanager", "put_secret", text=pem(0))["arn"]
    settings.CLOUDFRONT_PRIVATE_KEY = arn
    assert signing_keys.read_secrets()
    world.control.console("secretsmanager", "put_secret", arn=arn, text="no key")
    assert not signing_keys.read_secrets()
    world.control.console("secretsmanager", "delete_secret", arn=arn)
    assert not signing_keys.read_secrets()
    assert link(show).query


# --- what is kept and shown ------------------------------------------------------------------


def test_the_audit_has_who_got_a_link_until_when_and_no_signature(show: Breakout, api: Api) -> None:
    body = api.post(f"breakouts/{show.pk}/playback")[1]
    entry = AuditEntry.objects.filter(verb="playback_breakout").latest("pk")
    assert (entry.actor_name, entry.outcome, entry.object_id) == ("event-site", "done", show.pk)
    until = moment(body["expires_at"]).strftime("%Y-%m-%d %H:%M:%S UTC")
    assert entry.detail == f"signed until {until}"
    assert body["signed_url"].partition("Signature=")[2][:40] not in str(vars(entry))


def test_the_private_key_is_in_no_page_no_log_and_no_row(
    show: Breakout, api: Api, superuser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    observe_viewer_keys()
    api.post(f"breakouts/{show.pk}/playback")
    inside = pem(0).splitlines()[3]
    pages = [
        f"/admin/channels_app/breakout/{show.pk}/change/",
        f"/admin/distributions/distribution/{Distribution.objects.get().pk}/change/",
    ]
    shown = "".join(superuser.get(page).content.decode() for page in pages)
    kept = str(rows.everything()) + str(list(AuditEntry.objects.values()))
    assert inside not in shown + kept + caplog.text


# --- the page --------------------------------------------------------------------------------


def test_an_operator_gets_the_link_on_the_page_with_its_end(
    world: WorldUnderTest, show: Breakout, operator: Client
) -> None:
    url = reverse("admin:channels_app_breakout_do", args=[show.pk, "playback"])
    asked = operator.get(url).content.decode()
    assert "Whoever has the link can watch until it expires" in asked
    answer = operator.post(url, {"minutes": "5"})
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    page = answer.content.decode()
    assert "Expires" in page
    query = page.partition("Policy=")[2].partition("<")[0].replace("&amp;", "&")
    assert signed.plays(world, link(show).url, f"Policy={query}") == ALL
    entry = AuditEntry.objects.filter(verb="playback_breakout", actor_name="operator").latest("pk")
    assert entry.detail.startswith("signed until")


def test_a_viewer_gets_neither_button_nor_signature(show: Breakout, viewer: Client) -> None:
    page = viewer.get(f"/admin/channels_app/breakout/{show.pk}/change/").content.decode()
    assert "Playback link" not in page.replace("press Playback link", "")
    assert "your role may not get playback links" in page
    assert (
        viewer.post(reverse("admin:channels_app_breakout_do", args=[show.pk, "playback"])).status_code == 403
    )
    assert viewer.post(reverse("admin:channels_app_breakout_sign", args=[show.pk])).status_code == 403


def test_the_preview_asks_for_its_signature_when_it_plays(
    world: WorldUnderTest, show: Breakout, operator: Client
) -> None:
    sign = reverse("admin:channels_app_breakout_sign", args=[show.pk])
    page = operator.get(f"/admin/channels_app/breakout/{show.pk}/change/").content.decode()
    assert f'data-sh-preview-sign="{sign}"' in page
    assert "Policy=" not in page
    assert operator.get(sign).status_code == 405
    answer = operator.post(sign).json()
    assert signed.plays(world, link(show).url, answer["query"]) == ALL
    services.breakout_curtain(show, False, who=TESTER)
    refused = operator.post(sign)
    assert (refused.status_code, "curtain is lowered" in refused.json()["detail"]) == (409, True)
