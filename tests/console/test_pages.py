"""What the pages show, how many queries they take, and how they refresh themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from unfold.admin import ModelAdmin

from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.access.actors import system_actor
from streamhub.console import dashboard
from streamhub.console.admin.beat import every
from streamhub.console.resource import ResourceAdmin
from streamhub.lifecycle.models import Heartbeat, Job, Transition
from tests.scenarios import rows
from tests.scenarios.one_of_everything import OneOfEverything


def queries(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


VIEWS = [
    (Channel, ["live", "moving", "failed"]),
    (Distribution, ["live", "moving", "failed", "stale"]),
    (Breakout, ["live", "soon", "moving", "failed"]),
]


@pytest.mark.parametrize(("model", "view"), [(model, view) for model, views in VIEWS for view in views])
def test_saved_views_filter(superuser: Client, model: Any, view: str) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    stale = {"desired": "deleted", "attached": False, "enabled": False, "status": "Deployed"}
    rows.distribution("disabled", **stale)
    rows.distribution("failed", **rows.ERROR)
    rows.distribution("deploying")
    channel = rows.channel("running", distribution=rows.distribution())
    on_air = rows.breakout("running", channel)
    on_air.attachments.create(distribution=channel.distribution)
    rows.channel("failed", **rows.ERROR)
    rows.breakout("stopping", rows.channel("stopping"))
    rows.breakout("failed", **rows.ERROR)
    rows.breakout(starts_at=timezone.now() + timedelta(hours=1))
    shown = superuser.get(url, {"view": view}).context["cl"].result_list
    assert 0 < len(shown) < model.objects.count()


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("channels_app_channel", "Grand hall"),
        ("channels_app_channel", "314159"),
        ("channels_app_channel", "dgrand.cloudfront.net"),
        ("distributions_distribution", "EGRAND"),
        ("distributions_distribution", "dgrand"),
        ("channels_app_breakout", "Keynote"),
        ("channels_app_breakout", "EGRAND"),
    ],
)
def test_search_by_name_id_and_domain(superuser: Client, name: str, term: str) -> None:
    distribution = rows.distribution(aws_distribution_id="EGRAND", domain_name="dgrand.cloudfront.net")
    channel = rows.channel(name="Grand hall", ml_channel_id="314159", distribution=distribution)
    keynote = rows.breakout("running", channel, name="Keynote")
    keynote.attachments.create(aws_distribution_id="EGRAND", distribution=distribution)
    rows.breakout("idle", rows.channel(distribution=rows.distribution()))
    results = superuser.get(reverse(f"admin:{name}_changelist"), {"q": term}).context["cl"].result_list
    assert len(results) == 1


def test_every_state_has_a_badge_with_an_icon() -> None:
    for model in (Channel, Distribution, Breakout, SecurityGroup):
        resource_admin = admin.site._registry[model]
        assert isinstance(resource_admin, ResourceAdmin)
        assert set(resource_admin.state_badges) == set(model.STATES.values)
        assert all(badge.icon for badge in resource_admin.state_badges.values())


@pytest.mark.parametrize("model", [Channel, Distribution, Breakout])
def test_every_state_has_a_page(superuser: Client, model: Any) -> None:
    make = {Channel: rows.channel, Distribution: rows.distribution, Breakout: rows.breakout}[model]
    for state in model.STATES:
        row = make(state, **rows.ERROR)
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        page = superuser.get(url).content.decode()
        word = "planned" if row.state == "idle" and model is Breakout else state
        assert f"<span>{word}</span>" in page
        assert "Rate exceeded." in page
        assert rows.ERROR["error_request_id"] in page


def test_an_error_is_shown_with_code_hint_request_id_and_retry(superuser: Client) -> None:
    row = rows.channel("failed", failed_step="create the MediaLive channel", **rows.ERROR)
    page = superuser.get(reverse("admin:channels_app_channel_change", args=[row.pk])).content.decode()
    for text in (*rows.ERROR.values(), "StreamHub could not create the MediaLive channel"):
        assert text in page
    assert reverse("admin:channels_app_channel_do", args=[row.pk, "retry"]) in page


def test_a_verb_that_is_not_possible_says_why(superuser: Client) -> None:
    row = rows.distribution()
    page = superuser.get(reverse("admin:distributions_distribution_change", args=[row.pk])).content.decode()
    assert "It is attached; detach it first." in page
    assert reverse("admin:distributions_distribution_do", args=[row.pk, "delete"]) not in page


# --- fragments -----------------------------------------------------------------------------------


def test_a_fragment_is_sent_only_if_it_changed(superuser: Client) -> None:
    row = rows.channel("provisioning")
    url = reverse("admin:channels_app_channel_live", args=[row.pk])
    first = superuser.get(url)
    version = first["X-StreamHub-Fragment"]
    assert f'data-sh-version="{version}"' in first.content.decode()
    shown = {"If-None-Match": first["ETag"]}
    unchanged = superuser.get(url, headers=shown)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    Channel.objects.filter(pk=row.pk).update(state="idle")
    changed = superuser.get(url, headers=shown)
    assert (changed.status_code, b"<span>idle</span>" in changed.content) == (200, True)


def test_moving_objects_are_polled_every_3_seconds_and_resting_ones_every_10(superuser: Client) -> None:
    for state, seconds in (("provisioning", 3), ("idle", 10)):
        url = reverse("admin:channels_app_channel_live", args=[rows.channel(state).pk])
        assert f"every {seconds}s" in superuser.get(url).content.decode()


def test_the_fragment_of_a_deleted_object_says_so_and_stops_polling(superuser: Client) -> None:
    page = superuser.get(reverse("admin:channels_app_channel_live", args=[999])).content.decode()
    assert "This channel was deleted" in page
    assert "data-sh-poll" not in page


def test_the_rows_of_a_list_come_and_go(superuser: Client) -> None:
    one, other = rows.distribution("deploying"), rows.distribution("disabled")
    url = f"{reverse('admin:distributions_distribution_rows')}?state__exact=deploying"
    first = superuser.get(url)
    assert f"state-distribution-{one.pk}" in first.content.decode()
    assert f"state-distribution-{other.pk}" not in first.content.decode()
    assert superuser.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    type(other).objects.filter(pk=other.pk).update(state="deploying")
    type(one).objects.filter(pk=one.pk).update(state="deployed")
    second = superuser.get(url, headers={"If-None-Match": first["ETag"]}).content.decode()
    assert f"state-distribution-{other.pk}" in second
    assert f"state-distribution-{one.pk}" not in second
    assert "state__exact=deploying" in second, "the next refresh has the same filter"


def test_the_rows_of_a_list_take_as_many_queries_as_one(superuser: Client) -> None:
    rows.distribution("deploying")
    url = reverse("admin:distributions_distribution_rows")
    of_one = len(queries(superuser, url))
    for _ in range(19):
        rows.distribution("deploying")
    assert len(queries(superuser, url)) == of_one


def test_rows_of_a_filter_that_is_none_are_a_400(superuser: Client) -> None:
    url = reverse("admin:channels_app_channel_rows")
    assert superuser.get(url, {"record__exact": "perhaps"}).status_code == 400


# --- dashboard and the rest ------------------------------------------------------------------------


def test_every_tile_opens_its_list(superuser: Client) -> None:
    user = User.objects.get(username="superuser")
    built = dashboard.build(user)
    assert len(built["tiles"]) >= 8
    for url in (*(tile.url for tile in built["tiles"]), *(item["url"] for item in built["lists"])):
        assert superuser.get(url).status_code == 200


def test_every_tile_counts_what_its_list_shows(superuser: Client) -> None:
    OneOfEverything()
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(minutes=5))
    built = dashboard.build(User.objects.get(username="superuser"))["tiles"]
    # The tiles of these have pages, not lists of rows; the pages' tests check them.
    own_pages = ("costs", "drift", "health", "quotas")
    tiles = {tile.key: tile for tile in built if tile.key not in own_pages}
    figures = {key: tile.figure.value for key, tile in tiles.items()}
    pages = {key: superuser.get(tile.url).context for key, tile in tiles.items()}
    assert pages.pop("distributions-stale")["ready"] == figures["distributions-stale"] > 0
    shown = {key: list(page["cl"].result_list) for key, page in pages.items()}
    for key in set(shown) - {"bytes"}:
        assert figures[key] == len(shown[key]) > 0, key


def test_the_page_of_the_jobs_shows_what_is_not_well_first_and_the_processes(superuser: Client) -> None:
    OneOfEverything()
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(minutes=5))
    page = superuser.get(reverse("admin:lifecycle_job_changelist")).content.decode()
    assert "silent" in page
    assert page.index('id="job-collect_metrics"') < page.index('id="job-sweep"')


def test_the_dashboard_shows_what_is_wrong(superuser: Client) -> None:
    now = timezone.now()
    schedule = IntervalSchedule.objects.create(every=60, period="seconds")
    PeriodicTask.objects.create(name="sweep", task="lifecycle.sweep", interval=schedule)
    Job.objects.create(name="sweep", finished_at=now - timedelta(hours=1))
    PeriodicTask.objects.create(name="observe", task="lifecycle.observe", interval=schedule)
    Job.objects.create(name="observe", finished_at=now, error="boom")
    Heartbeat.objects.create(name="worker", beat_at=now - timedelta(minutes=5))
    rows.breakout("running", name="Keynote")
    page = superuser.get(reverse("admin:index")).content.decode()
    for word in ("overdue", "failing", "not in the schedule", "silent", "boom", "Keynote"):
        assert word in page


def test_the_dashboard_refreshes_itself(superuser: Client) -> None:
    version = superuser.get(reverse("admin:dashboard"))["X-StreamHub-Fragment"]
    unchanged = superuser.get(reverse("admin:dashboard"), headers={"If-None-Match": version})
    assert unchanged.status_code == 304


@pytest.mark.parametrize("url", ["/admin/", "/admin/login/", "/admin/channels_app/", "/admin/auth/user/"])
def test_every_page_shows_the_environment(superuser: Client, settings: Any, url: str) -> None:
    if "login" in url:
        superuser.logout()
    assert "sh-band-embedded" in superuser.get(url).content.decode()
    settings.STREAMHUB_AWS, settings.STREAMHUB_ENVIRONMENT = "live", "production"
    page = superuser.get(url).content.decode()
    assert "sh-band-live" in page
    assert ("production" in page) is ("login" not in url), "its name is for people with a role"


def test_the_page_after_signing_out_has_the_texts_of_its_scripts(superuser: Client) -> None:
    page = superuser.post("/admin/logout/").content.decode()
    assert "console/console.js" in page
    assert page.count('id="sh-texts"') == 1
    assert "sh-band-embedded" in page


def test_every_admin_is_an_unfold_admin() -> None:
    registry = admin.site._registry.items()
    assert [model for model, model_admin in registry if not isinstance(model_admin, ModelAdmin)] == []


def test_every_other_list_and_form_opens(superuser: Client) -> None:
    schedule = IntervalSchedule.objects.create(every=60, period="seconds")
    PeriodicTask.objects.create(name="sweep", task="lifecycle.sweep", interval=schedule)
    Job.objects.create(name="sweep")
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    Group.objects.create(name="others")
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert superuser.get(reverse(f"{name}_changelist")).status_code == 200
        for row in model._default_manager.all()[:1]:
            assert superuser.get(reverse(f"{name}_change", args=[row.pk]), follow=True).status_code == 200
        is_resource = isinstance(model_admin, ResourceAdmin)
        if not is_resource and model_admin.has_add_permission(_request(superuser)):
            assert superuser.get(reverse(f"{name}_add")).status_code == 200


def _request(client: Client) -> Any:
    return client.get("/admin/").wsgi_request


def test_the_search_finds_objects_of_all_kinds(superuser: Client) -> None:
    rows.breakout(name="Closing keynote")
    rows.channel(name="Keynote stage")
    page = superuser.get(reverse("admin:search"), {"s": "keynote", "extended": "1"}).content.decode()
    assert "Closing keynote" in page
    assert "Keynote stage" in page


# --- other lists -----------------------------------------------------------------------------------


def changelist(client: Client, name: str, **query: str) -> Any:
    return client.get(reverse(f"admin:{name}_changelist"), query)


def test_the_history_links_to_its_objects_and_is_filtered_by_kind_and_state(superuser: Client) -> None:
    channel = rows.channel(name="Grand hall")
    columns = {"resource_id": channel.pk, "resource_name": channel.name, "who": "x", "why": "asked for"}
    failed = Transition.objects.create(
        resource_type="channel", to_state="failed", error="Rate exceeded.", aws_request_id="r-1", **columns
    )
    Transition.objects.create(resource_type="breakout", to_state="idle", **columns)
    response = changelist(superuser, "lifecycle_transition", resource_type="channel", to_state="failed")
    page = response.content.decode()
    assert list(response.context["cl"].result_list) == [failed]
    assert reverse("admin:channels_app_channel_change", args=[channel.pk]) in page
    assert "Rate exceeded." in page
    assert 'data-sh-copy="r-1"' in page
    assert "security group" in page


def test_text_search_reads_only_the_newest_history(superuser: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("streamhub.console.admin.lifecycle.SEARCHED_TRANSITIONS", 2)
    entries = [
        Transition.objects.create(
            resource_type="channel", resource_id=n, who=system_actor("anna"), why="x", to_state="idle"
        )
        for n in range(3)
    ]
    results = changelist(superuser, "lifecycle_transition", q="anna").context["cl"].result_list
    assert list(results) == [entries[2], entries[1]]


def test_users_are_found_by_their_role(superuser: Client) -> None:
    anna = User.objects.create(username="anna", is_staff=True)
    anna.groups.add(Group.objects.get(name="operator"))
    results = changelist(superuser, "auth_user", role="operator").context["cl"].result_list
    assert list(results) == [anna]


@pytest.mark.parametrize(
    ("count", "period", "words"),
    [
        (2592000, "seconds", "every 30 days"),
        (3600, "seconds", "every hour"),
        (90, "seconds", "every 90 seconds"),
        (5, "minutes", "every 5 minutes"),
        (1, "days", "every day"),
    ],
)
def test_periods_are_shown_in_their_largest_unit(count: int, period: str, words: str) -> None:
    assert every(IntervalSchedule(every=count, period=period)) == words


def test_mediamanager_is_not_below_the_distributions(superuser: Client) -> None:
    page = superuser.get(reverse("admin:distributions_mediamanager")).content.decode()
    head = page[page.index("<h1") : page.index("</h1>")]
    assert "MediaManager" in head
    assert "Distributions" not in head


def test_the_form_shows_how_many_outputs_a_profile_has(superuser: Client) -> None:
    page = superuser.get(reverse("admin:channels_app_channel_add")).content.decode()
    for words in ("1080p: 4 outputs", "720p: 3 outputs", "480p: 2 outputs"):
        assert words in page
