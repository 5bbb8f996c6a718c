"""The price book: tiers, versions and their validity, and StreamHub's own list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import Error, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing.models import PriceRate
from billing.pricing.book import Version, tiers_of
from billing.pricing.catalogue import (
    DELIVERY,
    GB,
    IDLE_CHANNEL,
    PRICE_REGIONS,
    REQUESTS,
    encoder_output,
    known,
)
from billing.pricing.delivery import DeliveryRates, LinePrices
from billing.pricing.seeds import SEEDS
from billing.pricing.services import price_book, rate_add, rates_seed
from streamhub.errors import Invalid
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
STEPS = tiers_of([("0", "0.085"), ("10240", "0.08"), ("51200", "0.06")])


def version(tiers: Any = STEPS) -> Version:
    return Version(1, DELIVERY, "EU", "USD", tiers, NOVEMBER, "a test", verified=True)


@pytest.mark.parametrize(
    ("quantity", "before", "usd"),
    [
        ("0", "0", "0"),
        ("1", "0", "0.085"),
        ("10240", "0", "870.4"),
        ("10241", "0", "870.48"),
        ("2", "10239", "0.165"),
        ("100", "60000", "6"),
        ("60000", "0", "4675.2"),
    ],
)
def test_each_tier_prices_what_lies_in_it(quantity: str, before: str, usd: str) -> None:
    assert version().cost(Decimal(quantity), Decimal(before)) == Decimal(usd)


@given(st.lists(st.decimals("0", "40000", places=3), max_size=8))
def test_a_month_in_parts_costs_what_it_costs_at_once(parts: list[Decimal]) -> None:
    before, total = Decimal(0), Decimal(0)
    for part in parts:
        total += version().cost(part, before)
        before += part
    assert total == version().cost(before)


def add(price: str, valid_from: datetime, **more: Any) -> PriceRate:
    given = {
        "service": "AWSElementalMediaLive",
        "usage_type": "INACTIVE_CHANNEL",
        "region": "eu-central-1",
        "tiers": [("0", price)],
        "source": "our contract",
        "who": TESTER,
    }
    return rate_add(**{**given, "valid_from": valid_from, **more})


def price_at(moment: datetime, region: str = "eu-central-1") -> Decimal | None:
    found = price_book().at(IDLE_CHANNEL, region, moment)
    return found.tiers[0].price if found else None


def test_a_new_version_takes_over_when_it_begins_and_the_old_one_stays() -> None:
    first, second = add("0.01", NOVEMBER), add("0.02", DECEMBER)
    assert [price_at(moment) for moment in (NOVEMBER, DECEMBER)] == [Decimal("0.01"), Decimal("0.02")]
    assert price_at(datetime(2026, 10, 31, tzinfo=UTC)) is None
    book = price_book()
    assert [v.number for v in book.history(IDLE_CHANNEL, "eu-central-1")] == [second.pk, first.pk]
    assert book.until(book.history(IDLE_CHANNEL, "eu-central-1")[1]) == DECEMBER


def test_of_two_versions_that_begin_together_the_later_recorded_counts() -> None:
    add("0.01", NOVEMBER)
    add("0.03", NOVEMBER)
    assert price_at(NOVEMBER) == Decimal("0.03")


def test_a_regions_own_rate_stands_before_that_of_every_region() -> None:
    add("0.01", DECEMBER, region="*")
    add("0.02", NOVEMBER)
    assert price_at(DECEMBER) == Decimal("0.02")
    assert price_at(DECEMBER, "eu-west-1") == Decimal("0.01")


@pytest.mark.parametrize(
    "change",
    [lambda rows: rows.update(tiers=[["0", "1"]]), lambda rows: rows.delete()],
    ids=["update", "delete"],
)
def test_the_database_refuses_to_change_or_delete_a_version(change: Any) -> None:
    add("0.01", NOVEMBER)
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        change(PriceRate.objects.all())
    assert price_at(NOVEMBER) == Decimal("0.01")


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"tiers": [("0", "x")]}, "tiers", "two numbers"),
        ({"tiers": [("5", "1")]}, "tiers", "begins at 0"),
        ({"tiers": [("0", "1"), ("0", "2")]}, "tiers", "above the one before"),
        ({"tiers": [("0", "-1")]}, "tiers", "0 or more"),
        ({"tiers": [("0", "NaN")]}, "tiers", "numbers only"),
        ({"tiers": []}, "tiers", "begins at 0"),
        ({"usage_type": "BoxUsage"}, "usage_type", "BoxUsage"),
        ({"service": "AmazonEC2"}, "usage_type", "AmazonEC2"),
        ({"region": "Frankfurt"}, "region", "eu-central-1"),
        ({"source": " "}, "source", "where the price is from"),
    ],
)
def test_a_wrong_rate_is_refused_with_its_field(given: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        add("0.01", NOVEMBER, **given)
    assert says in refused.value.errors[field]
    assert not PriceRate.objects.exists()


def test_cloudfronts_regions_are_not_awss() -> None:
    with pytest.raises(Invalid, match="price region"):
        add("1", NOVEMBER, service=DELIVERY.service, usage_type=DELIVERY.usage_type)


def test_the_seeds_have_a_rate_for_all_that_is_used_and_name_their_source() -> None:
    rates_seed()
    book = price_book()
    usages = {version.usage for version in book.newest()}
    assert {known(seed.usage.service, seed.usage.usage_type) for seed in SEEDS} == usages
    assert all(
        seed.source and (seed.verified or "stands in" in seed.source or "remembered" in seed.source)
        for seed in SEEDS
    )
    assert all(book.at(usage, "sa-east-1", NOVEMBER) for usage in usages - {DELIVERY})
    assert all(book.at(DELIVERY, region, NOVEMBER) for region in PRICE_REGIONS)
    assert encoder_output("STANDARD", 720, 4_500_000, 60) in usages


def test_the_names_of_cloudfronts_steps_prove_that_a_tb_has_1024_gb() -> None:
    names = (10, 40, 100, 350, 524, 4 * 1024)
    for seed in SEEDS:
        if seed.usage == DELIVERY:
            starts = [int(start) for start, _price in seed.tiers]
            widths = [after - start for start, after in pairwise(starts)]
            assert widths == [tb * 1024 for tb in names]
            assert starts[-1] == 5 * 1024 * 1024


def test_seeding_again_adds_nothing_and_staffs_versions_win() -> None:
    rates_seed()
    before = PriceRate.objects.count()
    add("0.5", NOVEMBER, region="*")
    rates_seed()
    assert PriceRate.objects.count() == before + 1
    assert price_at(DECEMBER, "eu-west-1") == Decimal("0.5")


def test_the_setting_offers_the_price_regions_of_the_book() -> None:
    assert configured.CLOUDFRONT_PRICE_REGION in PRICE_REGIONS
    text = (configured.BASE_DIR / "streamhub/settings.py").read_text()
    assert str(tuple(PRICE_REGIONS)).replace("'", '"') in text


def test_delivery_is_priced_by_gb_of_2_to_the_30_bytes_in_the_houses_region(settings: Any) -> None:
    rates_seed()
    settings.CLOUDFRONT_PRICE_REGION = "EU"
    europe = DeliveryRates.at(price_book(), NOVEMBER)
    assert europe.cost(int(GB), 0) == Decimal("0.085")
    assert europe.cost(0, 10_000) == Decimal("0.012")
    settings.CLOUDFRONT_PRICE_REGION = "JP"
    assert DeliveryRates.at(price_book(), NOVEMBER).cost(int(GB), 0) == Decimal("0.114")
    assert price_book().at(REQUESTS, "JP", NOVEMBER) is not None


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**9)), min_size=1, max_size=20))
def test_lines_add_up_to_the_price_of_their_sum(lines: list[tuple[int, int]]) -> None:
    requests = Version(2, REQUESTS, "EU", "USD", tiers_of([("0", "0.0000012")]), NOVEMBER, "a test", True)
    rates = DeliveryRates(version(), requests)
    prices = LinePrices(rates)
    each = [prices.add(*line) for line in lines]
    assert sum(each) == prices.total
    exact = rates.cost(sum(line[0] for line in lines), sum(line[1] for line in lines))
    assert abs(prices.total - exact) <= Decimal("0.005")
    assert all(price >= 0 for price in each)
