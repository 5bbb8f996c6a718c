"""Unfold's settings: names, colours, hooks. Django's settings import it, so it cannot import Django."""

from __future__ import annotations

from typing import Any


def _static(path: str) -> Any:
    """The URL of a static file, resolved when a page is rendered."""

    def url(request: Any) -> str:
        from django.templatetags.static import static

        return static(path)

    return url


def _subheader(request: Any) -> str:
    from django.utils.translation import gettext

    return gettext("Live streams on AWS")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "StreamHub",
    "SITE_HEADER": "StreamHub",
    "SITE_SUBHEADER": _subheader,
    "SITE_SYMBOL": "stream",
    "SITE_URL": None,  # there is no public site to link to
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("console/favicon.svg")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "streamhub.console.environment.badge",
    "ENVIRONMENT_TITLE_PREFIX": "streamhub.console.environment.title_prefix",
    "GLOBAL_CALLBACK": "streamhub.console.banner.context",
    "DASHBOARD_CALLBACK": "streamhub.console.dashboard.callback",
    "STYLES": [_static("console/console.css")],
    "SCRIPTS": [
        _static("console/said.js"),
        _static("console/console.js"),
        _static("console/refresh.js"),
        _static("console/keys.js"),
        _static("console/names.js"),
        _static("console/overlays.js"),
        _static("console/preview.js"),
        _static("console/kept.js"),
        _static("console/narrow.js"),
    ],
    "ACCOUNT": {"navigation": "streamhub.signin.look.account_links"},
    "COMMAND": {"search_callback": "streamhub.console.search.find"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "streamhub.console.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(62.3% .214 259.8)",
            "600": "oklch(54.6% .245 262.9)",
            "700": "oklch(48.8% .243 264.4)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        },
    },
}
