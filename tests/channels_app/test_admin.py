"""Channels and breakouts in the admin: their forms, and the curtain."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app.models import Breakout, Channel
from tests.scenarios import rows

GOOD = {
    "name": "Main stage",
    "input_type": "RTMP_PUSH",
    "allowed_cidrs": "203.0.113.7/32\n\n 198.51.100.0/24 ",
    "channel_class": "SINGLE_PIPELINE",
    "encoding_profile": "720p",
    "tags": "team=events\ncost = 4711",
}
ADD = "admin:channels_app_channel_add"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def test_the_form_creates_a_channel(staff: Client) -> None:
    response = staff.post(reverse(ADD), GOOD)
    row = Channel.objects.get()
    assert response["Location"] == reverse("admin:channels_app_channel_change", args=[row.pk])
    assert row.allowed_cidrs == ["198.51.100.0/24", "203.0.113.7/32"]
    assert row.tags == {"team": "events", "cost": "4711"}
    assert row.encoding_profile == "720p"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Fill this in"),
        ("name", "x" * 300, "at most 64"),
        ("name", "taken", "exists already"),
        ("allowed_cidrs", "", "1 to 10"),
        ("allowed_cidrs", "0.0.0.0/0", "whole world"),
        ("allowed_cidrs", "nonsense", "not a CIDR"),
        ("tags", "no equals sign", "key=value"),
        ("tags", "aws:x=1", "reserved"),
        ("record", "on", "RECORDING_BUCKET"),
        ("input_type", "PIGEON", "not in the list"),
    ],
)
def test_an_error_is_shown_at_its_field(
    staff: Client, settings: Any, field: str, value: str, message: str
) -> None:
    settings.RECORDING_BUCKET = ""
    rows.channel(name="taken")
    response = staff.post(reverse(ADD), {**GOOD, field: value})
    assert response.status_code == 422
    assert message in " ".join(response.context["form"].errors[field])
    assert Channel.objects.count() == 1


def test_opening_the_form_creates_nothing(staff: Client) -> None:
    assert staff.get(reverse(ADD), GOOD).status_code == 200
    assert not Channel.objects.exists()


def test_the_form_creates_a_breakout_on_its_channel(staff: Client) -> None:
    channel = rows.channel()
    url = reverse("admin:channels_app_breakout_add")
    assert f'value="{channel.pk}" selected' in staff.get(url, {"channel": channel.pk}).content.decode()
    data = {
        "channel": channel.pk,
        "name": "Keynote",
        "starts_at": "2030-01-02T10:30",
        "duration_minutes": "45",
    }
    staff.post(url, data)
    row = Breakout.objects.get()
    assert row.starts_at is not None
    assert (row.channel, row.starts_at.isoformat()) == (channel, "2030-01-02T10:30:00+00:00")


def test_a_breakout_needs_a_channel_that_is_not_being_deleted(staff: Client) -> None:
    data = {"channel": rows.channel("deleting").pk, "name": "x" * 200, "duration_minutes": "0"}
    response = staff.post(reverse("admin:channels_app_breakout_add"), data)
    assert "channel" in response.context["form"].errors
    data["channel"] = rows.channel().pk
    errors = staff.post(reverse("admin:channels_app_breakout_add"), data).context["form"].errors
    assert set(errors) == {"name", "duration_minutes"}


def test_the_playback_url_is_withheld_while_the_curtain_is_lowered(staff: Client) -> None:
    channel = rows.channel("running", distribution=rows.distribution())
    row = rows.breakout("running", channel)
    url = reverse("admin:channels_app_breakout_change", args=[row.pk])
    playback = f"https://{channel.distribution.domain_name}"  # type: ignore[union-attr]
    assert playback not in staff.get(url).content.decode()
    staff.post(reverse("admin:channels_app_breakout_do", args=[row.pk, "raise"]))
    assert playback in staff.get(url).content.decode()
