"""The files of a recorded breakout, on its page."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest

from channels_app.models import Breakout
from channels_app.models.breakout import State
from distributions.mediamanager import mediamanager
from recordings.models import BucketListing
from streamhub.console.facts import Panel
from streamhub.console.registry import PageParts

MOST = 100


def _panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state in (State.IDLE, State.CANCELLED):
        return None
    newest = list(row.recordings.order_by("-modified_at", "-id")[: MOST + 1])
    if not newest and (row.channel is None or not row.channel.record):
        return None
    shared = mediamanager()
    domain = shared.domain_name if shared else ""
    context = {
        "files": [(each, url(domain, each.key)) for each in newest[:MOST]],
        "most": MOST if len(newest) > MOST else 0,
        "domain": domain,
        "bucket": settings.RECORDING_BUCKET,
        "on_air": row.state in (State.STARTING, State.RUNNING, State.STOPPING),
        "listed_at": _listed_at(row),
    }
    return Panel("Recordings", "recordings/panel.html", context, "video_library", 40)


def _listed_at(row: Breakout) -> datetime | None:
    return BucketListing.objects.filter(breakout=row).values_list("listed_at", flat=True).first()


def url(domain: str, key: str) -> str:
    """Where the file can be watched; "" while the MediaManager's domain is not known."""
    return f"https://{domain}/{quote(key)}" if domain else ""


PARTS = PageParts(Breakout, panels=(_panel,))
