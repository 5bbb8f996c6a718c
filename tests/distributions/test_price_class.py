"""The price class of distributions: one or many, on CloudFront, and against edits from outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from distributions import services
from distributions.models import Distribution, PriceClass
from drift.report import report
from drift.resolutions import resolve
from streamhub.errors import Invalid
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
As = Callable[[str], Client]


def change(row: Distribution, price_class: str = "PriceClass_All") -> Distribution:
    return services.distribution_price_class_change(row, price_class, who=WHO)


def on_aws(world: WorldUnderTest) -> str:
    (distribution,) = world.control.inventory()["cloudfront"]["distributions"]
    return str(distribution["PriceClass"])


@pytest.fixture
def row(stage: Channel) -> Distribution:
    return Distribution.objects.get()


def fresh(row: Distribution) -> Distribution:
    return Distribution.objects.get(pk=row.pk)


def test_a_new_distribution_wants_the_price_class_of_the_settings(row: Distribution) -> None:
    assert (row.price_class, row.price_class_seen, row.price_class_pending) == (
        "PriceClass_100",
        "PriceClass_100",
        False,
    )


def test_cloudfront_gets_the_chosen_one_and_nothing_else_changes(
    world: WorldUnderTest, row: Distribution
) -> None:
    change(row)
    world.settle()
    now = fresh(row)
    assert on_aws(world) == "PriceClass_All"
    assert (now.state, now.enabled, now.price_class_pending, now.error_code) == ("deployed", True, False, "")
    assert world.counts()["cloudfront:UpdateDistribution"] == 1
    whys = Transition.objects.filter(resource_type="distribution").values_list("why", flat=True)
    assert "price class: PriceClass_100 to PriceClass_All" in whys
    assert "price class PriceClass_All sent" in whys
    assert world.illegal() == []


def test_our_own_change_is_no_edit_from_outside(world: WorldUnderTest, row: Distribution) -> None:
    change(row)
    world.settle()
    services.distribution_sync(row, who=WHO)
    world.settle()
    assert fresh(row).error_code == ""


def test_the_same_again_does_nothing(world: WorldUnderTest, row: Distribution) -> None:
    change(row, "PriceClass_100")
    world.settle()
    assert "cloudfront:UpdateDistribution" not in world.counts()


def test_one_that_cloudfront_does_not_have_is_refused(row: Distribution) -> None:
    with pytest.raises(Invalid, match="PriceClass_200"):
        change(row, "PriceClass_Cheap")


def test_a_stale_etag_is_read_again(world: WorldUnderTest, row: Distribution) -> None:
    world.control.fault("cloudfront:UpdateDistribution", "conflict")
    change(row)
    world.settle()
    assert on_aws(world) == "PriceClass_All"
    assert fresh(row).error_code == ""


def test_a_refusal_is_shown_and_viewers_are_served(world: WorldUnderTest, row: Distribution) -> None:
    error = {"code": "InvalidArgument", "message": "not on this plan", "status": 400}
    world.control.fault("cloudfront:UpdateDistribution", "refuse", error=error, times=None)
    change(row)
    world.settle(until=lambda: fresh(row).error_code != "")
    now = fresh(row)
    assert (now.state, now.error_code, now.error_needs_person) == ("deployed", "price_class_refused", True)
    world.control.clear_faults()
    change(row, "PriceClass_200")
    world.settle()
    assert (on_aws(world), fresh(row).error_code) == ("PriceClass_200", "")


def test_before_it_is_created_it_is_created_with_it(world: WorldUnderTest) -> None:
    new = services.distribution_create("https://origin.example/1", owner_label="one", who=WHO)
    change(new, "PriceClass_200")
    world.settle()
    assert on_aws(world) == "PriceClass_200"
    assert "cloudfront:UpdateDistribution" not in world.counts()


def test_drift_knows_the_wanted_one_and_its_repair_restores_it(
    world: WorldUnderTest, row: Distribution
) -> None:
    changes = {"PriceClass": "PriceClass_All"}
    world.control.console("cloudfront", "edit", Id=row.aws_distribution_id, changes=changes)
    world.observe()
    world.settle()
    (finding,) = report().findings
    assert "price class is PriceClass_All, not PriceClass_100" in finding.detail
    resolve(finding, "repair", TESTER)
    world.settle()
    assert on_aws(world) == "PriceClass_100"
    assert report().findings == ()


def test_many_are_named_with_their_channels_and_each_has_its_result(superuser: Client, db: None) -> None:
    one, two = (
        rows.distribution(price_class="PriceClass_100"),
        rows.distribution(price_class="PriceClass_All"),
    )
    going = rows.distribution("disabled", attached=False, desired="deleted", price_class="PriceClass_100")
    Distribution.objects.filter(pk=one.pk).update(owner_label="stage")
    ids = [row.pk for row in (one, two, going)]
    page = superuser.post(
        reverse("admin:distributions_distribution_changelist"),
        {"action": "verb_price", ACTION_CHECKBOX_NAME: ids},
    ).content.decode()
    assert "of stage" in page
    assert "PriceClass_100 (North America and Europe: cheapest)" in page
    assert "stays as it is: It is being deleted." in page
    assert "CloudFront deploys the change in some minutes" in page
    url = reverse("admin:distributions_distribution_bulk", args=["price"])
    wrong = superuser.post(url, {ACTION_CHECKBOX_NAME: ids, "price_class": "PriceClass_Cheap"})
    assert wrong.status_code == 422
    assert not Distribution.objects.filter(price_class_pending=True).exists()
    superuser.post(url, {ACTION_CHECKBOX_NAME: ids, "price_class": PriceClass.MOST})
    results = superuser.get(reverse("admin:distributions_distribution_results")).content.decode()
    assert "Change price class: 2 done, 1 refused" in results
    assert "It is being deleted." in results
    wanted = Distribution.objects.filter(pk__in=ids).order_by("pk").values_list("price_class", flat=True)
    assert list(wanted) == ["PriceClass_200", "PriceClass_200", "PriceClass_100"]


@pytest.mark.parametrize("verb", ["detach", "keep", "reattach", "sync", "price", "delete"])
def test_every_verb_for_many_says_what_it_means(superuser: Client, db: None, verb: str) -> None:
    ids = [rows.distribution().pk, rows.distribution().pk]
    page = superuser.post(
        reverse("admin:distributions_distribution_changelist"),
        {"action": f"verb_{verb}", ACTION_CHECKBOX_NAME: ids},
    ).content.decode()
    assert 'class="sh-consequences"' in page


def test_a_viewer_may_not_change_it(as_role: As) -> None:
    row = rows.distribution(price_class="PriceClass_100")
    url = reverse("admin:distributions_distribution_do", args=[row.pk, "price"])
    assert as_role("viewer").post(url, {"price_class": "PriceClass_All"}).status_code == 403
