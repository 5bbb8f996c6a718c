"""Every list of the admin refreshes its rows by itself, and every page shows times in one way."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, SolarSchedule

from billing.models import LedgerMinute
from channels_app.models import Channel
from streamhub.access.models import AuditEntry
from streamhub.alerts import evaluation
from streamhub.lifecycle.models import ClockOffset, Heartbeat, Job, Transition
from tests.scenarios.one_of_everything import OneOfEverything

pytestmark = pytest.mark.django_db

# A day and a time of day in a text, as no page but the component of times writes them.
BARE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
COMPONENT = re.compile(r"<time\b.*?</time>", re.DOTALL)
# JSON documents are shown as they are.
NOT_TEXT = re.compile(r"<(script|style|textarea|pre)\b.*?</\1>|<[^>]*>", re.DOTALL)
# A page of its own, with its own refresh.
OWN_PAGES = {Job}


def bare_times(html: str) -> list[str]:
    """Of the page's content; its title is a name, and names may hold a time."""
    content = html.partition("<main")[2]
    return BARE.findall(NOT_TEXT.sub(" ", COMPONENT.sub(" ", content)))


def address(model_admin: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{page}", args=args)


@pytest.fixture
def site() -> OneOfEverything:
    site = OneOfEverything()
    evaluation.evaluate()  # stores its alarms
    ClockOffset.objects.create(
        host="worker-1", role="worker", offset_ms=4, error_ms=2, measured_at=site.now, beyond_since=site.now
    )
    ClockedSchedule.objects.create(clocked_time=site.now)
    CrontabSchedule.objects.create()
    SolarSchedule.objects.create(event="sunset", latitude=52, longitude=13)
    return site


def test_the_rows_of_every_list_refresh_and_its_times_are_the_component(
    superuser: Client, site: OneOfEverything
) -> None:
    wrong, empty = [], []
    for model, model_admin in admin.site._registry.items():
        label = model._meta.label
        page = superuser.get(address(model_admin, "changelist")).content.decode()
        wrong += [f"{label}: {time} is no time element" for time in bare_times(page)]
        if model in OWN_PAGES:
            assert 'data-sh-poll data-sh-version="' in page, label
            continue
        rows = address(model_admin, "rows")
        if page.count(f'hx-get="{rows}"') != 1:
            wrong.append(f"{label}: the list does not refresh")
            continue
        keys = re.search(r'id="list-rows" data-sh-keys="([^"]*)"', page)
        assert keys, label
        bodies = page.count("<tbody")
        if not bodies:
            empty.append(label)
        assert len(keys[1].split()) == bodies, label
        fresh = superuser.get(rows)
        assert "X-StreamHub-Fragment" in fresh.headers, label
        again = superuser.get(rows, headers={"If-None-Match": fresh["ETag"]})
        assert (again.status_code, again.content) == (304, b""), label
    assert wrong == [], "\n".join(wrong)
    assert empty == [], "a list that was not looked at with a row in it"


def test_every_raw_page_shows_its_times_by_the_component(superuser: Client, site: OneOfEverything) -> None:
    seen, wrong = [], []
    for model, model_admin in admin.site._registry.items():
        row = model._default_manager.order_by("-pk").first()
        assert row is not None, model
        answer = superuser.get(address(model_admin, "change", row.pk))
        if answer.status_code == 200:
            seen.append(model)
            wrong += [f"{model._meta.label}: {time}" for time in bare_times(answer.content.decode())]
    assert wrong == [], "\n".join(wrong)
    assert {Transition, LedgerMinute, Heartbeat, ClockOffset, AuditEntry} <= set(seen)
    transition = Transition.objects.latest("pk")
    page = superuser.get(address(admin.site._registry[Transition], "change", transition.pk))
    assert f'datetime="{transition.at:%Y-%m-%dT%H:%M:%S}+00:00"' in page.content.decode()


def test_a_transition_that_happens_now_is_in_the_next_refresh(viewer: Client) -> None:
    url = reverse("admin:lifecycle_transition_rows")
    seen = viewer.get(url)["ETag"]
    row = Transition.objects.create(
        resource_type=Channel.KIND,
        resource_id=1,
        resource_name="Main stage",
        who="staff:anna",
        to_state="idle",
    )
    came = viewer.get(url, headers={"If-None-Match": seen})
    assert "Main stage" in came.content.decode()
    assert f'data-sh-keys="{row.pk}"' in came.content.decode()
