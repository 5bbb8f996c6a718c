"""The packaging settings of an origin endpoint: defaults, allowed values and the playback URL."""

from __future__ import annotations

import ipaddress
import re

from emulator.mediapackage.records import Params, invalid

DAY = 86_400
PACKAGES = ("HlsPackage", "DashPackage", "MssPackage", "CmafPackage")
MANIFEST_FILES = {"HlsPackage": "{}.m3u8", "DashPackage": "{}.mpd", "MssPackage": "{}.ism/Manifest"}
HLS_DEFAULTS: Params = {
    "AdMarkers": "NONE",
    "IncludeDvbSubtitles": False,
    "IncludeIframeOnlyStream": False,
    "PlaylistType": "NONE",
    "PlaylistWindowSeconds": 60,
    "ProgramDateTimeIntervalSeconds": 0,
    "SegmentDurationSeconds": 6,
    "UseAudioRenditionGroup": False,
}
HLS_RANGES = {
    "SegmentDurationSeconds": (1, 30),
    "PlaylistWindowSeconds": (1, 14 * DAY),
    "ProgramDateTimeIntervalSeconds": (0, 14 * DAY),
}
ENDPOINT_DEFAULTS: Params = {
    "Description": "",
    "ManifestName": "index",
    "Origination": "ALLOW",
    "StartoverWindowSeconds": 0,
    "TimeDelaySeconds": 0,
    "Whitelist": [],
}
ENDPOINT_RANGES = {"StartoverWindowSeconds": (0, 14 * DAY), "TimeDelaySeconds": (0, DAY)}


def kind_of(config: Params) -> str:
    """The one of `PACKAGES` that an endpoint uses; 422 unless it is exactly one."""
    kinds = [name for name in PACKAGES if config.get(name) is not None]
    if len(kinds) != 1:
        invalid("Exactly one of hlsPackage, dashPackage, mssPackage or cmafPackage is required")
    return kinds[0]


def endpoint_config(params: Params) -> Params:
    """An endpoint's configuration with defaults; 422 for values that are not allowed."""
    keys = {*ENDPOINT_DEFAULTS, *PACKAGES, "Authorization"}
    given = {key: value for key, value in params.items() if key in keys and value is not None}
    config = ENDPOINT_DEFAULTS | given
    _check_ranges(config, ENDPOINT_RANGES)
    if not re.fullmatch(r"[0-9a-zA-Z_-]+", config["ManifestName"]):
        invalid("ManifestName must consist of letters, digits, hyphens and underscores")
    for cidr in config["Whitelist"]:
        _check_cidr(cidr)
    if kind_of(config) == "HlsPackage":
        config["HlsPackage"] = _hls(config["HlsPackage"])
    return config


def _hls(given: Params) -> Params:
    package = HLS_DEFAULTS | given
    _check_ranges(package, HLS_RANGES)
    if package["PlaylistWindowSeconds"] < package["SegmentDurationSeconds"]:
        invalid("hlsPackage: the playlist window is shorter than one segment")
    return package


def _check_ranges(values: Params, ranges: dict[str, tuple[int, int]]) -> None:
    for name, (least, most) in ranges.items():
        value = values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            invalid(f"{name} must be a whole number between {least} and {most}")


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        invalid(f"Whitelist: {cidr} is not a CIDR block")


def playback_url(host: str, token: str, config: Params) -> str:
    """The URL that players and CloudFront pull. CMAF endpoints have a URL per manifest instead."""
    file = MANIFEST_FILES.get(kind_of(config))
    return f"https://{host}/out/v1/{token}/{file.format(config['ManifestName'])}" if file else ""
