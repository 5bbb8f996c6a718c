"""What somebody did behind StreamHub's back, found and resolved on the Drift page, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from channels_app import services
from channels_app.models import Channel
from distributions.models import Distribution
from drift.models import DriftSighting
from drift.tasks import drift_report
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import tags
from tests.browser.accessibility import grave_findings
from tests.browser.staff import PHONE, WIDE, Open
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import medialive_state
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
NOBODY = "f" * 32


@pytest.fixture
def stage(world: WorldUnderTest) -> Channel:
    services.channel_create("Main stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    return Channel.objects.get()


def plant_an_orphan(world: WorldUnderTest) -> str:
    """A security group with our mark, as a restored database would leave it; its id."""
    return (
        MediaLive(world.session)
        .create_security_group(["198.51.100.7/32"], tags("local", "security-group", NOBODY))
        .id
    )


def delete_the_distribution(world: WorldUnderTest) -> str:
    """In the AWS console, behind StreamHub's back; its id."""
    id = Distribution.objects.get().aws_distribution_id
    assert id
    world.control.console("cloudfront", "disable", Id=id)
    world.control.console("cloudfront", "delete", Id=id)
    return id


def read_again(page: Page) -> None:
    page.get_by_role("button", name="Read again").click()
    expect(page.locator(".sh-note")).to_contain_text("Reading AWS")
    drift_report()
    expect(page.locator(".sh-note")).to_have_count(0, timeout=15_000)


def finding(page: Page, aws_id: str) -> Locator:
    return page.locator(".sh-findings > li", has_text=aws_id)


def an_hour_passes() -> None:
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def confirm(page: Page, label: str, aws_id: str) -> None:
    page.get_by_role("link", name=f"{label} {aws_id}").click()
    expect(page.locator(".sh-confirm")).to_contain_text(aws_id)
    page.get_by_role("button", name=f"Yes, {label.lower()}").click()


def test_an_engineer_finds_what_was_done_outside_and_mends_it(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    page = log_in("engineer")
    page.locator("#nav-sidebar a[href$='/drift/']").click()
    expect(page.locator("#live")).to_contain_text("AWS has not been read yet")
    read_again(page)
    expect(page.locator("#live")).to_contain_text("Database and AWS agree.")
    assert grave_findings(page) == []
    shoot(page, "drift-agrees")

    orphan, lost = plant_an_orphan(world), delete_the_distribution(world)
    read_again(page)
    expect(finding(page, lost)).to_contain_text("does not exist")
    expect(finding(page, orphan)).to_contain_text("has no row")
    expect(finding(page, orphan)).to_contain_text("can be deleted from")
    assert grave_findings(page) == []
    shoot(page, "drift-findings")

    page.get_by_role("link", name=f"Repair {lost}").click()
    expect(page.locator(".sh-dry-run")).to_contain_text("repairs what it can")
    assert grave_findings(page) == []
    shoot(page, "drift-confirm-repair")
    page.get_by_role("button", name="Yes, repair").click()
    world.settle()
    assert Channel.objects.get().error_code == "distribution_gone"

    an_hour_passes()
    page.reload()
    page.get_by_role("link", name=f"Delete {orphan}").click()
    expect(page.locator(".sh-dry-run")).to_contain_text(f"{orphan} is deleted.")
    shoot(page, "drift-confirm-delete")
    page.get_by_role("link", name="No, go back").click()
    assert world.left()["medialive input_security_groups"] == 2
    confirm(page, "Delete", orphan)
    assert world.left()["medialive input_security_groups"] == 1
    drift_report()
    expect(finding(page, orphan)).to_have_count(0, timeout=15_000)
    expect(finding(page, lost)).to_have_count(0)


def test_what_could_not_be_read_stands_out(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    drift_report()
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    world.control.console("cloudfront", "create_foreign", count=3)
    drift_report()
    page = log_in("viewer")
    page.goto("/admin/drift/")
    expect(page.get_by_role("alert")).to_contain_text("MediaLive channels")
    expect(page.get_by_role("alert")).to_contain_text("AccessDeniedException")
    expect(page.get_by_role("button", name="Read again")).to_have_count(0)
    assert grave_findings(page) == []
    shoot(page, "drift-unread")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_alarms_and_findings_are_seen_at_night(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot, viewport: object, scheme: str
) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    ago = timezone.now() - timedelta(minutes=47)
    denied = (
        "User arn:aws:iam::111122223333:user/streamhub is not authorized to perform: medialive:StopChannel"
    )
    Channel.objects.update(
        state="running",
        ml_channel_state="RUNNING",
        state_since=ago,
        error_code="AccessDeniedException",
        error_message=denied,
    )
    orphan, lost = plant_an_orphan(world), delete_the_distribution(world)
    drift_report()
    world.control.fault("mediapackage:ListChannels", "access_denied", times=None)
    drift_report()
    page = log_in("engineer", viewport=viewport, scheme=scheme)
    graves = []
    for name, path in {
        "alarms": "",
        "alarms-channel": f"channels_app/channel/{stage.pk}/change/",
        "drift": "drift/",
        "drift-repair": f"drift/missing:distribution:{lost}/repair/",
        "drift-delete": f"drift/orphan:security_group:{orphan}/delete/",
    }.items():
        page.goto(f"/admin/{path}")
        page.evaluate("document.fonts.ready")
        shoot(page, f"{name}-{scheme}")
        graves += [f"{name}: {one}" for one in grave_findings(page)]
    assert graves == [], "\n".join(graves)


def test_an_alarm_leads_to_the_stop_that_ends_it(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    ago, later = timezone.now() - timedelta(minutes=47), timezone.now() + timedelta(hours=9)
    page = log_in("operator")
    expect(page.locator("#live")).to_contain_text("No alarms")
    page.evaluate("window.notReloaded = true")
    Channel.objects.update(
        state="running", ml_channel_state="RUNNING", state_since=ago, warm_until=later, desired="running"
    )
    expect(page.get_by_role("alert")).to_contain_text("runs and costs", timeout=15_000)
    assert page.evaluate("window.notReloaded")
    page.get_by_role("link", name="Stop Main stage").click()
    expect(page.locator(".sh-confirm")).to_contain_text("not kept warm any longer")
    page.get_by_role("button", name="Yes, stop").click()
    world.settle()
    assert medialive_state(world) == "IDLE"
    expect(page.get_by_role("alert")).to_have_count(0, timeout=15_000)
