"""The Drift page: who sees and does what, that viewing changes nothing, and each resolution to its end."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_app import services
from channels_app.models import Channel
from distributions.models import Distribution
from drift import services as drift
from drift.models import DriftReading, DriftSighting
from drift.services import Finding, ResourceKind
from drift.tasks import drift_report
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import delete_rows, everything
from tests.scenarios.stage import channel
from tests.scenarios.world import WorldUnderTest

PAGE, READ = "admin:drift", "admin:drift_read"


def page_of(client: Client, follow: bool = False) -> str:
    response = client.get(reverse(PAGE), follow=follow)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def do_url(finding: Finding, resolution: str) -> str:
    return reverse("admin:drift_do", args=[finding.key, resolution])


def press(client: Client, finding: Finding, resolution: str) -> str:
    """Confirm the resolution; returns the page that follows, with its message."""
    return html.unescape(client.post(do_url(finding, resolution), follow=True).content.decode())


def delete_the_endpoint(world: WorldUnderTest) -> Finding:
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    drift_report()
    return the_only_finding()


def orphans(*, old: bool = True) -> dict[ResourceKind, Finding]:
    delete_rows()
    drift_report()
    if old:
        let_an_hour_pass()
    return {finding.kind: finding for finding in drift.last_report().findings}


def let_an_hour_pass() -> None:
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def the_only_finding() -> Finding:
    (finding,) = drift.last_report().findings
    return finding


# --- what is shown ---------------------------------------------------------------------------


def test_before_the_first_reading_the_page_says_so(engineer: Client) -> None:
    page = page_of(engineer)
    assert "AWS has not been read yet" in page
    assert "Database and AWS agree" not in page
    assert "in agreement" not in page


def test_agreement_is_shown_with_what_was_compared(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    world.control.console("cloudfront", "create_foreign", count=3)
    drift_report()
    page = page_of(engineer)
    assert "Database and AWS agree." in page
    assert "6 AWS resources of ours were compared with their rows" in page
    assert '<td class="sh-number">1</td><td class="sh-number">3</td>' in page


def test_a_finding_is_shown_with_its_row_and_its_resolution(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = delete_the_endpoint(world)
    page = page_of(engineer)
    assert finding.detail in page
    assert f'data-sh-copy="{finding.aws_id}"' in page
    assert reverse("admin:channels_app_channel_change", args=[stage.pk]) in page
    assert do_url(finding, "repair") in page
    assert "Database and AWS agree" not in page


def test_a_resolution_that_must_wait_says_until_when(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = orphans(old=False)[ResourceKind.ENDPOINT]
    page = page_of(engineer)
    assert "can be deleted from" in page
    assert do_url(finding, "delete") not in page
    let_an_hour_pass()
    assert do_url(finding, "delete") in page_of(engineer)


def test_an_unread_list_never_looks_like_agreement(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    drift_report()
    page = page_of(engineer)
    assert "AWS could not be read in full" in page
    assert "MediaLive channels" in page
    assert "AccessDeniedException" in page
    assert "may not list them" in page
    assert "Database and AWS agree" not in page
    assert "in agreement" not in page
    dashboard = engineer.get(reverse("admin:index")).content.decode()
    assert "1 of 6 kinds could not be read" in dashboard


def test_a_running_surplus_channel_is_marked_as_costly_and_leads_to_awss_console(
    world: WorldUnderTest, stage: Channel, engineer: Client, settings: Any
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=TESTER), who=TESTER)
    world.settle()
    found = orphans(old=False)
    page = page_of(engineer)
    assert "runs and costs" in page
    assert "console.aws.amazon.com" not in page
    settings.STREAMHUB_AWS = "live"
    page = page_of(engineer)
    for kind, place in {
        ResourceKind.DISTRIBUTION: "distributions",
        ResourceKind.ML_CHANNEL: "channels",
        ResourceKind.INPUT: "inputs",
        ResourceKind.GROUP: "input-security-groups",
        ResourceKind.MP_CHANNEL: "channels",
    }.items():
        assert f"#/{place}/{found[kind].aws_id}" in page


def test_the_tile_counts_the_findings_and_the_unread_kinds(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    assert tile(engineer)["value"] == "?"
    drift_report()
    assert tile(engineer) == {"value": 0, "detail": "database and AWS agree"}
    delete_the_endpoint(world)
    assert tile(engineer) == {"value": 1, "detail": "difference from AWS"}
    assert "does not exist" in page_of(engineer)
    world.control.fault("mediapackage:ListOriginEndpoints", "access_denied", times=None)
    drift_report()
    assert tile(engineer) == {"value": "?", "detail": "1 of 6 kinds could not be read"}


def test_the_tile_counts_several_differences_in_the_plural(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    orphans()
    assert tile(engineer) == {"value": 6, "detail": "differences from AWS"}


def tile(client: Client) -> dict[str, Any]:
    """What the dashboard's tile shows of drift."""
    shown = client.get(reverse("admin:index")).context
    tiles = [*shown["tiles"], *shown["zeros"]]
    (drift_tile,) = (item for item in tiles if item.key == "drift")
    assert drift_tile.url == reverse(PAGE)
    return {"value": drift_tile.figure.value, "detail": drift_tile.figure.detail}


