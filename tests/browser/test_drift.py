"""Changes made outside of StreamHub, shown and resolved on the Drift page, in Chromium."""

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
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, WIDE, Open
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import medialive_state
from tests.scenarios.well import all_well
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
UNKNOWN_UID = "f" * 32


@pytest.fixture
def stage(world: WorldUnderTest) -> Channel:
    services.channel_create("Main stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    return Channel.objects.get()


def create_orphan(world: WorldUnderTest) -> str:
    """Create a security group with our mark and no row, as a restored database leaves it; returns its id."""
    return (
        MediaLive(world.session)
        .create_security_group(["198.51.100.7/32"], tags("local", "security-group", UNKNOWN_UID))
        .id
    )


def delete_the_distribution(world: WorldUnderTest) -> str:
    """Delete the distribution in the AWS console; returns its id."""
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


def age_sightings_by_an_hour() -> None:
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))


def confirm(page: Page, label: str, aws_id: str) -> None:
    page.get_by_role("link", name=f"{label} {aws_id}").click()
    expect(page.locator(".sh-confirm")).to_contain_text(aws_id)
    page.get_by_role("button", name=f"Yes, {label.lower()}").click()


def test_an_engineer_finds_and_resolves_changes_made_outside(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    page = log_in("engineer")
    page.locator("#nav-sidebar a[href$='/drift/']").click()
    expect(page.locator("#live")).to_contain_text("AWS has not been read yet")
    read_again(page)
    expect(page.locator("#live")).to_contain_text("Database and AWS agree.")
    assert severe_violations(page) == []
    shoot(page, "drift-agrees")

    orphan, lost = create_orphan(world), delete_the_distribution(world)
    read_again(page)
    expect(finding(page, lost)).to_contain_text("does not exist")
    expect(finding(page, orphan)).to_contain_text("has no row")
    expect(finding(page, orphan)).to_contain_text("can be deleted from")
    assert severe_violations(page) == []
    shoot(page, "drift-findings")

    page.get_by_role("link", name=f"Repair {lost}").click()
    expect(page.locator(".sh-dry-run")).to_contain_text("repairs what it can")
    assert severe_violations(page) == []
    shoot(page, "drift-confirm-repair")
    page.get_by_role("button", name="Yes, repair").click()
    world.settle()
    assert Channel.objects.get().error_code == "distribution_gone"

    age_sightings_by_an_hour()
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


def test_an_incomplete_reading_is_shown_as_an_alert(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    drift_report()
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    world.control.console("cloudfront", "create_foreign", count=3)
    drift_report()
    page = log_in("viewer")
    page.goto("/admin/drift/")
    alert = page.get_by_role("alert").filter(has_text="MediaLive channels")
    expect(alert).to_contain_text("AccessDeniedException")
    expect(page.get_by_role("button", name="Read again")).to_have_count(0)
    assert severe_violations(page) == []
    shoot(page, "drift-unread")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_alarms_and_findings_are_readable_in_both_themes(
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
    orphan, lost = create_orphan(world), delete_the_distribution(world)
    drift_report()
    world.control.fault("mediapackage:ListChannels", "access_denied", times=None)
    drift_report()
    page = log_in("engineer", viewport=viewport, scheme=scheme)
    violations = []
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
        violations += [f"{name}: {violation}" for violation in severe_violations(page)]
    assert violations == [], "\n".join(violations)


def test_an_alarm_links_to_the_stop_that_ends_it(
    log_in: Open, world: WorldUnderTest, stage: Channel, shoot: Shoot
) -> None:
    world.control.console("medialive", "start_channel", id=stage.ml_channel_id)
    ago, later = timezone.now() - timedelta(minutes=47), timezone.now() + timedelta(hours=9)
    all_well()
    page = log_in("operator")
    expect(page.locator("#live")).to_contain_text("No alarms")
    page.evaluate("window.notReloaded = true")
    warm = {"warm_until": later, "warm_asked_until": later}
    Channel.objects.update(
        state="running", ml_channel_state="RUNNING", state_since=ago, desired="running", **warm
    )
    alarm = page.get_by_role("alert").filter(has_text="has run without a breakout")
    expect(alarm).to_be_visible(timeout=15_000)
    assert page.evaluate("window.notReloaded")
    page.get_by_role("link", name="Stop Main stage").first.click()
    expect(page.locator(".sh-confirm")).to_contain_text("not kept warm any longer")
    page.get_by_role("button", name="Yes, stop").click()
    world.settle()
    assert medialive_state(world) == "IDLE"
    expect(alarm).to_have_count(0, timeout=15_000)
