"""The quotas that StreamHub counts. Pure.

Codes and names are Service Quotas' own. A quota is found there by its code or by one of its names, because
AWS renames them. The defaults are those of AWS's pages: "Quotas" in the CloudFront Developer Guide, "Quotas"
of MediaLive (AWS_RULES 43), and "Live content quotas" of MediaPackage v1.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.errors import Misconfigured


@dataclass(frozen=True)
class Kind:
    """One quota. `service`: Service Quotas' code. `noun`: what is counted, for people, in the plural.

    `listing`: the key of the polled list that counts it. `default`: AWS's documented default. `region`: where
    Service Quotas tells it, if not in the region of the channels. `others`: how the error codes begin with
    which AWS refuses the same create because another quota is full.
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
    others: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The quota in a few words, such as "MediaLive push inputs"."""
        return f"{SERVICES[self.service]} {self.noun}"

    def is_named(self, code: str, name: str) -> bool:
        """Whether Service Quotas means this quota by a code and a name."""
        names = {self.name.lower(), *(other.lower() for other in self.other_names)}
        return (bool(code) and code == self.code) or name.strip().lower() in names

    def is_refused_by(self, code: str) -> bool:
        """Whether AWS says with this error code, of a create that takes a place in it, that it is full."""
        return not code.startswith(self.others)


SERVICES = {"cloudfront": "CloudFront", "medialive": "MediaLive", "mediapackage": "MediaPackage"}

CLOUDFRONT, MEDIALIVE, MEDIAPACKAGE = SERVICES


def _of_medialive(key: str, name: str, listing: str, default: int, code: str = "") -> Kind:
    """A quota of MediaLive, whose key is what is counted."""
    return Kind(f"{MEDIALIVE}:{key}", MEDIALIVE, name, key.replace("-", " "), listing, default, code)


def _of_mediapackage(key: str, name: str, noun: str, listing: str, default: int, code: str) -> Kind:
    """A quota of MediaPackage, which was renamed from "Maximum …"."""
    before = f"Maximum {name.replace('channel', 'Channel')}"
    return Kind(f"{MEDIAPACKAGE}:{key}", MEDIAPACKAGE, name, noun, listing, default, code, (before,))


# Service, name and code there; what is counted, by which list; AWS's default.
DISTRIBUTIONS = Kind(
    f"{CLOUDFRONT}:distributions",
    CLOUDFRONT,
    "Web distributions per AWS account",
    "distributions",
    "distribution",
    500,
    "L-24B04930",
    ("Distributions per AWS account",),
    "us-east-1",
    # Those of what distributions share, such as a key group.
    ("TooManyDistributionsAssociated", "TooManyDistributionsWith"),
)
ML_CHANNELS = _of_medialive("channels", "Channels", "ml_channel", 5, "L-D1AFAF75")
PUSH_INPUTS = _of_medialive("push-inputs", "Push Inputs", "ml_input", 5, "L-9E233AF7")
PULL_INPUTS = _of_medialive("pull-inputs", "Pull Inputs", "ml_input", 100, "L-4D7207DE")
SECURITY_GROUPS = _of_medialive("input-security-groups", "Input Security Groups", "security_group", 5)
MP_CHANNELS = _of_mediapackage("channels", "Channels", "channels", "mp_channel", 30, "L-352B8598")
# Counted: the most on one channel. A channel of StreamHub has one, so no create waits for a place.
ENDPOINTS = _of_mediapackage(
    "endpoints-per-channel",
    "Endpoints per channel",
    "endpoints on one channel",
    "mp_endpoint",
    10,
    "L-7F7EDDDF",
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
