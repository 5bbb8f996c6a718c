"""Alarms in the console: the list, the page with its log, and the verbs by role."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_app.models import Channel
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm
from streamhub.console import paging
from tests.scenarios import rows
from tests.scenarios.well import all_well


@pytest.fixture
def broken(db: None) -> Channel:
    """A channel with an error, and nothing else that is wrong."""
    all_well()
    return rows.channel("starting", name="Grand hall", **rows.ERROR, error_at=timezone.now())


@pytest.fixture
def alarm(broken: Channel) -> Alarm:
    evaluation.evaluate()
    return Alarm.objects.get()


def do(alarm: Alarm, verb: str) -> str:
    return reverse("admin:alerts_alarm_do", args=[alarm.pk, verb])


def text(client: Client, url: str, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == 200, url
    return html.unescape(response.content.decode())


LIST = "/admin/alerts/alarm/"


def test_the_list_is_true_although_no_job_has_run(viewer: Client, broken: Channel) -> None:
    page = text(viewer, LIST, view="open")
    assert "The channel Grand hall has an error: Rate exceeded." in page
    Channel.objects.update(error_code="")
    Alarm.objects.update(opened_at=Now() - timedelta(seconds=5))
    assert "Grand hall" not in text(viewer, LIST, view="open")
    assert "Grand hall" in text(viewer, LIST)


def test_the_list_can_be_filtered(viewer: Client, alarm: Alarm) -> None:
    for query, shown in [
        ({"severity": "warning"}, True),
        ({"severity": "critical"}, False),
        ({"rule": "channel_error"}, True),
        ({"rule": "start_late"}, False),
        ({"view": "unseen"}, True),
        ({"q": "grand"}, True),
    ]:
        found = list(viewer.get(LIST, query).context["cl"].result_list)
        assert (found == [alarm]) is shown, query


def test_what_is_critical_comes_first_of_what_is_open(viewer: Client, broken: Channel) -> None:
    # Opened after the list is asked for, so that it is not stored as over.
    soon = timezone.now() + timedelta(hours=1)
    rows = [("broker", "critical"), ("Hall", "warning"), ("Foyer", "critical"), ("Room", "warning")]
    for name, severity in rows:
        about = {"kind": "broker" if name == "broker" else "channel", "object_id": name, "name": name}
        Alarm.objects.create(
            rule="made_up", severity=severity, since=soon, opened_at=soon, detail="Dark.", **about
        )
    Alarm.objects.filter(name="broker").update(resolved_at=soon)
    found = list(viewer.get(LIST, {"rule": "made_up"}).context["cl"].result_list)
    assert [row.about for row in found] == ["channel Foyer", "channel Room", "channel Hall", "broker"]


def test_pages_far_back_are_found_in_an_order_without_a_key(
    viewer: Client, broken: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 60)
    about = {"rule": "made_up", "kind": "channel", "name": "Hall", "severity": "warning", "detail": "Dark."}
    over = timezone.now() + timedelta(hours=1)
    Alarm.objects.bulk_create(
        Alarm(object_id=str(n), since=over, resolved_at=over, **about) for n in range(151)
    )
    found, url = set(), LIST
    for _page in range(4):
        listed = viewer.get(url).context["cl"]
        found |= {row.pk for row in listed.result_list}
        url = f"{LIST}{paging.place(listed).after}"
    assert found == set(Alarm.objects.values_list("pk", flat=True))


def test_an_operator_acknowledges_with_a_note_that_everybody_sees(
    operator: Client, viewer: Client, alarm: Alarm
) -> None:
    assert "What you found or will do" in text(operator, do(alarm, "acknowledge"))
    operator.post(do(alarm, "acknowledge"), {"note": "AWS support is on it"})
    for url in (reverse("admin:index"), reverse("admin:alerts_alarm_change", args=[alarm.pk])):
        page = text(viewer, url)
        assert "AWS support is on it" in page
        assert "staff:operator" in page
    assert "acknowledged: AWS support is on it" in text(
        viewer, reverse("admin:alerts_alarm_change", args=[alarm.pk])
    ), "the log has it"


def test_an_operator_takes_an_alarm_once(operator: Client, alarm: Alarm) -> None:
    operator.post(do(alarm, "take"))
    alarm.refresh_from_db()
    assert (alarm.owner, alarm.acknowledged_by) == ("operator", "staff:operator")
    assert "operator has it" in text(operator, reverse("admin:index"))


def test_an_operator_silences_for_a_time(operator: Client, alarm: Alarm) -> None:
    refused = operator.post(do(alarm, "silence"), {"minutes": "7"})
    assert refused.status_code == 422
    operator.post(do(alarm, "silence"), {"minutes": "60"})
    alarm.refresh_from_db()
    assert alarm.silenced_until is not None
    assert timedelta(minutes=59) < alarm.silenced_until - timezone.now() < timedelta(minutes=61)
    assert "<span>silenced</span>" in text(operator, LIST)
    Alarm.objects.update(silenced_until=Now() - timedelta(seconds=1))
    assert "<span>open</span>" in text(operator, LIST)


@pytest.mark.parametrize("verb", ["acknowledge", "take", "silence"])
def test_a_viewer_may_look_only(viewer: Client, alarm: Alarm, verb: str) -> None:
    assert viewer.post(do(alarm, verb), {"minutes": "60"}).status_code == 403
    assert do(alarm, verb) not in text(viewer, reverse("admin:alerts_alarm_change", args=[alarm.pk]))


def test_a_resolved_alarm_refuses_and_says_why(operator: Client, alarm: Alarm) -> None:
    Alarm.objects.update(resolved_at=Now())
    assert "its reason is gone" in text(operator, do(alarm, "acknowledge"))
    after = operator.post(do(alarm, "acknowledge"), {"note": ""}, follow=True)
    assert "its reason is gone" in html.unescape(after.content.decode())


def test_several_are_acknowledged_at_once(operator: Client, alarm: Alarm) -> None:
    operator.post(reverse("admin:alerts_alarm_bulk", args=["acknowledge"]), {"_selected_action": [alarm.pk]})
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == "staff:operator"


def test_the_dashboard_offers_to_acknowledge(operator: Client, alarm: Alarm) -> None:
    assert do(alarm, "acknowledge") in text(operator, reverse("admin:index"))


def test_rows_with_an_alarm_are_marked_in_their_list(viewer: Client, alarm: Alarm, broken: Channel) -> None:
    rows.channel("idle", name="Quiet room")
    mark = "There is an alarm about it"
    assert text(viewer, reverse("admin:channels_app_channel_changelist")).count(mark) == 1
    states = reverse("admin:channels_app_channel_rows")
    assert mark in text(viewer, states)
    Alarm.objects.update(resolved_at=Now())
    assert mark not in text(viewer, states)


def test_the_dashboard_lists_some_and_counts_all(viewer: Client, broken: Channel) -> None:
    for number in range(20):
        rows.channel("starting", name=f"Room {number}", **rows.ERROR, error_at=timezone.now())
    page = text(viewer, reverse("admin:index"))
    assert "21 alarms" in page
    assert page.count("sh-alarm-said") == 15
    assert "6 more alarms" in page


def test_the_page_of_an_alarm_is_headed_by_words_and_no_code(viewer: Client, alarm: Alarm) -> None:
    page = text(viewer, reverse("admin:alerts_alarm_change", args=[alarm.pk]))
    assert f"<span>Channel error: {alarm.name}</span></h2>" in page
