"""Import of AWS's price list: what of an offer file is read, and which files are refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from billing.models import PriceRate
from billing.pricing.catalogue import IDLE_CHANNEL
from billing.pricing.offer_file import read
from billing.pricing.services import price_book, rates_import, rates_seed
from streamhub.access.models import AuditEntry
from streamhub.errors import Invalid
from tests.billing import offers
from tests.scenarios.actors import TESTER

As = Callable[[str], Client]


def test_what_streamhub_uses_is_read_without_reservations_and_other_codecs() -> None:
    found = {rate.usage.usage_type: rate for rate in read(offers.medialive())}
    assert sorted(found) == ["EML1-IN-AVC-HD-L20", "EML1-OUT-AVC-HD-L10-30-S", "INACTIVE_CHANNEL"]
    assert {rate.region for rate in found.values()} == {"eu-central-1"}
    assert found["EML1-IN-AVC-HD-L20"].tiers[0].price == Decimal("0.201")
    assert (
        found["INACTIVE_CHANNEL"].source == "AWS's price list of AWSElementalMediaLive, published 2026-11-02"
    )


def test_cloudfronts_tiers_are_read_by_price_region() -> None:
    (rate,) = read(offers.cloudfront())
    assert rate.region == "EU"
    assert [tier.start for tier in rate.tiers] == [0, 10240, 51200]


@pytest.mark.parametrize(
    ("service", "usage_type"),
    [
        ("AWSElementalMediaPackage", "EUC1-EMP-ingest-bytes"),
        ("AWSElementalMediaPackage", "EMP-origin-packaging-bytes"),
        ("AmazonS3", "EUC1-TimedStorage-ByteHrs"),
        ("AmazonS3", "TimedStorage-ByteHrs"),
    ],
)
def test_the_regions_prefix_is_taken_off(service: str, usage_type: str) -> None:
    unit = "GB-Mo" if service == "AmazonS3" else "GB"
    text = offers.document(service, {"A": offers.product(usage_type)}, {"A": offers.flat(unit, "0.02")})
    (rate,) = read(text)
    assert usage_type.endswith(rate.usage.usage_type)
    assert rate.region == "eu-central-1"


def changed(path: list[str], value: Any) -> str:
    document = json.loads(offers.cloudfront())
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document)


DIMENSIONS = ["terms", "OnDemand", "DATA", "OFFER", "priceDimensions"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "not AWS's price list"),
        ("[]", "not AWS's price list"),
        (json.dumps({"formatVersion": "v1.0", "offers": {}}), "not the index of all services"),
        (offers.document("AmazonEC2", {}, {}), "Nothing in it is used"),
        (changed([*DIMENSIONS, "D0", "unit"], "GB-Mo"), "priced by GB-Mo"),
        (changed([*DIMENSIONS, "D0", "endRange"], "9000"), "counts 10,240 GB"),
        (changed([*DIMENSIONS, "D2", "beginRange"], "60000"), "do not follow each other"),
        (changed([*DIMENSIONS, "D0", "beginRange"], "many"), "not AWS's price list"),
        (changed([*DIMENSIONS, "D0", "pricePerUnit"], {"CNY": "1"}), "'USD' is not where"),
        (changed([*DIMENSIONS, "D0", "pricePerUnit", "USD"], "-1"), "0 or more"),
        (changed(["terms", "OnDemand", "DATA", "OFFER", "effectiveDate"], "soon"), "is not a time"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert says in refused.value.errors["file"]


def test_a_list_that_counts_1000_gb_in_a_tb_is_refused() -> None:
    decimal = [
        (name, start.replace("10240", "10000"), end.replace("10240", "10000"), price)
        for name, start, end, price in offers.TRANSFER
    ]
    with pytest.raises(Invalid, match="10,000 GB 'first 10 TB'"):
        read(offers.cloudfront(decimal))


@pytest.mark.django_db
def test_an_import_adds_what_is_new_and_stands_before_the_seeds() -> None:
    rates_seed()
    seeded = PriceRate.objects.count()
    said = rates_import(offers.medialive(), who=TESTER)
    assert "3 rates are new, 0 are as they were" in said
    rate = PriceRate.objects.order_by("-pk").first()
    assert rate is not None
    found = price_book().at(IDLE_CHANNEL, "eu-central-1", rate.valid_from)
    assert found is not None
    assert (found.tiers[0].price, found.verified) == (Decimal("0.011"), True)
    again = rates_import(offers.medialive(), who=TESTER)
    assert "0 rates are new, 3 are as they were" in again
    assert PriceRate.objects.count() == seeded + 3


@pytest.mark.django_db
def test_the_command_imports_files_and_is_in_the_audit(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "index.json"
    file.write_text(offers.cloudfront())
    call_command("import_prices", str(file))
    assert "1 rates are new" in capsys.readouterr().out
    assert AuditEntry.objects.get(verb="import_rates").object_name == "index.json"
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_prices", str(tmp_path / "none.json"))
    file.write_text("no JSON")
    with pytest.raises(CommandError, match="not JSON"):
        call_command("import_prices", str(file))


@pytest.mark.django_db
def test_an_engineer_uploads_a_price_list_and_a_viewer_may_not(as_role: As) -> None:
    url = reverse("admin:prices_import")
    file = SimpleUploadedFile("index.json", offers.medialive().encode())
    engineer = as_role("engineer")
    answer = engineer.post(url, {"file": file}, follow=True)
    assert "3 rates are new" in answer.content.decode()
    assert PriceRate.objects.count() == 3
    wrong = SimpleUploadedFile("index.json", b"{}")
    refused = engineer.post(url, {"file": wrong})
    assert refused.status_code == 422
    assert "not AWS&#x27;s price list" in refused.content.decode()
    assert as_role("viewer").get(url).status_code == 403
    assert as_role("operator").post(url, {"file": file}).status_code == 403


@pytest.mark.django_db
def test_an_engineer_adds_a_version_by_the_form(as_role: As) -> None:
    rates_seed()
    engineer = as_role("engineer")
    query = {"usage": "AmazonCloudFront/DataTransfer-Out-Bytes", "region": "EU"}
    form = engineer.get(reverse("admin:prices_add"), query).content.decode()
    assert "10240 0.08" in form
    given = {
        **query,
        "tiers": "0 0.05\n10240, 0.04",
        "valid_from": "2027-01-01",
        "source": "our contract of 2027",
        "verified": "on",
    }
    page = engineer.post(reverse("admin:prices_add"), given, follow=True).content.decode()
    assert "our contract of 2027" in page
    assert "2027-01-01" in page
    assert "the page Amazon CloudFront Pricing" in page, "the version before it stays"
    wrong = engineer.post(reverse("admin:prices_add"), {**given, "tiers": "0 x", "region": "Rome"})
    assert wrong.status_code == 422
    assert "two numbers" in wrong.content.decode()
    assert "price region of CloudFront" in wrong.content.decode()


@pytest.mark.django_db
def test_the_page_says_what_is_not_checked(as_role: As) -> None:
    rates_seed()
    viewer = as_role("viewer")
    page = viewer.get(reverse("admin:prices"))
    assert page.context["unverified"] > 0
    text = page.content.decode()
    assert "are not checked" in text
    assert reverse("admin:prices_add") not in text
    everything = viewer.get(reverse("admin:prices"), {"all": "1"})
    assert len(everything.context["lines"]) > len(page.context["lines"])


@pytest.mark.django_db
def test_a_usage_with_two_prices_is_named_and_keeps_the_rate_that_it_has() -> None:
    rates_import(offers.medialive(), who=TESTER)
    before = list(PriceRate.objects.values_list("usage_type", "tiers", "valid_from"))
    prices = {"A": "0.201", "B": "0.402", "C": "0.201"}
    products = {sku: offers.product("EML1-EUC1-IN-AVC-HD-L20") for sku in prices}
    terms = {sku: offers.flat("Hrs", price) for sku, price in prices.items()}
    text = offers.document("AWSElementalMediaLive", products, terms)
    for _ in range(3):
        said = rates_import(text, who=TESTER)
        assert said.endswith("Two prices, so none was taken: EML1-IN-AVC-HD-L20 (eu-central-1).")
        assert list(PriceRate.objects.values_list("usage_type", "tiers", "valid_from")) == before


@pytest.mark.django_db
def test_two_products_with_the_same_price_are_one_rate() -> None:
    products = {sku: offers.product("EML1-EUC1-IN-AVC-HD-L20") for sku in "AB"}
    terms = {sku: offers.flat("Hrs", "0.201") for sku in "AB"}
    rates_import(offers.document("AWSElementalMediaLive", products, terms), who=TESTER)
    assert PriceRate.objects.filter(origin=PriceRate.Origin.PRICE_LIST).count() == 1
