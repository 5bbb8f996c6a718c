"""The job *read_price_list*: rates by GetProducts from the embedded AWS, and what is said without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from billing.jobs import READ_PRICE_LIST
from billing.models import PriceRate
from billing.pricing.services import rate_add
from billing.tasks import read_price_list
from streamhub.access.actors import SYSTEM
from streamhub.access.models import AuditEntry
from streamhub.lifecycle.models import Job
from tests.billing import offers
from tests.scenarios.world import WorldUnderTest

As = Callable[[str], Client]


def job() -> Job:
    return Job.objects.get(name=READ_PRICE_LIST.name)


@pytest.fixture
def priced(world: WorldUnderTest) -> WorldUnderTest:
    """A price list with MediaLive's and CloudFront's rates."""
    delivery = offers.as_products(offers.cloudfront(), "Data Transfer")
    products = [*offers.as_products(offers.medialive()), *delivery]
    world.control.console("pricing", "put_products", products=products)
    return world


def test_the_price_list_is_read_page_by_page_once_and_is_in_the_audit(priced: WorldUnderTest) -> None:
    PriceRate.objects.all().delete()
    read_price_list()
    rates = {(row.usage_type, row.region) for row in PriceRate.objects.all()}
    assert ("EML1-IN-AVC-HD-L20", "eu-central-1") in rates
    assert ("DataTransfer-Out-Bytes", "EU") in rates
    assert {row.origin for row in PriceRate.objects.all()} == {"price_list"}
    assert not job().error
    assert (
        "AmazonS3: the price list has nothing for eu-central-1" in job().outcome or len(job().outcome) == 200
    )
    assert set(AuditEntry.objects.filter(verb="import_rates").values_list("object_name", flat=True)) == {
        "AWSElementalMediaLive",
        "AmazonCloudFront",
    }
    count = PriceRate.objects.count()
    read_price_list()
    assert PriceRate.objects.count() == count == 4


@pytest.mark.parametrize("region", ["eu-central-1", "*"])
def test_a_price_of_a_contract_stays(priced: WorldUnderTest, region: str) -> None:
    PriceRate.objects.all().delete()
    usage_type = "EML1-IN-AVC-HD-L20"
    rate_add(
        service="AWSElementalMediaLive",
        usage_type=usage_type,
        region=region,
        tiers=[["0", "0.01"]],
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        source="our contract",
        who=SYSTEM,
    )
    read_price_list()
    assert {row.origin for row in PriceRate.objects.filter(usage_type=usage_type)} == {"staff"}
    assert "1 are your own and stay" in job().outcome
    assert PriceRate.objects.filter(origin="price_list").exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [("access_denied", "pricing:GetProducts"), ("error500", "import the file index.json")],
)
def test_what_cannot_be_read_is_an_error_that_says_what_to_do(
    priced: WorldUnderTest, fault: str, words: str, as_role: As
) -> None:
    priced.control.fault("pricing:GetProducts", fault, times=None)
    read_price_list()
    assert words in job().error
    assert not PriceRate.objects.filter(origin="price_list").exists()
    page = as_role("engineer").get(reverse("admin:prices")).content.decode()
    assert words in page
    with pytest.raises(CommandError, match=words):
        call_command("import_prices", "--from-aws")


def test_the_button_is_for_those_who_may_import_and_send_jobs(priced: WorldUnderTest, as_role: As) -> None:
    url = reverse("admin:lifecycle_job_run", args=[READ_PRICE_LIST.name])
    assert url in as_role("engineer").get(reverse("admin:prices")).content.decode()
    assert url not in as_role("viewer").get(reverse("admin:prices")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("words", [[], ["--from-aws", "index.json"]], ids=["neither", "both"])
def test_the_command_wants_files_or_aws(words: list[str]) -> None:
    with pytest.raises(CommandError, match="--from-aws"):
        call_command("import_prices", *words)
