"""Planning: what is refused, what is warned of, what can be edited, and series over changes of the clocks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from channels_app import services
from channels_app.models import Breakout
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(**given: Any) -> Breakout:
    channel = given.pop("channel", None) or rows.channel()
    return services.breakout_create(channel, given.pop("name", "keynote"), who=TESTER, **given)


# --- the past ------------------------------------------------------------------------------------


def test_a_start_in_the_past_is_refused_with_both_times() -> None:
    with pytest.raises(Invalid) as refused:
        plan(starts_at=datetime(2020, 1, 1, 9, 0, tzinfo=UTC))
    assert refused.value.errors["starts_at"].startswith("2020-01-01 09:00 UTC is past; it is 20")


def test_the_present_minute_is_not_past() -> None:
    assert plan(starts_at=timezone.now().replace(second=0, microsecond=0)).pk


def test_a_show_whose_start_has_passed_can_still_be_renamed() -> None:
    row = rows.breakout(starts_at=timezone.now() - HOUR)
    assert services.breakout_edit(row, who=TESTER, name="later").name == "later"
    with pytest.raises(Invalid):
        services.breakout_edit(row, who=TESTER, starts_at=timezone.now() - 2 * HOUR)


# --- warnings ------------------------------------------------------------------------------------


def test_shows_that_overlap_on_the_channel_are_named() -> None:
    channel = rows.channel()
    plan(channel=channel, name="morning", starts_at=NOON - HOUR, duration_minutes=61)
    plan(channel=channel, name="ends as it begins", starts_at=NOON - HOUR, duration_minutes=60)
    plan(channel=channel, name="open end", starts_at=NOON + HOUR / 2)
    plan(channel=rows.channel(), name="elsewhere", starts_at=NOON, duration_minutes=60)
    warnings = services.plan_warnings(channel, "keynote", NOON, 60)
    assert [sentence.split("'")[1] for sentence in warnings] == ["morning", "open end"]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (30, "(2030-05-06 23:15 to 23:45 UTC)"),
        (90, "(2030-05-06 23:15 to 2030-05-07 00:45 UTC)"),
        (None, "(from 2030-05-06 23:15 UTC, without a planned end)"),
    ],
    ids=["same-day", "past-midnight", "open-end"],
)
def test_a_warning_says_when_the_other_show_is_planned(minutes: int | None, said: str) -> None:
    begins = datetime(2030, 5, 6, 23, 15, tzinfo=UTC)
    channel = rows.channel()
    plan(channel=channel, name="late talk", starts_at=begins, duration_minutes=minutes)
    (sentence,) = services.plan_warnings(channel, "keynote", begins + timedelta(minutes=5), 60)
    assert said in sentence


def test_what_is_over_does_not_overlap() -> None:
    channel = rows.channel()
    for state in ("completed", "cancelled"):
        rows.breakout(state, channel, starts_at=NOON, duration_minutes=60)
    assert services.plan_warnings(channel, "keynote", NOON, 60) == []


def test_the_same_show_at_the_same_time_is_named_on_any_channel() -> None:
    other = rows.channel(name="hall 2")
    plan(channel=other, name="Keynote", starts_at=NOON)
    (sentence,) = services.plan_warnings(rows.channel(), "KEYNOTE", NOON, 60)
    assert sentence == "'Keynote' is planned already at the same time, on the channel hall 2."


def test_a_show_does_not_overlap_with_itself() -> None:
    row = plan(starts_at=NOON, duration_minutes=60)
    assert services.plan_warnings(row.channel, row.name, NOON, 60, besides=row) == []


# --- editing -------------------------------------------------------------------------------------


def test_every_field_is_edited_and_the_timeline_says_from_what_to_what() -> None:
    row = plan(starts_at=NOON, duration_minutes=60)
    services.breakout_edit(
        row,
        who=TESTER,
        name="closing",
        starts_at=NOON + HOUR,
        duration_minutes=None,
        customer="ACME",
        note="x",
    )
    row.refresh_from_db()
    assert (row.name, row.starts_at, row.duration_minutes) == ("closing", NOON + HOUR, None)
    assert (row.customer, row.note) == ("ACME", "x")
    line = Transition.objects.filter(resource_type="breakout").latest("id")
    assert line.why == (
        "edited: name keynote becomes closing; start 2030-06-01 12:00 UTC becomes 2030-06-01 13:00 UTC; "
        "planned minutes 60 becomes none; customer none becomes ACME; note"
    )


def test_what_is_the_same_is_no_edit() -> None:
    row = plan(starts_at=NOON)
    services.breakout_edit(row, who=TESTER, starts_at=NOON, name=" keynote ")
    assert Transition.objects.filter(resource_type="breakout").count() == 1


@pytest.mark.parametrize(
    ("state", "given", "possible"),
    [
        ("running", {"starts_at": NOON}, False),
        ("running", {"duration_minutes": 5}, True),
        ("stopping", {"duration_minutes": 5}, False),
        ("completed", {"duration_minutes": 5}, False),
        ("completed", {"name": "corrected", "note": "x", "customer": "ACME"}, True),
        ("failed", {"starts_at": NOON}, True),
    ],
    ids=["start on air", "end on air", "end while stopping", "end when over", "name when over", "failed"],
)
def test_times_change_as_long_as_they_are_plans(state: str, given: dict[str, Any], possible: bool) -> None:
    row = rows.breakout(state, rows.channel("running" if state == "running" else "idle"))
    if possible:
        row = services.breakout_edit(row, who=TESTER, **given)
        assert {name: getattr(row, name) for name in given} == given
    else:
        with pytest.raises(NotPossible):
            services.breakout_edit(row, who=TESTER, **given)


@pytest.mark.parametrize(
    "given",
    [{"name": None}, {"name": ""}, {"duration_minutes": 0}, {"customer": "a\u202eb"}, {"note": "x" * 2001}],
    ids=["null name", "no name", "no minutes", "a hidden character", "a long note"],
)
def test_bad_values_are_refused_by_name(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        services.breakout_edit(plan(), who=TESTER, **given)
    assert list(refused.value.errors) == list(given)


# --- customers -----------------------------------------------------------------------------------


def test_the_customer_is_the_channels_until_the_start_copies_it() -> None:
    channel = rows.channel(tags={"customer": "ACME"})
    row = plan(channel=channel)
    assert (services.customer_of(row), row.customer) == ("ACME", "")
    services.breakout_start(row, who=TESTER)
    row.refresh_from_db()
    assert row.customer == "ACME"
    type(channel).objects.filter(pk=channel.pk).update(tags={"customer": "other"})
    assert services.customer_of(Breakout.objects.get(pk=row.pk)) == "ACME"


def test_a_customer_of_its_own_counts_before_the_channels() -> None:
    row = plan(channel=rows.channel(tags={"customer": "ACME"}), customer="Initech")
    services.breakout_start(row, who=TESTER)
    row.refresh_from_db()
    assert row.customer == "Initech"


def test_shows_are_found_by_the_customer_that_is_shown() -> None:
    tagged = rows.channel(tags={"customer": "ACME"})
    own = plan(channel=rows.channel(), name="a", customer="ACME")
    default = plan(channel=tagged, name="b")
    rows.breakout("completed", tagged, name="c")  # started without one
    found = services.with_customer(Breakout.objects.all()).filter(shown_customer="ACME")
    assert set(found) == {own, default}


# --- duplicates and series -----------------------------------------------------------------------


def test_a_duplicate_has_what_the_show_has_and_its_own_time() -> None:
    row = plan(
        starts_at=NOON, duration_minutes=45, customer="ACME", note="two cameras", time_zone="Asia/Tokyo"
    )
    row = services.breakout_schedule(row, {"auto_stop": False, "preflight_minutes": 20}, who=TESTER)
    copy = services.breakout_duplicate(row, who=TESTER, starts_at=NOON + HOUR)
    assert copy.pk != row.pk
    assert (copy.channel, copy.name, copy.starts_at, copy.duration_minutes, copy.customer, copy.note) == (
        row.channel,
        "keynote",
        NOON + HOUR,
        45,
        "ACME",
        "two cameras",
    )
    assert (copy.schedule, copy.time_zone) == ({"auto_stop": False, "preflight_minutes": 20}, "Asia/Tokyo")
    assert copy.schedule_done == {}


def test_a_series_from_a_show_has_what_the_show_has(as_role: As) -> None:
    row = plan(
        starts_at=NOON, duration_minutes=45, customer="ACME", note="two cameras", time_zone="Asia/Tokyo"
    )
    row = services.breakout_schedule(row, {"auto_start": True}, who=TESTER)
    client = as_role("operator")
    page = client.get(f"/admin/channels_app/breakout/{row.pk}/change/").content.decode()
    link = re.search(r'href="(/admin/channels_app/breakout/series/[^"]*)"', page)
    assert link
    form = client.get(link[1].replace("&amp;", "&")).context["form"]
    given = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    given |= {"times": 2, "repeats": "daily", "also": ""}
    times = client.post("/admin/channels_app/breakout/series/", given)
    assert "By itself, as the show that it repeats: auto start" in times.content.decode()
    shown = times.context["shown"]
    assert (
        client.post("/admin/channels_app/breakout/series/", {**given, shown.field: shown.mark}).status_code
        == 302
    )
    series = list(Breakout.objects.exclude(pk=row.pk))
    assert len(series) == 2
    for show in series:
        assert (show.name, show.duration_minutes, show.customer, show.note) == (
            row.name,
            45,
            "ACME",
            "two cameras",
        )
        assert (show.schedule, show.time_zone) == ({"auto_start": True}, "Asia/Tokyo")


def test_a_series_from_a_show_with_the_longest_note_fits_in_an_address(as_role: As) -> None:
    row = plan(starts_at=NOON, note="\U0001f3a5" * 2000)
    client = as_role("operator")
    page = client.get(f"/admin/channels_app/breakout/{row.pk}/change/").content.decode()
    link = re.search(r'href="(/admin/channels_app/breakout/series/[^"]*)"', page)
    assert link
    assert len(link[1]) < 200
    assert client.get(link[1]).context["form"].initial["note"] == row.note


def test_a_series_from_a_show_is_for_those_who_may_see_the_show() -> None:
    row = plan(note="secret", schedule={"auto_start": True})
    user = User.objects.create_user("planner", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_breakout"))
    client = Client()
    client.force_login(user)
    url = "/admin/channels_app/breakout/series/"
    assert "secret" not in client.get(url, {"like": row.pk}).content.decode()
    given = {"channel": row.channel_id, "name": "x", "first": "2030-06-02T12:00", "zone": "UTC"}
    given |= {"repeats": "daily", "times": 2, "like": row.pk}
    answer = client.post(url, given)
    assert answer.status_code == 200
    assert "auto start" not in answer.content.decode()
    user.user_permissions.add(Permission.objects.get(codename="view_breakout"))
    client.force_login(User.objects.get(pk=user.pk))
    assert "secret" in client.get(url, {"like": row.pk}).content.decode()
    assert "auto start" in client.post(url, given).content.decode()


def test_a_zone_is_named_and_kept() -> None:
    with pytest.raises(Invalid) as refused:
        plan(time_zone="Europe/Atlantis")
    assert list(refused.value.errors) == ["time_zone"]
    row = plan(starts_at=NOON, time_zone="UTC")
    assert row.time_zone == ""
    services.breakout_edit(row, who=TESTER, time_zone="Europe/Berlin")
    row.refresh_from_db()
    assert row.time_zone == "Europe/Berlin"


def in_utc(slots: list[services.Slot]) -> list[str]:
    return [f"{slot.starts_at:%m-%d %H:%M}" for slot in slots]


def test_a_series_keeps_its_local_time_when_the_clocks_change() -> None:
    slots = services.series_slots(datetime(2027, 3, 26, 19, 30), "Europe/Berlin", "daily", 4)
    assert in_utc(slots) == ["03-26 18:30", "03-27 18:30", "03-28 17:30", "03-29 17:30"]
    assert [slot.on_the_clock for slot in slots[1:3]] == [
        "Sat 2027-03-27 19:30 CET",
        "Sun 2027-03-28 19:30 CEST",
    ]


def test_a_time_that_the_clocks_skip_is_held_an_hour_later_and_said() -> None:
    slots = services.series_slots(datetime(2027, 3, 27, 2, 30), "Europe/Berlin", "daily", 3)
    assert in_utc(slots) == ["03-27 01:30", "03-28 01:30", "03-29 00:30"]
    assert [slot.moved for slot in slots] == [False, True, False]
    assert f"{slots[1].local:%H:%M}" == "03:30"


def test_of_a_time_that_the_clocks_repeat_the_first_counts() -> None:
    slots = services.series_slots(datetime(2027, 10, 31, 2, 30), "Europe/Berlin", "daily", 1)
    assert in_utc(slots) == ["10-31 00:30"]


@pytest.mark.parametrize(
    ("repeats", "days"),
    [
        ("daily", ["01", "02", "03"]),
        ("weekdays", ["01", "04", "05"]),
        ("weekly", ["01", "08", "15"]),
        ("fortnightly", ["01", "15", "29"]),
    ],
)
def test_a_series_repeats(repeats: str, days: list[str]) -> None:
    slots = services.series_slots(datetime(2027, 1, 1, 9, 0), "UTC", repeats, 3)  # a Friday
    assert [f"{slot.local:%d}" for slot in slots] == days


def test_more_times_join_the_series_once() -> None:
    first = datetime(2027, 1, 1, 9, 0)
    slots = services.series_slots(first, "UTC", "daily", 2, [first, first + HOUR])
    assert in_utc(slots) == ["01-01 09:00", "01-01 10:00", "01-02 09:00"]


@pytest.mark.parametrize(
    ("zone", "repeats", "times", "field"),
    [
        ("Europe/Atlantis", "daily", 2, "zone"),
        ("UTC", "yearly", 2, "repeats"),
        ("UTC", "daily", 0, "times"),
        ("UTC", "daily", 61, "times"),
    ],
)
def test_a_series_that_cannot_be_is_refused(zone: str, repeats: str, times: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.series_slots(datetime(2027, 1, 1, 9, 0), zone, repeats, times)
    assert list(refused.value.errors) == [field]


def test_a_series_is_planned_whole_or_not_at_all() -> None:
    channel = rows.channel()
    with pytest.raises(Invalid):
        services.breakouts_plan(channel, "daily", [NOON, datetime(2020, 1, 1, tzinfo=UTC)], who=TESTER)
    assert not Breakout.objects.exists()
    assert len(services.breakouts_plan(channel, "daily", [NOON, NOON + HOUR], who=TESTER, customer="A")) == 2
    assert set(Breakout.objects.values_list("customer", flat=True)) == {"A"}
