"""Lists as CSV: the text that the list shows, without its markup; times and sizes exactly."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from channels_app.models import Breakout
from streamhub.alerts.models import Alarm
from tests.scenarios import rows

pytestmark = pytest.mark.django_db

BREAKOUTS = "/admin/channels_app/breakout/"
HOSTILE = 'A & B <b>"live"</b> <time datetime="x">&amp;</time>'


def export(client: Client, url: str, **query: object) -> list[dict[str, str]]:
    answer = client.get(f"{url}export/", query)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_names_stand_as_they_are(superuser: Client) -> None:
    channel = rows.channel(name=HOSTILE)
    rows.breakout("idle", channel, name=HOSTILE)
    (line,) = export(superuser, BREAKOUTS)
    assert (line["name"], line["channel"]) == (HOSTILE, HOSTILE)
    (line,) = export(superuser, "/admin/channels_app/channel/")
    assert line["name"] == HOSTILE


def test_times_have_their_year_and_sizes_every_byte(superuser: Client) -> None:
    for year in (2027, 2028):
        rows.breakout(
            starts_at=datetime(year, 3, 1, 10, 0, tzinfo=UTC), usage_bytes_downloaded=year * 1_000_001
        )
    lines = export(superuser, BREAKOUTS)
    assert [line["planned"] for line in lines] == ["2028-03-01T10:00:00+00:00", "2027-03-01T10:00:00+00:00"]
    assert [line["delivered"] for line in lines] == ["2028002028", "2027002027"]


def test_what_is_not_there_is_an_empty_cell(superuser: Client) -> None:
    rows.breakout("idle")
    (line,) = export(superuser, BREAKOUTS)
    assert (line["planned"], line["delivered"], line["customer"]) == ("", "", "")


def test_icons_are_no_text(superuser: Client) -> None:
    since, facts = datetime(2026, 3, 1, tzinfo=UTC), {"kind": "channel", "object_id": "1", "name": "Hall"}
    Alarm.objects.create(rule="made_up", severity="critical", detail="It is dark.", since=since, **facts)
    (line,) = export(superuser, "/admin/alerts/alarm/")
    assert (line["severity"], line["since"]) == ("critical", "2026-03-01T00:00:00+00:00")


@pytest.mark.parametrize("page", ["-1", "3", "900"])
def test_the_page_of_the_list_does_not_matter(superuser: Client, page: str) -> None:
    rows.breakout("idle")
    row = Breakout.objects.get()
    assert len(export(superuser, BREAKOUTS, p=page, after_row=row.pk, before_row=row.pk)) == 1


def test_an_unknown_filter_is_left_out_with_a_message(superuser: Client) -> None:
    answer = superuser.get(f"{BREAKOUTS}export/?nothing=1&state__exact=idle")
    assert (answer.status_code, answer["Location"]) == (302, f"{BREAKOUTS}export/?state__exact=idle&e=1")
    assert "no filter" in superuser.get(BREAKOUTS).content.decode()
    assert export(superuser, BREAKOUTS, state__exact="idle", e="1") == []


def test_the_link_has_the_filters_and_no_page(superuser: Client) -> None:
    first, second = rows.breakout("idle"), rows.breakout("idle")
    query = {"p": 2, "before_row": first.pk, "after_row": second.pk, "state__exact": "idle"}
    page = superuser.get(BREAKOUTS, query).content.decode()
    assert 'href="export/?state__exact=idle" download' in page
