"""The quotas that StreamHub counts. Pure.

Codes and names are Service Quotas' own. A quota is found there by its code or by one of its names, because
AWS renames them. The defaults are those of AWS's pages: "Quotas" in the CloudFront Developer Guide, "Quotas"
of MediaLive, and "Live content quotas" of MediaPackage v1.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.errors import Misconfigured


@dataclass(frozen=True)
class Kind:
    """One quota. `service`: Service Quotas' code. `noun`: what is counted, for people, in the plural.

    `listing`: the key of the polled list that counts it. `default`: AWS's documented default. `region`: where
    Service Quotas tells it, if not in the region of the channels.
    """

    key: str
    service: str
    name: str
    noun: str
    listing: str
    default: int
    code: str = ""
    other_names: tuple[str, ...] = ()
    region: str = ""

    @property
    def title(self) -> str:
        """The quota in a few words, such as "MediaLive push inputs"."""
        return f"{SERVICES[self.service]} {self.noun}"

    def is_named(self, code: str, name: str) -> bool:
        """Whether Service Quotas means this quota by a code and a name."""
        names = {self.name.lower(), *(other.lower() for other in self.other_names)}
        return (bool(code) and code == self.code) or name.strip().lower() in names


SERVICES = {"cloudfront": "CloudFront", "medialive": "MediaLive", "mediapackage": "MediaPackage"}

DISTRIBUTIONS = Kind(
    key="cloudfront:distributions",
    service="cloudfront",
    name="Web distributions per AWS account",
    noun="distributions",
    listing="distribution",
    default=500,
    code="L-24B04930",
    other_names=("Distributions per AWS account",),
    region="us-east-1",
)
ML_CHANNELS = Kind(
    key="medialive:channels",
    service="medialive",
    name="Channels",
    noun="channels",
    listing="ml_channel",
    default=5,
    code="L-D1AFAF75",
)
PUSH_INPUTS = Kind(
    key="medialive:push-inputs",
    service="medialive",
    name="Push Inputs",
    noun="push inputs",
    listing="ml_input",
    default=5,
    code="L-9E233AF7",
)
PULL_INPUTS = Kind(
    key="medialive:pull-inputs",
    service="medialive",
    name="Pull Inputs",
    noun="pull inputs",
    listing="ml_input",
    default=100,
    code="L-4D7207DE",
)
SECURITY_GROUPS = Kind(
    key="medialive:input-security-groups",
    service="medialive",
    name="Input Security Groups",
    noun="input security groups",
    listing="security_group",
    default=5,
)
MP_CHANNELS = Kind(
    key="mediapackage:channels",
    service="mediapackage",
    name="Channels",
    noun="channels",
    listing="mp_channel",
    default=30,
    code="L-352B8598",
    other_names=("Maximum Channels",),
)
# Counted: the most on one channel. A channel of StreamHub has one, so no create waits for a place.
ENDPOINTS = Kind(
    key="mediapackage:endpoints-per-channel",
    service="mediapackage",
    name="Endpoints per channel",
    noun="endpoints on one channel",
    listing="mp_endpoint",
    default=10,
    code="L-7F7EDDDF",
    other_names=("Maximum Endpoints per Channel",),
)

KINDS = (DISTRIBUTIONS, ML_CHANNELS, PUSH_INPUTS, PULL_INPUTS, SECURITY_GROUPS, MP_CHANNELS, ENDPOINTS)
BY_KEY = {kind.key: kind for kind in KINDS}


def parse_quotas(text: str) -> dict[str, int]:
    """The limits of `AWS_QUOTAS`: `cloudfront:distributions=200,medialive:channels=20`.

    Raises Misconfigured.
    """
    limits = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key, _, number = (part.strip() for part in entry.partition("="))
        if key not in BY_KEY or not (number.isascii() and number.isdigit()) or len(number) > 6:
            raise Misconfigured(
                f"AWS_QUOTAS: {entry!r} is not valid. Write name=number, such as "
                f"cloudfront:distributions=200. The names are {', '.join(BY_KEY)}."
            )
        limits[key] = int(number)
    return limits
