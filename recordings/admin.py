"""The panel with a breakout's recordings."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest

from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR, State
from distributions.mediamanager import mediamanager
from recordings.models import BucketListing
from streamhub.console.facts import Panel
from streamhub.console.registry import PageParts

MAX_FILES = 100


def _panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state in (State.IDLE, State.CANCELLED):
        return None
    newest = list(row.recordings.order_by("-modified_at", "-id")[: MAX_FILES + 1])
    records = row.recorded or (row.channel is not None and row.channel.record)
    if not newest and not records:
        return None
    listing = BucketListing.objects.filter(breakout=row).first()
    distribution = mediamanager()
    domain = distribution.domain_name if distribution else ""
    context = {
        "files": [(file, url(domain, file.key)) for file in newest[:MAX_FILES]],
        "most": MAX_FILES if len(newest) > MAX_FILES else 0,
        "domain": domain,
        "bucket": settings.RECORDING_BUCKET,
        "on_air": row.state in ON_AIR,
        "listed_at": listing.listed_at if listing else None,
        "complete": listing is not None and listing.proven_session == row.session_started_at,
        "error": listing.error if listing else None,
    }
    return Panel("Recordings", "recordings/panel.html", context, "video_library", 40)


def url(domain: str, key: str) -> str:
    """The file's URL on the MediaManager distribution; "" while its domain is not known."""
    return f"https://{domain}/{quote(key)}" if domain else ""


PARTS = PageParts(Breakout, panels=(_panel,))
