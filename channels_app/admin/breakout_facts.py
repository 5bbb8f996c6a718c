"""The sections of facts on the page of a breakout."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import playback
from channels_app.admin import schedule
from channels_app.admin.facts import ingest_fact, page_of
from channels_app.admin.playback import lowered_note
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR, State
from channels_app.services import customer_of
from streamhub.console.expected import expected_facts
from streamhub.console.facts import Fact, Section

CURTAIN_HINT = _(
    "The curtain hides the stream but does not protect it: its distribution asks for no signatures."
    " Anyone who has the URL can watch."
)
LINKS_HINT = _("The last link that was given out plays until then, also with the curtain lowered.")


def breakout_sections(row: Breakout, user: User | AnonymousUser) -> list[Section]:
    return [_playback(row, user), _session(row), _usage(row)]


def _playback(row: Breakout, user: User | AnonymousUser) -> Section:
    url = playback.of_breakout(row)
    raised = gettext("raised") if row.curtain_raised else gettext("lowered")
    withheld = (
        ""
        if url
        else gettext("Withheld. It is given out while the breakout is running with its curtain raised.")
    )
    return Section(
        gettext("Watching"),
        [
            Fact(gettext("curtain"), raised, hint=_curtain_hint(row)),
            Fact(gettext("playback"), url, "url", hint=withheld or _signed_hint(row)),
            *(
                [Fact(gettext("links end"), row.signed_until, "when", hint=LINKS_HINT)]
                if row.signed_until
                else []
            ),
            Fact(
                gettext("channel"),
                row.channel_name,
                "link",
                href=page_of(row.channel) if row.channel else "",
                hint="" if row.channel else gettext("The channel is deleted."),
            ),
            *expected_facts(row.channel if row.state in ON_AIR else None),
            *([ingest_fact(row.channel, user)] if row.channel else []),
        ],
        "live_tv",
        wide=True,
    )


def _curtain_hint(row: Breakout) -> str:
    """That the curtain does not protect, or until when a lowered one lets links play that were given out."""
    if not playback.is_protected(row):
        return str(CURTAIN_HINT)
    lasting = not row.curtain_raised and row.signed_until is not None
    return lowered_note(row) if lasting else ""


def _signed_hint(row: Breakout) -> str:
    return (
        gettext("It plays with a signature only: press Playback link.") if playback.is_protected(row) else ""
    )


def _session(row: Breakout) -> Section:
    return Section(
        gettext("Session"),
        [
            Fact(gettext("planned for"), row.starts_at, "when", hint=_local(row))
            if row.starts_at
            else Fact(gettext("planned for"), None),
            Fact(gettext("planned minutes"), row.duration_minutes),
            *([Fact(gettext("planned end"), row.planned_end_at, "when")] if row.planned_end_at else []),
            schedule.breakout_fact(row),
            Fact(gettext("on air since"), row.session_started_at, "when"),
            Fact(
                gettext("stop accepted") if row.state == State.STOPPING else gettext("ended"),
                row.session_ended_at,
                "when",
            ),
            Fact(gettext("customer"), customer_of(row), hint=_customer_hint(row)),
            Fact(gettext("note"), row.note),
            Fact(gettext("created"), row.created_at, "when"),
        ],
        "event",
    )


def _local(row: Breakout) -> str:
    """The start as the clocks show it in the zone in which it was planned."""
    if row.starts_at is None or row.time_zone == "":
        return ""
    return gettext("%(starts_at)s in %(time_zone)s") % {
        "starts_at": dateformat.format(row.starts_at.astimezone(ZoneInfo(row.time_zone)), "D Y-m-d H:i T"),
        "time_zone": row.time_zone,
    }


def _customer_hint(row: Breakout) -> str:
    if row.customer or not customer_of(row):
        return ""
    return gettext("From the channel's tag %(customer_tag)s. The start copies it.") % {
        "customer_tag": settings.CUSTOMER_TAG
    }


def _usage(row: Breakout) -> Section:
    return Section(
        gettext("Usage"),
        [
            Fact(gettext("figures are"), _figures_are(row), hint=_usage_hint(row)),
            Fact(gettext("delivered"), row.usage_bytes_downloaded, "bytes", hint=_late_hint(row)),
            Fact(gettext("requests"), None if row.usage_requests is None else f"{row.usage_requests:,}"),
            Fact(gettext("complete until"), row.usage_complete_until, "when"),
        ],
        "bar_chart",
    )


def _figures_are(row: Breakout) -> str:
    """The status with what qualifies it: "final, complete", "provisional, suspect, approximate"."""
    qualities = {
        "suspect": row.usage_suspect,
        "approximate": row.usage_approximate,
        "complete": row.usage_complete,
    }
    return ", ".join([row.usage_status, *(name for name, holds in qualities.items() if holds)])


def _usage_hint(row: Breakout) -> str:
    return str(USAGE_HINTS["suspect" if row.usage_suspect else row.usage_status])


def _late_hint(row: Breakout) -> str:
    if not row.usage_late_bytes:
        return ""
    return gettext(
        "%(usage_late_bytes)s bytes came after the figures were final. They are not part of them."
    ) % {"usage_late_bytes": f"{row.usage_late_bytes:+,}"}


USAGE_HINTS = {
    "final": _("The figures do not change any more."),
    "suspect": _("It was on air, and CloudFront has not reported a single datapoint. That is not zero."),
    "pending": _("Nothing has been collected yet."),
    "provisional": _("CloudFront publishes late. The figures may still change."),
}
