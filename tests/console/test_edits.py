"""A page that was open for a while changes what was changed on it, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from channels_app import services
from channels_app.models import Breakout, Channel
from streamhub.lifecycle.models import Transition
from streamhub.webhooks.models import Endpoint
from tests.scenarios import rows, webhook_rows
from tests.scenarios.actors import TESTER
from tests.scenarios.browsing import OpenPage, fields_of, opened

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 6, 1, 12, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
CIDRS = ["203.0.113.7/32", "198.51.100.0/24"]


def page_of(client: Client, row: Any, verb: str = "edit") -> OpenPage:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_do"
    return opened(client, reverse(name, args=[row.pk, verb]))


def show(**fields: Any) -> Breakout:
    given = {"starts_at": NOON, "time_zone": "Europe/Berlin", "duration_minutes": 60, "note": "one\ntwo"}
    return rows.breakout(**{"name": "keynot", **given, **fields})


def hall(state: str = "idle", **fields: Any) -> Channel:
    given = {"allowed_cidrs": CIDRS, "encoding_profile": "720p", "record": True, "tags": {"team": "events"}}
    return rows.channel(state, **{**given, **fields})


def plan_of(row: Breakout) -> tuple[Any, ...]:
    row.refresh_from_db()
    return row.name, row.starts_at, row.time_zone, row.duration_minutes


# --- fields that the page did not have -------------------------------------------------------------


def test_a_page_from_before_a_show_failed_does_not_erase_its_plan(operator: Client) -> None:
    row = show(state="running", on=rows.channel("running"))
    page = page_of(operator, row)
    Breakout.objects.update(state="failed")
    assert "starts_at" not in page.fields
    assert page.send(name="keynote").status_code == 302
    assert plan_of(row) == ("keynote", NOON, "Europe/Berlin", 60)


def test_a_page_from_before_a_channel_was_idle_does_not_switch_recording_off(engineer: Client) -> None:
    row = hall("running")
    page = page_of(engineer, row)
    Channel.objects.update(state="idle", desired="idle")
    assert "encoding_profile" not in page.fields
    assert page.send(tags="team=news").status_code == 302
    row.refresh_from_db()
    assert (row.record, row.encoding_profile, row.tags) == (True, "720p", {"team": "news"})


def test_a_refused_page_shows_the_fields_that_it_has_got_meanwhile_as_they_are(engineer: Client) -> None:
    row = hall("running")
    page = page_of(engineer, row)
    Channel.objects.update(state="idle", desired="idle")
    refused = page.send(tags="no tag")
    assert refused.status_code == 422
    again = fields_of(refused)
    assert (again["record"], again["encoding_profile"], again["tags"]) == (["on"], ["720p"], ["no tag"])
    assert OpenPage(engineer, page.url, again).send(tags="team=news").status_code == 302
    row.refresh_from_db()
    assert (row.record, row.encoding_profile) == (True, "720p")


@pytest.mark.parametrize("carried", ["x", Signer().sign_object({"name": "keynot"})])
def test_what_says_unreadably_what_it_showed_changes_nothing(operator: Client, carried: str) -> None:
    row = show()
    answer = page_of(operator, row).send(name="keynote", carried=carried)
    assert answer.status_code == 422
    assert "The page did not say what it showed." in answer.content.decode()
    assert plan_of(row) == ("keynot", NOON, "Europe/Berlin", 60)
    again = fields_of(answer)
    assert (again["name"], again["starts_at"]) == (["keynote"], ["2030-06-01T12:04:00"])


def test_a_request_that_no_page_sent_changes_the_fields_that_it_names(operator: Client) -> None:
    row = show()
    page = page_of(operator, row)
    assert operator.post(page.url, {"name": "keynote"}).status_code == 302
    assert plan_of(row) == ("keynote", NOON, "Europe/Berlin", 60)


@pytest.mark.parametrize("verb", ["edit", "reschedule"])
def test_a_start_with_a_fraction_of_a_second_survives_an_edit(operator: Client, verb: str) -> None:
    moment = NOON.replace(second=57, microsecond=796020)
    row = show(starts_at=moment)
    page = page_of(operator, row, verb)
    assert page.fields["starts_at"] == ["2030-06-01T12:04:57"]
    assert page.send(duration_minutes="90").status_code == 302
    assert plan_of(row) == ("keynot", moment, "Europe/Berlin", 90)


# --- what somebody else changes meanwhile ----------------------------------------------------------


def test_a_corrected_name_leaves_a_start_that_was_changed_meanwhile(operator: Client) -> None:
    row = show()
    page = page_of(operator, row)
    services.breakout_edit(row, who=TESTER, starts_at=NOON + HOUR, note="three")
    assert page.send(name="keynote").status_code == 302
    assert plan_of(row) == ("keynote", NOON + HOUR, "Europe/Berlin", 60)
    assert row.note == "three"
    assert Transition.objects.latest("pk").why == "edited: name keynot becomes keynote"


def test_a_longer_show_keeps_the_start_to_which_it_was_moved_meanwhile(operator: Client) -> None:
    row = show()
    page = page_of(operator, row, "reschedule")
    services.breakout_edit(row, who=TESTER, starts_at=NOON + HOUR)
    assert page.send(duration_minutes="90").status_code == 302
    assert plan_of(row) == ("keynot", NOON + HOUR, "Europe/Berlin", 90)


def test_a_changed_tag_leaves_networks_that_were_changed_meanwhile(engineer: Client) -> None:
    row = hall()
    page = page_of(engineer, row)
    services.channel_edit(row, who=TESTER, allowed_cidrs=CIDRS[:1], record=False)
    assert page.send(tags="team=news").status_code == 302
    row.refresh_from_db()
    assert (row.allowed_cidrs, row.record, row.tags) == (CIDRS[:1], False, {"team": "news"})


def test_a_box_that_is_unticked_is_a_change(engineer: Client) -> None:
    row = hall()
    assert page_of(engineer, row).send("record").status_code == 302
    row.refresh_from_db()
    assert (row.record, row.encoding_profile, row.allowed_cidrs) == (False, "720p", CIDRS)


def test_an_emptied_field_is_a_change(operator: Client) -> None:
    row = show()
    assert page_of(operator, row).send(starts_at="", note="").status_code == 302
    assert (plan_of(row)[1], row.note) == (None, "")


def test_what_both_have_changed_is_refused_at_its_field_and_can_be_sent_again(operator: Client) -> None:
    row = show()
    page = page_of(operator, row)
    services.breakout_edit(row, who=TESTER, starts_at=NOON + HOUR, duration_minutes=30)
    refused = page.send(starts_at="2030-06-01T15:00", name="keynote")
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["starts_at"])
    (said,) = refused.context["form"].errors["starts_at"]
    assert said.startswith("Somebody else changed it meanwhile: it is '2030-06-01 13:04:00' now.")
    assert plan_of(row) == ("keynot", NOON + HOUR, "Europe/Berlin", 30)
    again = fields_of(refused)
    assert (again["starts_at"], again["duration_minutes"]) == (["2030-06-01T15:00"], ["30"])
    assert OpenPage(operator, page.url, again).send().status_code == 302
    assert plan_of(row) == ("keynote", NOON.replace(hour=15, minute=0), "Europe/Berlin", 30)


def test_what_both_have_changed_to_the_same_is_no_problem(operator: Client) -> None:
    row = show()
    page = page_of(operator, row)
    services.breakout_edit(row, who=TESTER, starts_at=NOON + HOUR)
    assert page.send(starts_at="2030-06-01T13:04", name="keynote").status_code == 302
    assert plan_of(row)[:2] == ("keynote", NOON + HOUR)


@pytest.mark.parametrize("verb", ["edit", "tags"])
def test_tags_that_both_have_changed_are_refused(engineer: Client, verb: str) -> None:
    row = hall()
    page = page_of(engineer, row, verb)
    services.channel_tags_change(row, {"team": "sports"}, who=TESTER)
    refused = page.send(tags="team=news")
    assert "it is 'team=sports' now" in str(refused.context["form"].errors["tags"][0])
    row.refresh_from_db()
    assert row.tags == {"team": "sports"}


def test_tags_that_nobody_touched_stay_as_somebody_else_left_them(engineer: Client) -> None:
    row = hall()
    page = page_of(engineer, row, "tags")
    services.channel_tags_change(row, {"team": "sports"}, who=TESTER)
    assert page.send().status_code == 302
    row.refresh_from_db()
    assert row.tags == {"team": "sports"}


@pytest.mark.parametrize("kind", ["channel", "breakout"])
def test_a_choice_of_the_schedule_leaves_the_others(operator: Client, kind: str) -> None:
    row: Any = hall() if kind == "channel" else show()
    choose: Any = services.channel_schedule if kind == "channel" else services.breakout_schedule
    choose(row, {"preflight_minutes": 10, "auto_stop": True}, who=TESTER)
    page = page_of(operator, row, "schedule")
    choose(row, {"preflight_minutes": 20, "auto_start": True}, who=TESTER)
    assert page.send(reminder_minutes="5").status_code == 302
    row.refresh_from_db()
    assert row.schedule == {"preflight_minutes": 20, "auto_start": True, "reminder_minutes": 5}


def test_a_receivers_new_name_leaves_the_url_that_it_got_meanwhile(superuser: Client, settings: Any) -> None:
    row = webhook_rows.endpoint("site")
    page = page_of(superuser, row)
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    Endpoint.objects.update(url="https://127.0.0.1/hooks", kinds=[webhook_rows.KIND])
    assert page.send(name="event site").status_code == 302
    row.refresh_from_db()
    assert (row.name, row.url) == ("event site", "https://127.0.0.1/hooks")
    assert row.kinds == [webhook_rows.KIND]


def test_a_price_class_that_nobody_touched_stays_as_somebody_else_left_it(superuser: Client) -> None:
    row = rows.distribution(price_class="PriceClass_100")
    page = page_of(superuser, row, "price")
    type(row).objects.update(price_class="PriceClass_All")
    assert page.send().status_code == 302
    row.refresh_from_db()
    assert row.price_class == "PriceClass_All"


# --- Django's own forms ------------------------------------------------------------------------------


def anna_of(client: Client) -> OpenPage:
    return opened(client, reverse("admin:auth_user_change", args=[User.objects.get(username="anna").pk]))


@pytest.fixture
def anna() -> User:
    user = User.objects.create_user("anna", first_name="Ana", email="anna@example.com", is_staff=True)
    user.groups.set([Group.objects.get_or_create(name="operator")[0]])
    return user


def test_a_users_form_changes_nothing_that_was_not_changed_on_it(superuser: Client, anna: User) -> None:
    page = anna_of(superuser)
    User.objects.filter(pk=anna.pk).update(last_name="Smith", is_staff=False)
    anna.groups.set([Group.objects.get_or_create(name="viewer")[0]])
    assert page.send(first_name="Anna").status_code == 302
    anna.refresh_from_db()
    assert (anna.first_name, anna.last_name, anna.is_staff) == ("Anna", "Smith", False)
    assert [group.name for group in anna.groups.all()] == ["viewer"]


def test_a_users_form_says_who_changed_meanwhile_what_was_changed_on_it(
    superuser: Client, anna: User
) -> None:
    page, other = anna_of(superuser), anna_of(superuser)
    viewer = str(Group.objects.get_or_create(name="viewer")[0].pk)
    engineer = str(Group.objects.get_or_create(name="engineer")[0].pk)
    assert other.send(email="new@example.com", groups=viewer).status_code == 302
    refused = page.send(email="mine@example.com", groups=engineer)
    html = refused.content.decode()
    assert refused.status_code == 200
    assert "Somebody else changed it meanwhile: it is &#x27;new@example.com&#x27; now." in html
    assert "Somebody else changed it meanwhile: it is &#x27;viewer&#x27; now." in html
    assert " UTC, after your page was opened." in html
    anna.refresh_from_db()
    assert anna.email == "new@example.com"
    again = OpenPage(superuser, page.url, fields_of(refused))
    assert again.fields["email"] == ["mine@example.com"]
    assert again.send().status_code == 302
    anna.refresh_from_db()
    assert anna.email == "mine@example.com"
    assert [group.name for group in anna.groups.all()] == ["engineer"]


def test_a_tasks_form_keeps_the_times_that_others_set(engineer: Client) -> None:
    task = PeriodicTask.objects.create(
        name="extra",
        task="lifecycle.sweep",
        interval=IntervalSchedule.objects.create(every=5, period="minutes"),
    )
    page = opened(engineer, reverse("admin:django_celery_beat_periodictask_change", args=[task.pk]))
    PeriodicTask.objects.filter(pk=task.pk).update(start_time=NOON, expires=NOON + HOUR)
    assert page.send(description="mine").status_code == 302
    task.refresh_from_db()
    assert (task.description, task.start_time, task.expires) == ("mine", NOON, NOON + HOUR)
    page = opened(engineer, page.url)
    PeriodicTask.objects.filter(pk=task.pk).update(start_time=NOON + HOUR)
    refused = page.send(start_time_1="18:00:00")
    assert "Somebody else changed it meanwhile" in refused.content.decode()
    task.refresh_from_db()
    assert task.start_time == NOON + HOUR
