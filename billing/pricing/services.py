"""The verbs of the price book. Versions are only added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import PriceRate
from billing.pricing import offer_file
from billing.pricing.book import PriceBook, Tier, Version, pairs_of, tiers_of
from billing.pricing.catalogue import ANY_REGION, PRICE_REGIONS, Service, Usage, known
from billing.pricing.seeds import SEEDS, VALID_FROM
from streamhub.access import audit
from streamhub.access.actors import SYSTEM, Actor
from streamhub.errors import Invalid

SOURCE_LENGTH = 300
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def price_book() -> PriceBook:
    """The whole book. One query; a book has some hundreds of rows."""
    return PriceBook(_version(row) for row in PriceRate.objects.order_by("pk"))


def region_of(usage: Usage) -> str:
    """The region whose rates are this installation's."""
    return settings.CLOUDFRONT_PRICE_REGION if usage.service == Service.CLOUDFRONT else settings.AWS_REGION


def _version(row: PriceRate) -> Version:
    return Version(
        number=row.pk,
        usage=Usage(Service(row.service), row.usage_type),
        region=row.region,
        currency=row.currency,
        tiers=tiers_of(row.tiers),
        valid_from=row.valid_from,
        source=row.source,
        verified=row.verified,
    )


@audit.verb("billing.add_pricerate")
def rate_add(
    *,
    service: str,
    usage_type: str,
    region: str,
    tiers: Sequence[Sequence[str]],
    valid_from: datetime,
    source: str,
    verified: bool = False,
    who: Actor,
) -> PriceRate:
    """Add a version of a rate; the ones before it stay, and end when it begins. Raises Forbidden, Invalid."""
    usage = known(service, usage_type)
    errors = rate_errors(service, usage_type, region, tiers, source)
    if errors or usage is None:
        raise Invalid(errors)
    read = tiers_of(tiers)
    row = _row(usage, region, read, valid_from, source.strip(), PriceRate.Origin.STAFF, verified, who)
    row.save(force_insert=True)
    return row


def rate_errors(
    service: str, usage_type: str, region: str, tiers: Sequence[Sequence[str]], source: str
) -> dict[str, str]:
    """What is wrong with a version of a rate, by field."""
    usage = known(service, usage_type)
    errors: dict[str, str] = {}
    if usage is None:
        errors["usage_type"] = _("StreamHub uses nothing that is called %(usage_type)s at %(service)s.") % {
            "usage_type": repr(usage_type[:64]),
            "service": repr(service[:40]),
        }
    elif error := _region_error(usage, region):
        errors["region"] = error
    try:
        tiers_of(tiers)
    except ValueError as error:
        errors["tiers"] = str(error)
    if not source.strip() or len(source) > SOURCE_LENGTH:
        errors["source"] = _("Say where the price is from, in 1 to %(source_length)s characters.") % {
            "source_length": SOURCE_LENGTH
        }
    return errors


def _region_error(usage: Usage, region: str) -> str:
    if region == ANY_REGION:
        return ""
    if usage.service == Service.CLOUDFRONT:
        names = ", ".join(PRICE_REGIONS)
        return (
            ""
            if region in PRICE_REGIONS
            else _("Write a price region of CloudFront (%(names)s) or *.") % {"names": names}
        )
    return (
        ""
        if _REGION.fullmatch(region)
        else _("Write a region of AWS, such as eu-central-1, or * for every region.")
    )


def _imported(text: str | bytes, *, who: Actor) -> audit.Subject:
    return audit.Subject("price list", None, "")


@audit.verb("billing.import_rates", about=_imported)
def rates_import(text: str | bytes, *, who: Actor) -> str:
    """Add what AWS's offer file has and the book does not; returns in words what it did.

    A rate whose newest version says the same is left. All or nothing. Raises Forbidden, Invalid.
    """
    return rates_store(offer_file.read(text), who=who)


def rates_store(offered: Sequence[offer_file.Offered], *, who: Actor, replace_own: bool = True) -> str:
    """Add the rates that the book does not have; returns in words what it did. All or nothing.

    Without `replace_own`, a rate that staff wrote stays as long as it is in force. What the list prices twice
    is left as it is.
    """
    clear, unclear = offer_file.without_contradictions(offered)
    with transaction.atomic():
        book, rows, kept = price_book(), [], 0
        own = set() if replace_own else _own()
        for rate in clear:
            in_force = book.at(rate.usage, rate.region, rate.valid_from)
            if in_force is not None and in_force.number in own:
                kept += 1
                continue
            history = [v for v in book.history(rate.usage, rate.region) if v.valid_from <= rate.valid_from]
            if history and history[0].tiers == rate.tiers and history[0].verified:
                continue
            rows.append(
                _row(
                    rate.usage,
                    rate.region,
                    rate.tiers,
                    rate.valid_from,
                    rate.source,
                    PriceRate.Origin.PRICE_LIST,
                    True,
                    who,
                )
            )
        PriceRate.objects.bulk_create(rows)
    same = len(clear) - len(rows) - kept
    twice = f" Two prices, so none was taken: {', '.join(unclear)}." if unclear else ""
    own_stay = f", {kept} are your own and stay" if kept else ""
    return f"{offered[0].source}: {len(rows)} rates are new, {same} are as they were{own_stay}.{twice}"


def _own() -> set[int]:
    """The numbers of the versions that staff wrote."""
    return set(PriceRate.objects.filter(origin=PriceRate.Origin.STAFF).values_list("pk", flat=True))


def rates_seed() -> None:
    """Add StreamHub's own list, as far as the book never had it. Runs at every deployment."""
    own = PriceRate.objects.filter(origin=PriceRate.Origin.SEED)
    had = {(row.usage_type, row.region, str(row.tiers)) for row in own}
    rows = [
        _row(
            seed.usage,
            seed.region,
            tiers_of(seed.tiers),
            VALID_FROM,
            seed.source,
            PriceRate.Origin.SEED,
            seed.verified,
            SYSTEM,
        )
        for seed in SEEDS
    ]
    new = [row for row in rows if (row.usage_type, row.region, str(row.tiers)) not in had]
    PriceRate.objects.bulk_create(new)


def _row(
    usage: Usage,
    region: str,
    tiers: Sequence[Tier],
    valid_from: datetime,
    source: str,
    origin: str,
    verified: bool,
    who: Actor,
) -> PriceRate:
    return PriceRate(
        service=usage.service,
        usage_type=usage.usage_type,
        region=region,
        unit=usage.unit,
        currency=offer_file.CURRENCY,
        tiers=pairs_of(tiers),
        valid_from=valid_from,
        origin=origin,
        source=source,
        verified=verified,
        recorded_by=str(who)[:128],
    )
