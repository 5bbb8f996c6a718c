"""A breakout's recordings: the panel with their sum and the newest, and the list of all."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, F, Max, Min, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR, State
from distributions.mediamanager import mediamanager
from recordings.models import BucketListing, Recording
from streamhub.access.roles import VIEWER
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.facts import Panel
from streamhub.console.registry import PageParts
from streamhub.console.roles import Grant
from streamhub.console.templatetags.console import size, when

# Files on the breakout's own page.
NEWEST = 5


@admin.register(Recording)
class RecordingAdmin(BigReadOnlyAdmin):
    """The files, page by page. The page of a breakout leads to its own."""

    purpose = _(
        "The files of channels that record. MediaLive closes one every five minutes and at the stop; "
        "choose Record when you add a channel."
    )
    list_display = ("file", "breakout_shown", "size_shown", "written", "gone")
    more_filters = ("breakout",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        self.domain = _domain()
        return super().get_queryset(request).select_related("breakout")

    @display(description=_("file"))
    def file(self, row: Recording) -> str:
        address = url(self.domain, row)
        if not address:
            return row.key
        return format_html('<a class="sh-link" href="{}">{}</a>', address, row.key)

    @display(description=_("breakout"))
    def breakout_shown(self, row: Recording) -> str:
        page = reverse("admin:channels_app_breakout_change", args=[row.breakout_id])
        return format_html('<a class="sh-link" href="{}">{}</a>', page, row.breakout)

    @display(description=_("size"))
    def size_shown(self, row: Recording) -> str:
        return size(row.size_bytes)

    @display(description=_("closed by MediaLive"))
    def written(self, row: Recording) -> str:
        return when(row.modified_at)

    @display(description=_("gone from the bucket"))
    def gone(self, row: Recording) -> str:
        return when(row.gone_at) if row.gone_at else ""


def _domain() -> str:
    distribution = mediamanager()
    return (distribution.domain_name or "") if distribution else ""


def _panel(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.state in (State.IDLE, State.CANCELLED):
        return None
    newest = list(row.recordings.order_by(F("gone_at").asc(nulls_first=True), "-modified_at", "-id")[:NEWEST])
    records = row.recorded or (row.channel is not None and row.channel.record)
    if not newest and not records:
        return None
    listing = BucketListing.objects.filter(breakout=row).first()
    domain = _domain()
    context = {
        "files": [(file, url(domain, file)) for file in newest],
        "sum": row.recordings.filter(gone_at=None).aggregate(
            files=Count("id"), bytes=Sum("size_bytes"), first=Min("modified_at"), last=Max("modified_at")
        ),
        "gone": row.recordings.filter(gone_at__isnull=False).count(),
        "all_url": f"{reverse('admin:recordings_recording_changelist')}?breakout={row.pk}",
        "domain": domain,
        "bucket": settings.RECORDING_BUCKET,
        "on_air": row.state in ON_AIR,
        "listed_at": listing.listed_at if listing else None,
        "complete": listing is not None and listing.proven_session == row.session_started_at,
        "error": listing.error if listing else None,
    }
    return Panel(gettext("Recordings"), "recordings/panel.html", context, "video_library", 40)


def url(domain: str, file: Recording) -> str:
    """The file's URL on the MediaManager distribution; "" while its domain is not known, or if it is gone."""
    return f"https://{domain}/{quote(file.key)}" if domain and not file.gone_at else ""


PARTS = PageParts(Breakout, panels=(_panel,))
ROLES = (Grant(VIEWER, ("recordings.view_recording",)),)
