"""The search: what a pasted text names, and the page and palette that answer it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from streamhub.access.audit_entry import AuditEntry
from streamhub.alerts.models import Alarm
from streamhub.alerts.rules import Severity
from streamhub.console.pasted import MOST, named_in, tags_in
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows

UID = "6122bff9ea5e4accb72e65a2b506d3bf"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Opening keynote", ["Opening keynote"]),
        ("Day 2", ["Day 2"]),
        ("arn:aws:medialive:eu-central-1:111122223333:channel:1234567", ["1234567"]),
        ("https://d111abc.cloudfront.net/out/v1/0a1b/index.m3u8?Key-Pair-Id=K2", ["d111abc.cloudfront.net"]),
        ("it says <https://d111abc.cloudfront.net/x> is broken!", ["d111abc.cloudfront.net"]),
        (f"rtmp://198.51.100.7:1935/{UID}/a", [UID]),
        ("Distribution E1ABCDEFGH23 (d9.cloudfront.net)\nis off.", ["E1ABCDEFGH23", "d9.cloudfront.net"]),
        ("RequestId: 0f8fad5b-d9cb-469f-a165-70867728950e", ["0f8fad5b-d9cb-469f-a165-70867728950e"]),
        ("http://[::1", []),
        ("x" * 9000, []),
    ],
    ids=["words", "number", "arn", "playback", "complaint", "ingest", "e-mail", "request", "no-url", "long"],
)  # fmt: skip
def test_a_pasted_text_names_ids_and_domains(text: str, named: list[str]) -> None:
    found = named_in(text)
    assert set(named) <= set(found)
    if len(text.split()) < 3 and not named:
        assert found[0] in text
        assert len(found) == 1


def test_a_long_text_is_looked_at_only_so_far() -> None:
    assert len(named_in(" ".join(f"E1ABCDEF{n:04}" for n in range(400)))) == MOST


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("team=events", [("team", "events")]),
        ("cost centre = R D", [("cost centre", "R D")]),
        ("see team=events, room=12", [("team", "events"), ("room", "12")]),
        ("https://x.example/?a=b", []),
        ("=", []),
    ],
    ids=["one", "spaces", "two", "url", "empty"],
)
def test_tags_are_named_as_key_and_value(text: str, tags: list[tuple[str, str]]) -> None:
    assert set(tags) <= set(tags_in(text))
    assert tags or tags_in(text) == []


@pytest.fixture
def hall() -> Any:
    distribution = rows.distribution(aws_distribution_id="E1ABCDEFGH23", domain_name="d111abc.cloudfront.net")
    channel = rows.channel(
        name="Grand hall",
        ml_channel_id="1234567",
        uid=UID,
        tags={"team": "events", "contains": "everything"},
        distribution=distribution,
    )
    rows.channel(name="Small room", tags={"team": "sales"})
    return channel


def answer(client: Client, text: str, *, palette: bool = False) -> str:
    headers = {"HX-Request": "true"} if palette else {}
    return client.get(reverse("admin:search"), {"s": text}, headers=headers).content.decode()


def links_of(page: str) -> list[str]:
    return re.findall(r'href="([^"]+)"', page)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:medialive:eu-central-1:111122223333:channel:1234567",
        f"rtmp://198.51.100.7:1935/{UID}/a",
        "https://d111abc.cloudfront.net/out/v1/0a1b2c3d4e/index.m3u8",
        "The distribution E1ABCDEFGH23 is disabled.",
        "team=events",
        "contains=everything",  # a tag's key that is also the name of a lookup
        "hall",
    ],
    ids=["arn", "ingest", "playback", "e-mail", "tag", "odd-tag", "name"],
)
@pytest.mark.parametrize("palette", [True, False], ids=["palette", "page"])
def test_a_channel_is_found_by_what_people_paste(
    superuser: Client, hall: Any, text: str, palette: bool
) -> None:
    page = answer(superuser, text, palette=palette)
    assert f"/admin/channels_app/channel/{hall.pk}/change/" in page
    assert "Small room" not in page


@pytest.mark.django_db
def test_a_hit_shows_its_state_of_now_and_its_verbs(superuser: Client, hall: Any) -> None:
    page = answer(superuser, "hall", palette=True)
    assert "channel, idle" in page
    assert f"/channel/{hall.pk}/do/delete/" in page
    type(hall).objects.filter(pk=hall.pk).update(state="running")
    assert "channel, running" in answer(superuser, "hall", palette=True)


@pytest.mark.django_db
def test_a_request_id_leads_to_what_it_changed(superuser: Client, as_role: Any, hall: Any) -> None:
    request_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    Transition.objects.create(
        resource_type="channel",
        resource_id=hall.pk,
        resource_name=hall.name,
        who="system",
        why="MediaLive says IDLE",
        to_state="idle",
        aws_request_id=request_id,
    )
    AuditEntry.objects.create(
        actor_kind="service", actor_name="site", verb="start", request_id="11fad5b0-aaaa", object_name="Hall"
    )
    assert "MediaLive says IDLE" in answer(superuser, f"RequestID: {request_id}")
    assert "/auditentry/?q=11fad5b0-aaaa" in answer(superuser, "11fad5b0-aaaa")
    assert "auditentry/?q=" not in answer(as_role("viewer"), "11fad5b0-aaaa")


@pytest.mark.django_db
def test_nothing_found_says_what_can_be_found(superuser: Client) -> None:
    assert "request ids" in answer(superuser, "zzyzx")
    assert "request ids" in answer(superuser, "zzyzx", palette=True)
    assert answer(superuser, "", palette=True) == ""


@pytest.mark.django_db
def test_the_first_hit_is_the_object_and_not_an_alarm_about_it(superuser: Client, hall: Any) -> None:
    """Enter opens the first hit; an alarm about the hall has its name too."""
    Alarm.objects.create(
        rule="channel_error",
        kind="channel",
        object_id=str(hall.pk),
        name=hall.name,
        severity=Severity.CRITICAL,
        detail="Grand hall has an error.",
        since=timezone.now(),
    )
    links = links_of(answer(superuser, "Grand", palette=True))
    assert "/channels_app/channel/" in links[0]
    assert "/alerts/alarm/" in links[-1]


@pytest.mark.django_db
def test_of_a_long_series_the_show_on_air_and_the_next_ones_are_found_first(superuser: Client) -> None:
    """Of a series most shows are far away, and those were planned last."""
    now = timezone.now()
    over = rows.breakout("completed", name="Morning show", starts_at=now - timedelta(days=1))
    live = rows.breakout("running", over.channel, name="Morning show", starts_at=now - timedelta(hours=1))
    series = [
        rows.breakout("idle", over.channel, name="Morning show", starts_at=now + timedelta(days=day))
        for day in range(1, 12)
    ]
    found = [link for link in links_of(answer(superuser, "Morning", palette=True)) if "/breakout/" in link]
    assert found == [f"/admin/channels_app/breakout/{row.pk}/change/" for row in [live, *series[:7]]]
