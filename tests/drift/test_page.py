"""The Drift page: who sees and does what, that looking changes nothing, and each verb to its end."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

from django.test import Client
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
from tests.scenarios.rows import everything, forget_rows
from tests.scenarios.stage import channel
from tests.scenarios.world import WorldUnderTest

PAGE, READ = "admin:drift", "admin:drift_read"


def seen(client: Client, follow: bool = False) -> str:
    response = client.get(reverse(PAGE), follow=follow)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def do_url(finding: Finding, verb: str) -> str:
    return reverse("admin:drift_do", args=[finding.key, verb])


def press(client: Client, finding: Finding, verb: str) -> str:
    """Confirm the verb; the page afterwards, with its message."""
    return html.unescape(client.post(do_url(finding, verb), follow=True).content.decode())


def lose_the_endpoint(world: WorldUnderTest) -> Finding:
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    drift_report()
    return only()


def orphans(*, old: bool = True) -> dict[ResourceKind, Finding]:
    forget_rows()
    drift_report()
    if old:
        grow_old()
    return {one.kind: one for one in drift.last().findings}


def grow_old() -> None:
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def only() -> Finding:
    (finding,) = drift.last().findings
    return finding


# --- what is shown ---------------------------------------------------------------------------


def test_before_the_first_reading_it_says_so(engineer: Client) -> None:
    page = seen(engineer)
    assert "AWS has not been read yet" in page
    assert "Database and AWS agree" not in page
    assert "in agreement" not in page


def test_agreement_is_said_with_what_was_compared(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    world.control.console("cloudfront", "create_foreign", count=3)
    drift_report()
    page = seen(engineer)
    assert "Database and AWS agree." in page
    assert "6 AWS resources of ours were held against their rows" in page
    assert '<td class="sh-number">1</td><td class="sh-number">3</td>' in page


def test_a_finding_is_shown_with_its_row_and_its_verb(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = lose_the_endpoint(world)
    page = seen(engineer)
    assert finding.detail in page
    assert f'data-sh-copy="{finding.aws_id}"' in page
    assert reverse("admin:channels_app_channel_change", args=[stage.pk]) in page
    assert do_url(finding, "repair") in page
    assert "Database and AWS agree" not in page


def test_a_verb_that_must_wait_says_until_when(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    found = orphans(old=False)[ResourceKind.ENDPOINT]
    page = seen(engineer)
    assert "can be deleted from" in page
    assert do_url(found, "delete") not in page
    grow_old()
    assert do_url(found, "delete") in seen(engineer)


def test_what_could_not_be_read_never_looks_like_agreement(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    drift_report()
    page = seen(engineer)
    assert "AWS could not be read in full" in page
    assert "MediaLive channels" in page
    assert "AccessDeniedException" in page
    assert "may not list them" in page
    assert "Database and AWS agree" not in page
    assert "in agreement" not in page
    dashboard = engineer.get(reverse("admin:index")).content.decode()
    assert "1 of 6 kinds could not be read" in dashboard


def test_a_surplus_channel_that_runs_stands_out(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=TESTER), who=TESTER)
    world.settle()
    orphans(old=False)
    page = seen(engineer)
    assert "runs and costs" in page


def test_the_tile_counts_what_the_page_shows_and_says_what_was_not_read(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    assert tile(engineer)["value"] == "?"
    drift_report()
    assert tile(engineer) == {"value": 0, "says": "database and AWS agree"}
    lose_the_endpoint(world)
    assert tile(engineer) == {"value": 1, "says": "differences to AWS"}
    assert "is not there" in seen(engineer)
    world.control.fault("mediapackage:ListOriginEndpoints", "access_denied", times=None)
    drift_report()
    assert tile(engineer) == {"value": "?", "says": "1 of 6 kinds could not be read"}


def tile(client: Client) -> dict[str, Any]:
    """What the dashboard says of drift."""
    (found,) = (
        each for each in client.get(reverse("admin:index")).context["tiles"] if each["tile"].key == "drift"
    )
    assert found["url"] == reverse(PAGE)
    return {"value": found["figure"].value, "says": found["figure"].detail}


def test_an_old_reading_says_so(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    drift_report()
    DriftReading.objects.update(observed_at=timezone.now() - timedelta(minutes=119))
    assert "This is old" not in seen(engineer)
    DriftReading.objects.update(observed_at=timezone.now() - timedelta(minutes=121))
    assert "This is old" in seen(engineer)


def test_a_reading_that_broke_off_says_so(engineer: Client) -> None:
    Job.objects.create(name="drift", error="OperationalError: the database went away")
    assert "The last reading broke off" in seen(engineer)


# --- looking changes nothing -----------------------------------------------------------------


def test_looking_changes_nothing_and_reads_no_list(
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


def test_the_page_costs_the_same_however_many_findings(
    world: WorldUnderTest, stage: Channel, engineer: Client, django_assert_max_num_queries: Any
) -> None:
    orphans()
    seen(engineer)
    with django_assert_max_num_queries(8):
        seen(engineer)


def test_the_fragment_is_sent_only_when_it_is_new(engineer: Client) -> None:
    live = reverse(f"{PAGE}_live")
    version = engineer.get(live)["X-StreamHub-Fragment"]
    assert engineer.get(live, {"seen": version}).status_code == 204


def test_csrf_protects_the_verbs(world: WorldUnderTest, stage: Channel, as_role: Any) -> None:
    finding = lose_the_endpoint(world)
    client = as_role("superuser", enforce_csrf_checks=True)
    assert client.post(do_url(finding, "repair")).status_code == 403
    assert client.post(reverse(READ)).status_code == 403


# --- who may ---------------------------------------------------------------------------------


def test_a_viewer_sees_the_page_and_no_verb(world: WorldUnderTest, stage: Channel, as_role: Any) -> None:
    finding, viewer = lose_the_endpoint(world), as_role("viewer")
    page = seen(viewer)
    assert finding.detail in page
    assert do_url(finding, "repair") not in page
    assert reverse(READ) not in page
    for call in (viewer.get, viewer.post):
        assert call(do_url(finding, "repair")).status_code == 403
    assert viewer.post(reverse(READ)).status_code == 403
    assert not Transition.objects.filter(why__startswith="drift").exists()


def test_an_operator_may_have_it_read_and_mend_nothing(
    world: WorldUnderTest, stage: Channel, as_role: Any
) -> None:
    finding, operator = lose_the_endpoint(world), as_role("operator")
    assert "Reading AWS" in operator.post(reverse(READ), follow=True).content.decode()
    assert operator.post(do_url(finding, "repair")).status_code == 403


def test_anonymous_people_are_sent_to_the_login(client: Client, db: None) -> None:
    for url in (reverse(PAGE), reverse(f"{PAGE}_live"), reverse(READ)):
        assert "/login/" in client.post(url)["Location"]


def test_somebody_without_any_role_does_not_see_it(as_role: Any) -> None:
    assert as_role("nobody").get(reverse(PAGE)).status_code == 403


# --- reading again ---------------------------------------------------------------------------


def test_read_again_says_that_it_reads_until_it_has(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    drift_report()
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    page = engineer.post(reverse(READ), follow=True).content.decode()
    assert "Reading AWS" in page
    assert "staff:engineer asked" in page
    assert "asked for just now" in engineer.post(reverse(READ), follow=True).content.decode()
    drift_report()
    page = seen(engineer)
    assert "Reading AWS" not in page
    assert "MediaPackage endpoint of stage is not there" in page


def test_it_says_when_no_worker_reads(engineer: Client) -> None:
    engineer.post(reverse(READ))
    DriftReading.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    assert "No worker has begun to read" in seen(engineer)


# --- the verbs -------------------------------------------------------------------------------


def test_repair_shows_its_dry_run_and_then_does_it(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = lose_the_endpoint(world)
    page = html.unescape(engineer.get(do_url(finding, "repair")).content.decode())
    assert "stage looks at its MediaPackage endpoint and puts right what it can." in page
    assert finding.aws_id in page
    assert "puts right what it can" in press(engineer, finding, "repair")
    assert DriftReading.objects.get().asked_by == "staff:engineer"
    world.settle()
    assert channel().error_code == "deleted_outside"
    assert Transition.objects.filter(who="staff:engineer", why__startswith="drift: repair").exists()


def test_delete_takes_an_orphan_down_step_by_step(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    finding = orphans()[ResourceKind.DISTRIBUTION]
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert f"{finding.aws_id} is disabled; another step deletes it." in page
    assert "two steps" in page
    assert "another step deletes it" in press(engineer, finding, "delete")
    assert "staff:engineer" in seen(engineer)  # who did the first step stands on the finding
    drift_report()
    assert f"{finding.aws_id} is deleted." in press(engineer, finding, "delete")
    assert "cloudfront distributions" not in world.left()
    drift_report()
    assert finding.aws_id not in seen(engineer)
    assert world.illegal() == []


def test_adopt_gives_a_row_what_carries_its_mark(
    world: WorldUnderTest, stage: Channel, engineer: Client
) -> None:
    ours = Distribution.objects.get().aws_distribution_id
    Distribution.objects.update(aws_distribution_id=None, state="failed", error_code="x", not_before=None)
    drift_report()
    finding = only()
    assert "takes the CloudFront distribution" in engineer.get(do_url(finding, "adopt")).content.decode()
    assert Distribution.objects.get().aws_distribution_id is None
    assert "as its own" in press(engineer, finding, "adopt")
    assert Distribution.objects.get().aws_distribution_id == ours


def test_a_refusal_is_told_in_plain_words(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    finding = orphans(old=False)[ResourceKind.ENDPOINT]
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert "Not possible now: First seen at" in page
    assert "Yes, delete" not in page
    assert "Delete was refused. First seen at" in press(engineer, finding, "delete")
    assert "cannot be mended by adopt" in press(engineer, finding, "adopt")
    assert world.left()["mediapackage origin_endpoints"] == 1


def test_a_verb_says_when_aws_cannot_be_read(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    finding = orphans()[ResourceKind.ENDPOINT]
    world.control.fault("mediapackage:DescribeOriginEndpoint", "access_denied", times=None)
    page = html.unescape(engineer.get(do_url(finding, "delete")).content.decode())
    assert "Not possible now: AWS answered AccessDeniedException" in page
    assert "Delete did not work. AWS answered AccessDeniedException" in press(engineer, finding, "delete")
    assert world.left()["mediapackage origin_endpoints"] == 1


def test_a_finding_that_is_gone_leads_back(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    finding = lose_the_endpoint(world)
    DriftReading.objects.all().delete()
    for call in (engineer.get, engineer.post):
        response = call(do_url(finding, "repair"), follow=True)
        assert "not in the last reading any more" in response.content.decode()


def test_an_unknown_verb_is_not_found(world: WorldUnderTest, stage: Channel, engineer: Client) -> None:
    assert engineer.post(do_url(lose_the_endpoint(world), "explode")).status_code == 404
