"""The control room, Live now, and the stop of a live show."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_app.admin.encoders import destinations, for_ffmpeg
from channels_app.ingest import IngestUrl
from channels_app.models import Breakout, Channel
from channels_app.traffic import last_minutes, traffic_of
from streamhub.access.actors import system_actor
from streamhub.access.services import token_issue
from streamhub.alerts import evaluation, services
from streamhub.alerts.models import open_alarms
from tests.scenarios import rows
from tests.scenarios.live_shows import live_show, unplugged

pytestmark = pytest.mark.django_db


def room(client: Client, show: Breakout) -> str:
    return client.get(reverse("admin:channels_app_breakout_control", args=[show.pk])).content.decode()


def shows_of(client: Client) -> list[str]:
    """The names on Live now, in their order."""
    page = client.get(reverse("admin:live_now_rows")).content.decode()
    return [part.partition("<")[0].partition(">")[2] for part in page.split('class="sh-show-name"')[1:]]


# --- the control room ----------------------------------------------------------------------------


def test_what_is_not_possible_says_why_on_its_button_and_what_to_do_instead(operator: Client) -> None:
    page = room(operator, live_show(1))
    assert 'id="why-start"' in page
    assert "It is running already. <b>Instead: Stop.</b>" in page
    assert "/do/stop/?from=control" in page


def test_a_show_whose_channel_is_taken_is_told_to_take_over(operator: Client) -> None:
    live = live_show(1)
    page = room(operator, rows.breakout("idle", live.channel, name="Next talk"))
    assert "<b>Instead: Take over or stop the other breakout.</b>" in page


VERBS = {"Start": "start", "Retry": "retry", "Stop": "stop", "Take over": "take-over", "Edit": "edit"}
VERBS |= {"Raise curtain": "raise", "Lower curtain": "lower", "Duplicate": "duplicate", "Cancel": "cancel"}


@pytest.mark.parametrize("channel", ["idle", "provisioning", "failed", "deleting"])
@pytest.mark.parametrize("state", ["idle", "stopping", "completed", "cancelled", "failed"])
def test_what_a_button_names_instead_is_possible(operator: Client, state: str, channel: str) -> None:
    desired = "deleted" if channel == "deleting" else "idle"
    show = rows.breakout(state, rows.channel(channel, desired=desired))
    page = room(operator, show)
    for label in re.findall(r"<b>Instead: (.+?)\.</b>", page):
        if label in ("retry the channel", "stop the other breakout"):  # done elsewhere
            continue
        link = f"/breakout/{show.pk}/do/{VERBS[label]}/"
        assert link in page or label in ("Edit", "Duplicate"), label
        assert operator.get(f"/admin/channels_app{link}").status_code == 200
        assert "Not possible now" not in operator.get(f"/admin/channels_app{link}").content.decode(), label


@pytest.mark.parametrize("state", ["idle", "failed", "cancelled"])
def test_no_time_is_left_of_a_show_that_is_not_on_air(operator: Client, state: str) -> None:
    """A show of 45 minutes that is planned in two hours has not 2:45:00 left."""
    begins = timezone.now() + timedelta(hours=2)
    show = rows.breakout(state, rows.channel(), starts_at=begins, duration_minutes=45)
    assert 'data-sh-time="left"' not in room(operator, show)
    assert "it is not on air" in room(operator, show)


def test_a_failed_show_is_helped_by_retry(operator: Client) -> None:
    show = rows.breakout("failed", rows.channel("failed"))
    page = room(operator, show)
    assert page.count("<b>Instead: Retry.</b>") == 3  # start, take over, playback link


def test_an_operator_copies_what_the_encoder_needs_and_a_viewer_sees_no_key(
    operator: Client, viewer: Client
) -> None:
    show = live_show(1)
    assert "Stream Key: live-1" in room(operator, show)
    page = room(viewer, show)
    assert "live-1" not in page
    assert "/do/" not in page


def test_the_texts_for_encoders() -> None:
    rtmp = IngestUrl("rtmp://192.0.2.1:1935/show/a b", "rtmp://192.0.2.1:1935/show", "a b", 0, True)
    rtp = IngestUrl("rtp://192.0.2.1:5000", "rtp://192.0.2.1:5000", None, 1, False)
    (only,) = destinations([rtmp, rtp])
    assert only.obs == "Service: Custom\nServer: rtmp://192.0.2.1:1935/show\nStream Key: a b"
    assert only.ffmpeg.endswith("-f flv 'rtmp://192.0.2.1:1935/show/a b'")
    assert for_ffmpeg(rtp).endswith("-f rtp_mpegts rtp://192.0.2.1:5000")


def test_viewers_are_said_to_be_an_estimate_and_nothing_published_is_not_zero(operator: Client) -> None:
    page = room(operator, live_show(1, viewers=100))
    assert "about 100" in page
    assert "estimated from 3,000 requests" in page
    silent = rows.breakout("running", rows.channel("running"))
    assert "That is not zero." in room(operator, silent)


def test_charts_have_axes_units_and_mark_what_is_provisional(operator: Client) -> None:
    page = room(operator, live_show(1))
    for text in ("bytes per minute", "requests per minute", "time (UTC)", "provisional: may still change"):
        assert text in page
    assert 'class="sh-bar-open"' in page


def test_alarms_about_the_show_have_their_owner_and_note(operator: Client) -> None:
    show = live_show(1)
    Channel.objects.update(**rows.ERROR, error_at=timezone.now())
    evaluation.evaluate()
    services.alarm_acknowledge(
        open_alarms().get(rule="channel_error"), who=system_actor("anna"), note="On it."
    )
    page = room(operator, show)
    assert "acknowledged by anna" in page
    assert "On it." in page


def test_an_error_is_said_once_where_its_button_is(operator: Client) -> None:
    show = live_show(1)
    reasons = [{"path": "inputAttachments", "message": "not found"}]
    Channel.objects.update(**rows.ERROR, error_at=timezone.now(), error_validation=reasons)
    page = room(operator, show)
    alarms = page.partition('class="sh-alarms')[2].partition("</section>")[0]
    for said in (
        rows.ERROR["error_message"],
        rows.ERROR["error_request_id"],
        "inputAttachments",
        ">Retry …<",
    ):
        assert said in alarms
    assert 'class="sh-error"' not in page
    assert page.count(rows.ERROR["error_hint"]) == 1
    Channel.objects.update(state="idle")
    Breakout.objects.update(state="failed", **rows.ERROR)
    page = room(operator, show)
    assert 'class="sh-error"' in page
    assert page.count(rows.ERROR["error_hint"]) == 1


def test_a_verb_of_the_control_room_returns_there(operator: Client) -> None:
    show = live_show(1)
    url = reverse("admin:channels_app_breakout_do", args=[show.pk, "lower"])
    response = operator.post(f"{url}?from=control")
    assert response["Location"] == reverse("admin:channels_app_breakout_control", args=[show.pk])
    assert operator.post(f"{url}?from=https://example.org/")["Location"].endswith("/change/")


# --- Live now --------------------------------------------------------------------------------------


def test_what_is_wrong_comes_first(operator: Client) -> None:
    shows = [live_show(n, minutes=50 - n) for n in range(1, 4)]
    assert shows_of(operator) == ["Talk number 1", "Talk number 2", "Talk number 3"]
    assert shows[2].channel is not None
    unplugged(shows[2].channel, timezone.now() - timedelta(minutes=2))
    assert shows_of(operator)[0] == "Talk number 3"


def test_shows_come_and_go(operator: Client) -> None:
    show = live_show(1)
    url = reverse("admin:live_now_rows")
    seen = operator.get(url)["ETag"]
    Breakout.objects.filter(pk=show.pk).update(state="completed")
    assert b"Nothing is on air." in operator.get(url, headers={"If-None-Match": seen}).content


# --- traffic ---------------------------------------------------------------------------------------


def test_two_shows_of_one_minute_share_it() -> None:
    show = live_show(1, viewers=100)
    before = last_minutes([show])[show.pk]
    attachment = show.attachments.get()
    attachment.ended_at = before.start + timedelta(seconds=30)
    attachment.save()
    Breakout.objects.filter(pk=show.pk).update(state="stopping")
    other = rows.breakout("running", show.channel)
    assert {each.requests for each in traffic_of([show])[show.pk]} == {3000}
    known = {"aws_distribution_id": attachment.aws_distribution_id, "started_at": attachment.ended_at}
    other.attachments.create(**known)
    both = traffic_of([show, other])
    shared = [each.requests for row in (show, other) for each in both[row.pk] if each.start == before.start]
    assert shared == [1500, 1500]


def test_the_api_estimates_viewers_of_what_is_on_air(client: Client) -> None:
    show = live_show(1, viewers=100)
    idle = rows.breakout("idle")
    token = token_issue("event-site", ["breakouts:read"], timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"}
    found = {row["id"]: row for row in client.get("/api/v1/breakouts", headers=headers).json()["items"]}
    assert found[str(show.pk)]["viewers_estimate"] == 100
    assert found[str(idle.pk)]["viewers_estimate"] is None


# --- the stop of a live show -----------------------------------------------------------------------


def test_stopping_a_live_show_names_what_is_at_stake_and_has_to_be_typed(operator: Client) -> None:
    show = live_show(1, viewers=100, minutes=40)
    url = reverse("admin:channels_app_breakout_do", args=[show.pk, "stop"])
    page = operator.get(url).content.decode()
    assert "It is live on the channel Studio 1, for 40 min now." in page
    assert "About 100 viewers watched in the minute" in page
    for typed in ("", "Stop it", "stop 1"):
        operator.post(url, {"typed": typed})
        show.refresh_from_db()
        assert show.state == "running", typed
    operator.post(url, {"typed": " stop "})
    show.refresh_from_db()
    assert show.state == "stopping"


def test_a_show_that_is_not_live_is_stopped_without_typing(operator: Client) -> None:
    show = rows.breakout("starting", rows.channel("starting"))
    operator.post(reverse("admin:channels_app_breakout_do", args=[show.pk, "stop"]))
    show.refresh_from_db()
    assert show.state in ("stopping", "cancelled", "completed")


@pytest.mark.parametrize(("typed", "state"), [("", "running"), ("stop", "running"), ("stop 1", "stopping")])
def test_the_list_asks_to_type_also_for_one_show(operator: Client, typed: str, state: str) -> None:
    show = live_show(1)
    url = reverse("admin:channels_app_breakout_bulk", args=["stop"])
    operator.post(url, {"_selected_action": show.pk, "typed": typed})
    show.refresh_from_db()
    assert show.state == state


def test_live_now_takes_as_many_queries_for_twelve_shows_as_for_two(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(reverse("admin:live_now_rows"))
        return len(captured)

    for n in range(2):
        live_show(n, minutes=6)
    queries()
    of_two = queries()
    for n in range(2, 12):
        live_show(n, minutes=6)
    assert queries() == of_two
