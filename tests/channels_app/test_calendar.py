"""The calendar: days of zones, lanes, gaps, what is shown of whom, and how many queries it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.decide import calendar as layout
from channels_app.models import Breakout, Channel
from streamhub.clock import database_now
from tests.scenarios import rows
from tests.scenarios.staff import As

URL = "/admin/calendar/"
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@dataclass(frozen=True)
class Span:
    begins: datetime
    ends: datetime


def span(begins: str, ends: str, day: str = "2027-03-01") -> Span:
    return Span(at(f"{day}T{begins}"), at(f"{day}T{ends}"))


# --- time and places -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2027-03-27", 24), ("2027-03-28", 23), ("2027-10-31", 25)],
    ids=["ordinary", "short", "long"],
)
def test_a_day_has_as_many_hours_as_its_zone_gives_it(day: str, hours: int) -> None:
    found = layout.day_of(date.fromisoformat(day), BERLIN)
    assert len(layout.full_hours(found)) == hours
    assert f"{found.begins.astimezone(BERLIN):%Y-%m-%d %H:%M}" == f"{day} 00:00"


def test_a_week_begins_on_monday_and_has_no_hole() -> None:
    days = layout.week_of(date(2027, 3, 28), BERLIN)  # a Sunday
    assert [f"{day.date:%a}" for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert all(one.ends == other.begins for one, other in pairwise(days))


def test_overlapping_shows_get_lanes_of_their_own_and_touching_ones_do_not() -> None:
    a, b, c = span("10:00", "11:00"), span("10:30", "12:00"), span("11:00", "11:30")
    assert layout.lanes([b, c, a]) == [[a, c], [b]]
    assert layout.overlapping([a, c]) == set()
    assert layout.overlapping([a, b, c]) == {0, 1, 2}
    assert layout.lanes([]) == [[]]


def test_every_row_of_a_lane_is_covered_once() -> None:
    day = layout.day_of(date(2027, 3, 1), ZoneInfo("UTC"))
    shows = [
        span("00:00", "00:20"),
        span("09:10", "11:40"),
        Span(at("2027-03-01T23:30"), at("2027-03-02T02:00")),
    ]
    cuts = layout.cuts(day, shows)
    cells = layout.cells(day, shows, cuts)
    covered = [row for cell in cells for row in range(cell.row, cell.row + cell.rows)]
    assert covered == list(range(len(cuts) - 1))
    assert [cell.begins for cell in cells if cell.item] == [show.begins for show in shows]
    gaps = [f"{cell.begins:%H:%M}" for cell in cells if not cell.item]
    assert gaps[:2] == ["00:20", "01:00"]
    assert {"09:00", "11:40", "23:00"} <= set(gaps)
    assert "10:00" not in gaps


def test_the_first_free_hour_is_one_that_no_show_touches() -> None:
    day = layout.day_of(date(2027, 3, 1), ZoneInfo("UTC"))
    shows = [span("09:30", "10:00"), span("10:30", "11:00")]
    assert layout.first_free(day, shows, at("2027-03-01T09:00")) == at("2027-03-01T11:00")
    assert layout.first_free(day, shows, day.ends) is None


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def tomorrow() -> datetime:
    return database_now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)


def plan(channel: Channel, name: str, starts_at: datetime, minutes: int | None = 60, **more: Any) -> Breakout:
    return rows.breakout(channel=channel, name=name, starts_at=starts_at, duration_minutes=minutes, **more)


def shown(client: Client, **query: Any) -> str:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode()


def slots(html: str) -> list[str]:
    """The shows of the page: their text, without markup."""
    found = re.findall(r'<div class="sh-slot .*?</div>', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", slot).split()) for slot in found]


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["day", "week"])
def test_shows_have_time_state_as_a_word_and_what_overlaps(
    as_role: As, tomorrow: datetime, view: str
) -> None:
    hall = rows.channel(name="Main hall")
    plan(hall, "Keynote", tomorrow)
    plan(hall, "Workshop", tomorrow + HOUR / 2)
    plan(hall, "Later", tomorrow + 4 * HOUR, None)
    plan(rows.channel(name="Small hall"), "Elsewhere", tomorrow)
    plan(hall, "Gone", tomorrow, state="cancelled")
    html = shown(as_role("viewer"), view=view, day=tomorrow.date(), zone="UTC")
    found = slots(html)
    assert [text.split(" ")[0] for text in found].count("Keynote") == 1
    (keynote,) = [text for text in found if text.startswith("Keynote")]
    assert "10:00 to 11:00" in keynote
    assert "planned" in keynote
    assert [text.split()[0] for text in found if "overlaps" in text] == ["Keynote", "Workshop"]
    assert any(text.startswith("Later 14:00 to no planned end") for text in found)
    assert "Gone" not in html


@pytest.mark.django_db
def test_what_runs_goes_on_to_now_and_what_is_over_was_as_long_as_it_was(as_role: As) -> None:
    now = database_now()
    channel = rows.channel("running", name="Main hall")
    began = now - 2 * HOUR
    rows.breakout(
        "running", channel, name="Overrun", starts_at=began, duration_minutes=30, session_started_at=began
    )
    over = rows.channel(name="Other")
    rows.breakout(
        "completed",
        over,
        name="Over",
        starts_at=now - 9 * HOUR,
        session_started_at=now - 4 * HOUR,
        session_ended_at=now - 3 * HOUR,
    )
    viewer = as_role("viewer")
    html = shown(viewer, view="week", zone="UTC", day=now.date())
    running = [text for text in slots(html) if text.startswith("Overrun")]
    assert running
    assert all("running" in text for text in running)
    # A show that began yesterday says the day of its end too.
    assert re.search(rf" to (\w+ \d+ \w+ )?({now:%H:%M}|{now + timedelta(minutes=1):%H:%M}) ", running[-1])
    # On a Monday soon after midnight it was last week.
    html = shown(viewer, view="week", zone="UTC", day=(now - 4 * HOUR).date())
    overs = [text for text in slots(html) if text.startswith("Over ")]
    assert any(f"{now - 4 * HOUR:%H:%M} to" in text and "completed" in text for text in overs)


@pytest.mark.django_db
def test_a_gap_leads_to_planning_with_channel_time_and_zone(as_role: As, tomorrow: datetime) -> None:
    hall = rows.channel(name="Main hall")
    plan(hall, "Keynote", tomorrow, 90)
    operator = as_role("operator")
    html = shown(operator, day=tomorrow.date(), zone="Europe/London")
    links = re.findall(rf'<a href="(/admin/channels_app/breakout/add/\?channel={hall.pk}&[^"]*)"', html)
    assert len(links) >= 24 - 3  # the clocks may change
    plan(hall, "Workshop", tomorrow + HOUR)
    overlapped = shown(operator, day=tomorrow.date(), zone="Europe/London")
    assert len(re.findall(rf"add/\?channel={hall.pk}&", overlapped)) in (len(links), len(links) - 1)
    assert not any(f"{tomorrow:%Y-%m-%d}T1{text}" in link for link in links for text in ("0%3A00", "1%3A00"))
    link = next(link for link in links if f"{tomorrow:%Y-%m-%d}T11%3A30" in link).replace("&amp;", "&")
    form = operator.get(link).context["form"]
    assert form.initial == {
        "channel": str(hall.pk),
        "starts_at": f"{tomorrow:%Y-%m-%d}T11:30",
        "time_zone": "Europe/London",
    }
    assert "breakout/add/" not in shown(as_role("viewer"), day=tomorrow.date(), zone="UTC")
    past = shown(operator, day=tomorrow.date() - timedelta(days=3), zone="UTC")
    assert "breakout/add/" not in past


@pytest.mark.django_db
def test_the_zone_is_the_addresss_then_the_browsers_then_utc(as_role: As) -> None:
    hall = rows.channel(name="Main hall")
    plan(hall, "Keynote", at("2027-03-28T10:00"))
    client = as_role("viewer")
    day = {"day": "2027-03-28"}
    assert "10:00 to 11:00" in slots(shown(client, **day))[0]
    client.cookies["sh_zone"] = "Europe/Berlin"
    html = shown(client, **day)
    assert "12:00 to 13:00" in slots(html)[0]
    assert 'title="2027-03-28 10:00 to 11:00 UTC"' in html
    assert "01:00 CET" in html
    assert "02:00" not in re.sub(r'<span class="sh-hint">[^<]*</span>', "", html.split("<tbody>")[1])
    assert "19:00 to 20:00" in slots(shown(client, zone="Asia/Tokyo", **day))[0]
    assert "12:00 to 13:00" in slots(shown(client, zone="Nowhere/At all", **day))[0]


@pytest.mark.django_db
def test_a_shows_own_link_leads_to_its_day_in_the_zone(as_role: As, tomorrow: datetime) -> None:
    late = tomorrow.replace(hour=23)  # the day after in Tokyo
    row = plan(rows.channel(name="Main hall"), "Late", late)
    client = as_role("viewer")
    page = client.get(f"/admin/channels_app/breakout/{row.pk}/change/").content.decode()
    link = re.search(r'href="(/admin/calendar/[?]channel[^"]*)"', page)
    assert link
    for zone in ("UTC", "Asia/Tokyo"):
        client.cookies["sh_zone"] = zone
        html = client.get(link[1].replace("&amp;", "&")).content.decode()
        assert slots(html)[0].startswith("Late"), zone


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {"day": "yesterday"},
        {"day": "9999-12-31", "view": "week"},
        {"day": "0001-01-01"},
        {"at": "0001-01-01T00:00", "zone": "America/New_York"},
        {"from": "-4", "channel": "x"},
        {"view": "year", "zone": "0"},
    ],
    ids=["word", "last-day", "first-day", "first-moment", "numbers", "others"],
)
def test_an_address_that_makes_no_sense_shows_a_calendar(as_role: As, query: dict[str, str]) -> None:
    assert "sh-calendar-bar" in shown(as_role("viewer"), **query)


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_takes_as_many_queries_for_many_shows_as_for_one(
    as_role: As, tomorrow: datetime, view: str
) -> None:
    client = as_role("operator")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(client, view=view, day=tomorrow.date(), zone="UTC")
        return len(captured)

    plan(rows.channel(name="a"), "one", tomorrow)
    few = queries()
    for number in range(7):
        channel = rows.channel(name=f"b{number}")
        for hour in range(4):
            plan(channel, f"show {hour}", tomorrow + hour * HOUR)
    assert queries() == few


@pytest.mark.django_db
def test_channels_with_shows_come_first_and_the_others_are_reached(as_role: As, tomorrow: datetime) -> None:
    for number in range(9):
        rows.channel(name=f"room a{number}")
    plan(rows.channel(name="zz last by name"), "Keynote", tomorrow)
    client = as_role("viewer")
    html = shown(client, day=tomorrow.date(), zone="UTC")
    assert "zz last by name" in html
    assert "room a7" not in html
    assert "from=8" in html
    assert "room a7" in shown(client, day=tomorrow.date(), zone="UTC", **{"from": 8})


@pytest.mark.django_db
def test_the_refresh_sends_what_changed_for_the_same_place(as_role: As, tomorrow: datetime) -> None:
    hall = rows.channel(name="Main hall")
    client = as_role("viewer")
    url = re.search(
        r'id="live"[^>]* hx-get="([^"]*)"', shown(client, day=tomorrow.date(), zone="UTC", view="week")
    )
    assert url
    live = url[1].replace("&amp;", "&")
    seen = client.get(live)["ETag"]
    assert client.get(live, headers={"If-None-Match": seen}).status_code == 304
    plan(hall, "Keynote", tomorrow)
    answer = client.get(live, headers={"If-None-Match": seen})
    assert answer.status_code == 200
    assert "Keynote" in answer.content.decode()
