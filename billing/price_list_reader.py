"""The job *read_price_list*: rates from AWS's Price List API, for the services and regions of this house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from django.conf import settings

from billing.pricing import offer_file
from billing.pricing.catalogue import PRICE_REGIONS, Service
from billing.pricing.services import rates_store
from streamhub.access import audit
from streamhub.access.actors import SYSTEM
from streamhub.aws.price_list import PriceList
from streamhub.aws.session import current_session
from streamhub.errors import AccessDenied, AwsError, Invalid
from streamhub.lifecycle.lease import JobRun

# What of each service is asked for, so that the answers stay some pages: S3 and CloudFront have thousands.
NARROWED: dict[Service, tuple[dict[str, str], ...]] = {
    Service.MEDIALIVE: ({},),
    Service.MEDIAPACKAGE: ({},),
    Service.CLOUDFRONT: ({"productFamily": "Data Transfer"}, {"productFamily": "Request"}),
    Service.S3: ({"volumeType": "Standard"},),
}
FILE_INSTEAD = (
    "The price list was not read. Until it can be, import the file index.json of a service (Price book,"
    " Import AWS's price list, or manage.py import_prices)."
)


class Prices(Protocol):
    """What the reader needs of the price list."""

    def products(self, service: str, **attributes: str) -> Iterator[Mapping[str, Any]]: ...


def read_price_list(run: JobRun, *, prices: Prices | None = None) -> None:
    """Add what the price list has and the book has not. Each service is all or nothing.

    A price that staff wrote, such as one of a contract, stays: no job replaces it.
    A service that cannot be read falls short, in words, and does not keep the others from being read.
    """
    prices = prices or PriceList(current_session())
    said = []
    for service in Service:
        if not run.extend():
            break
        try:
            said.append(_read(service, prices))
        except AccessDenied as error:
            run.fall_short(f"{error} The credentials need pricing:GetProducts (manage.py iam_policy).")
            break
        except AwsError as error:
            run.fall_short(f"{service}: {error} {FILE_INSTEAD}")
            break
        except Invalid as error:
            run.fall_short(f"{service}: {error.errors['file']}")
    run.say("; ".join(said) or FILE_INSTEAD)


def _read(service: Service, prices: Prices) -> str:
    region = {} if service == Service.CLOUDFRONT else {"regionCode": settings.AWS_REGION}
    products = [
        product
        for narrowed in NARROWED[service]
        for product in prices.products(service, **region, **narrowed)
        if service != Service.CLOUDFRONT or _is_delivery(product)
    ]
    if not products:
        return f"{service}: the price list has nothing for {region.get('regionCode', 'any region')}"
    rates = offer_file.offered(offer_file.of_products(service, products))
    said = rates_store(rates, who=SYSTEM, replace_own=False)
    audit.record("import_rates", audit.Subject("price list", None, service), who=SYSTEM, detail=said)
    return said


def _is_delivery(product: Mapping[str, Any]) -> bool:
    usage_type = product["product"].get("attributes", {}).get("usagetype", "")
    return usage_type.partition("-")[0] in PRICE_REGIONS
