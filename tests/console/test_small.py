"""The console's pure functions, tokens and roles."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from streamhub.access.models import ApiToken
from streamhub.access.services import token_authenticate, token_issue
from streamhub.console import bar_chart, roles, sizes
from tests.scenarios.staff import As


@pytest.mark.parametrize(
    ("count", "human"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (1_234_567_890, "1.23 GB"),
        (48_234_567_890, "48.2 GB"),
        (10**15 * 5000, "5000 PB"),
        (-999, "-999 bytes"),
        (-7_000_000, "-7.00 MB"),
    ],
)
def test_byte_counts_are_readable(count: int, human: str) -> None:
    assert sizes.human_bytes(count) == human
    assert sizes.exact_bytes(count).startswith(f"{count:,} byte")


NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


def minutes(*amounts: int) -> list[bar_chart.Value]:
    return [bar_chart.Value(NOON + timedelta(minutes=n), amount) for n, amount in enumerate(amounts)]


def test_the_height_of_a_bar_is_its_share_of_the_axis() -> None:
    chart = bar_chart.chart(minutes(1_000, 4_000, 2_000))
    assert chart is not None
    assert chart.levels == [5_000, 2_500, 0]
    assert [bar.height / chart.height for bar in chart.bars] == [0.2, 0.8, 0.4]
    assert all(bar.y + bar.height == chart.height for bar in chart.bars)


@pytest.mark.parametrize(("amount", "top"), [(0, 1), (1, 1), (3, 5), (10, 10), (1_234, 2_000)])
def test_an_axis_ends_at_a_round_number(amount: int, top: int) -> None:
    assert bar_chart.round_up(amount) == top


def test_a_chart_of_nothing_is_none_and_of_zeroes_is_flat() -> None:
    assert bar_chart.chart([]) is None
    chart = bar_chart.chart(minutes(0, 0))
    assert chart is not None
    assert {bar.height for bar in chart.bars} == {0.0}


def test_a_minute_without_data_is_a_gap() -> None:
    first, _, third = minutes(1, 1, 1)
    chart = bar_chart.chart([first, third])
    assert chart is not None
    step = chart.width / bar_chart.MIN_SLOTS
    assert [bar.x for bar in chart.bars] == [0, 2 * step]


def test_ticks_are_evenly_spaced_and_show_their_time() -> None:
    chart = bar_chart.chart(minutes(*range(64)))
    assert chart is not None
    quarter = timedelta(minutes=16)
    assert [tick.at for tick in chart.ticks] == [NOON + n * quarter for n in range(4)]
    assert [tick.percent for tick in chart.ticks] == [0, 25, 50, 75]


def test_hourly_values_are_drawn_as_hours() -> None:
    hour = bar_chart.Value(NOON, 60, seconds=3600)
    chart = bar_chart.chart([hour, bar_chart.Value(NOON + timedelta(hours=1), 1)])
    assert chart is not None
    assert (chart.minutes, [bar.value.amount for bar in chart.bars]) == (60, [60, 1])


def test_a_long_chart_merges_minutes_and_loses_no_byte() -> None:
    chart = bar_chart.chart(minutes(*range(1000)))
    assert chart is not None
    assert len(chart.bars) <= bar_chart.MAX_BARS
    assert sum(bar.value.amount for bar in chart.bars) == sum(range(1000))
    assert chart.bars[-1].x + chart.bars[-1].width <= chart.width


def test_a_token_is_shown_once(as_role: As) -> None:
    engineer = as_role("engineer")
    data = {"name": "event-site", "scopes": ["channels:read"], "days": "30"}
    response = engineer.post(reverse("admin:access_apitoken_add"), data)
    assert response.status_code == 302
    shown = response["Location"]
    response = engineer.get(shown)
    plain = re.search(r'id="token">([^<]+)<', response.content.decode())
    assert plain is not None
    token = token_authenticate(plain[1])
    assert token is not None
    assert token.owner is not None
    assert "no-store" in response["Cache-Control"]
    page = engineer.get(reverse("admin:access_apitoken_change", args=[token.pk])).content.decode()
    assert plain[1] not in page
    again = engineer.get(shown).content.decode()
    assert "was shown once" in again
    assert plain[1] not in again
    assert ApiToken.objects.count() == 1


def test_nobody_else_is_shown_a_new_token(as_role: As) -> None:
    engineer, other = as_role("engineer"), as_role("superuser")
    data = {"name": "event-site", "scopes": ["channels:read"]}
    response = engineer.post(reverse("admin:access_apitoken_add"), data)
    other.cookies["new_token"] = response.cookies["new_token"].value
    assert "was shown once" in other.get(response["Location"]).content.decode()


def test_a_rotated_token_is_shown_once_too(as_role: As) -> None:
    row, _ = token_issue("event-site", ["channels:read"], None)
    engineer = as_role("engineer")
    url = reverse("admin:access_apitoken_do", args=[row.pk, "rotate"])
    response = engineer.post(url, {"overlap_hours": "2", "days": "30"}, follow=True)
    plain = re.search(r'id="token">([^<]+)<', response.content.decode())
    assert plain is not None
    new = token_authenticate(plain[1])
    assert new is not None
    assert (new.family, new.replaces) == (row.family, row)
    assert str(new.owner) == "engineer"
    row.refresh_from_db()
    assert row.expires_at is not None


def test_a_token_form_shows_errors_at_the_field(as_role: As) -> None:
    data = {"name": "two words", "scopes": ["channels:read"]}
    response = as_role("engineer").post(reverse("admin:access_apitoken_add"), data)
    assert response.status_code == 422
    assert "letters, digits" in response.context["form"].errors["name"][0]
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused(as_role: As) -> None:
    row, plain = token_issue("event-site", ["channels:read"])
    as_role("engineer").post(reverse("admin:access_apitoken_do", args=[row.pk, "revoke"]))
    assert token_authenticate(plain) is None


def test_operators_do_not_see_tokens(operator: Client) -> None:
    assert operator.get(reverse("admin:access_apitoken_changelist")).status_code == 403
    assert operator.get(reverse("admin:access_apitoken_add")).status_code == 403


def test_roles_are_seeded_and_seeded_again(db: None) -> None:
    assert roles.seed() == roles.seed() == ["viewer", "operator", "engineer"]
    sizes_of = [Group.objects.get(name=name).permissions.count() for name in roles.ROLES]
    assert sizes_of == sorted(sizes_of)


def test_no_role_can_raise_its_own_permissions() -> None:
    forbidden = ("auth.add_", "auth.change_", "auth.delete_")
    assert not [
        codename for table in roles.table().values() for codename in table if codename.startswith(forbidden)
    ]


@pytest.mark.parametrize("code", ["403", "404", "500", "403_csrf", "400"])
def test_error_pages_render_without_a_request(code: str) -> None:
    from django.template.loader import render_to_string

    assert "Go to the dashboard" in render_to_string(f"{code}.html")


def test_a_superuser_assigns_roles_and_an_engineer_may_only_view_them(as_role: As) -> None:
    anna = User.objects.create_user("anna", is_staff=True)
    url = reverse("admin:auth_user_change", args=[anna.pk])
    data = {"username": "anna", "is_active": "on", "is_staff": "on"}
    data["groups"] = str(Group.objects.get_or_create(name="operator")[0].pk)
    engineer = as_role("engineer")
    assert engineer.get(url).status_code == 200
    assert engineer.post(url, data).status_code == 403
    assert as_role("superuser").post(url, data).status_code == 302
    assert [group.name for group in anna.groups.all()] == ["operator"]