def test_an_old_report_says_so(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    drift_report()
    DriftReading.objects.update(observed_at=timezone.now() - timedelta(minutes=119))
    assert "This report is old" not in page_of(engineer)
    DriftReading.objects.update(observed_at=timezone.now() - timedelta(minutes=121))
    assert "This report is old" in page_of(engineer)


def test_a_failed_reading_says_so(engineer: Client) -> None:
    Job.objects.create(name="drift", error="OperationalError: the database went away")
    assert "The last reading failed" in page_of(engineer)


# --- viewing changes nothing -----------------------------------------------------------------


def test_viewing_changes_nothing_and_reads_no_list(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = orphans()[ResourceKind.DISTRIBUTION]
    before, inventory = everything(), world.control.inventory()
    world.control.clear_calls()
    for url in (
        reverse(PAGE),
        reverse(f"{PAGE}_live"),
        do_url(finding, "delete"),
        do_url(finding, "repair"),
        do_url(finding, "adopt"),
    ):
        for method in (engineer.get, engineer.head, engineer.options, engineer.put, engineer.delete):
            method(url)
    assert engineer.get(reverse(READ)).status_code == 405
    assert everything() == before
    assert world.control.inventory() == inventory
    assert not [call for call in world.counts() if ":List" in call and "Tags" not in call]


def test_the_number_of_queries_does_not_depend_on_the_findings(
    world: WorldUnderTest, stage: Channel, engineer: Client, django_assert_max_num_queries: Any
) -> None:
    drift_report()
    page_of(engineer)
    with CaptureQueriesContext(connection) as without_findings:
        page_of(engineer)
    assert len(orphans()) > 4
    with django_assert_max_num_queries(len(without_findings) + 4):
        page_of(engineer)


def test_the_fragment_is_sent_only_when_it_is_new(engineer: Client) -> None:
    live = reverse(f"{PAGE}_live")
    version = engineer.get(live)["X-StreamHub-Fragment"]
    assert engineer.get(live, headers={"If-None-Match": version}).status_code == 304


def test_csrf_protects_the_resolutions(world: WorldUnderTest, stage: Channel, as_role: Any) -> None:
    finding = delete_the_endpoint(world)
    client = as_role("superuser", enforce_csrf_checks=True)
    assert client.post(do_url(finding, "repair")).status_code == 403
    assert client.post(reverse(READ)).status_code == 403


# --- who may ---------------------------------------------------------------------------------


def test_a_viewer_sees_the_page_and_no_resolution(
    world: WorldUnderTest, stage: Channel, as_role: Any
) -> None:
    finding, viewer = delete_the_endpoint(world), as_role("viewer")
    page = page_of(viewer)
    assert finding.detail in page
    assert do_url(finding, "repair") not in page
    assert reverse(READ) not in page
    for call in (viewer.get, viewer.post):
        assert call(do_url(finding, "repair")).status_code == 403
    assert viewer.post(reverse(READ)).status_code == 403
    assert not Transition.objects.filter(why__startswith="drift").exists()


def test_an_operator_may_have_aws_read_and_resolve_nothing(
    world: WorldUnderTest, stage: Channel, as_role: Any
) -> None:
    finding, operator = delete_the_endpoint(world), as_role("operator")
    assert "Reading AWS" in operator.post(reverse(READ), follow=True).content.decode()
    assert operator.post(do_url(finding, "repair")).status_code == 403


def test_anonymous_people_are_sent_to_the_login(client: Client, db: None) -> None:
    for url in (reverse(PAGE), reverse(f"{PAGE}_live"), reverse(READ)):
        assert "/login/" in client.post(url)["Location"]


def test_a_user_without_a_role_does_not_see_the_page(as_role: Any) -> None:
    assert as_role("nobody").get(reverse(PAGE)).status_code == 403


# --- reading again ---------------------------------------------------------------------------


def test_read_again_shows_that_aws_is_read_until_it_has_been(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    drift_report()
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    page = engineer.post(reverse(READ), follow=True).content.decode()
    assert "Reading AWS" in page
    assert "staff:engineer asked" in page
    assert "asked for this just now" in engineer.post(reverse(READ), follow=True).content.decode()
    drift_report()
    page = page_of(engineer)
    assert "Reading AWS" not in page
    assert "MediaPackage endpoint of stage does not exist" in page


def test_the_page_says_when_no_worker_reads(engineer: Client) -> None:
    engineer.post(reverse(READ))
    DriftReading.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    assert "No worker has started to read AWS" in page_of(engineer)


# --- the resolutions -------------------------------------------------------------------------------


def test_repair_shows_its_dry_run_and_then_repairs(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = delete_the_endpoint(world)
    page = html.unescape(engineer.get(do_url(finding, "repair")).content.decode())
    assert "stage reads its MediaPackage endpoint again and repairs what it can." in page
    assert finding.aws_id in page
    assert "repairs what it can" in press(engineer, finding, "repair")
    assert DriftReading.objects.get().asked_by == "staff:engineer"
    world.settle()
    assert channel().error_code == "deleted_outside"
    assert Transition.objects.filter(who="staff:engineer", why__startswith="drift: repair").exists()


def test_delete_tears_an_orphan_down_step_by_step(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = orphans()[ResourceKind.DISTRIBUTION]
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert f"{finding.aws_id} is disabled; another step deletes it." in page
    assert "two steps" in page
    assert "another step deletes it" in press(engineer, finding, "delete")
    assert "staff:engineer" in page_of(engineer)  # the finding shows who took the first step
    drift_report()
    assert f"{finding.aws_id} is deleted." in press(engineer, finding, "delete")
    assert "cloudfront distributions" not in world.left()
    drift_report()
    assert finding.aws_id not in page_of(engineer)
    assert world.illegal() == []


def test_adopt_gives_a_row_the_resource_with_its_mark(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    ours = Distribution.objects.get().aws_distribution_id
    Distribution.objects.update(aws_distribution_id=None, state="failed", error_code="x", not_before=None)
    drift_report()
    finding = the_only_finding()
    assert "takes the CloudFront distribution" in engineer.get(do_url(finding, "adopt")).content.decode()
    assert Distribution.objects.get().aws_distribution_id is None
    assert "as its own" in press(engineer, finding, "adopt")
    assert Distribution.objects.get().aws_distribution_id == ours


def test_a_refusal_is_explained(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    finding = orphans(old=False)[ResourceKind.ENDPOINT]
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert "This is not possible now. First seen at" in page
    assert "Yes, delete" not in page
    assert "Delete was refused. First seen at" in press(engineer, finding, "delete")
    assert '"adopt" does not resolve a finding "orphan"' in press(engineer, finding, "adopt")
    assert world.left()["mediapackage origin_endpoints"] == 1


def test_a_resolution_says_when_aws_cannot_be_read(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = orphans()[ResourceKind.ENDPOINT]
    world.control.fault("mediapackage:DescribeOriginEndpoint", "access_denied", times=None)
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert "This is not possible now. AWS answered AccessDeniedException" in page
    assert "Delete did not work. AWS answered AccessDeniedException" in press(engineer, finding, "delete")
    assert world.left()["mediapackage origin_endpoints"] == 1


def test_an_outdated_finding_leads_back_to_the_page(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = delete_the_endpoint(world)
    DriftReading.objects.all().delete()
    for call in (engineer.get, engineer.post):
        response = call(do_url(finding, "repair"), follow=True)
        assert "no longer in the last report" in response.content.decode()


def test_an_unknown_resolution_is_not_found(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    assert engineer.post(do_url(delete_the_endpoint(world), "explode")).status_code == 404
