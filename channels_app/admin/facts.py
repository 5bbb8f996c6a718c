"""The sections of facts on the pages of channels and breakouts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.urls import reverse

from channels_app import breakout_sync, ingest, playback
from channels_app.admin import schedule
from channels_app.admin.forms import INPUTS, profile_label
from channels_app.admin.playback import lowered_note
from channels_app.decide.maintenance import window_of
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import PUSH_TYPES, InputType
from channels_app.services import customer_of, origin_closed, pending_changes, settings_differing
from distributions.admin import alias_facts
from streamhub.console import aws_console
from streamhub.console.expected import expected_facts
from streamhub.console.facts import Fact, Section

CURTAIN_HINT = (
    "The curtain hides the stream but does not protect it: its distribution asks for no signatures."
    " Anyone who has the URL can watch."
)


LINKS_HINT = "The last link that was given out plays until then, also with the curtain lowered."

MAINTENANCE_HINT = (
    "Each week AWS may interrupt a single pipeline in these hours. StreamHub moves them away from planned "
    "shows while the channel is idle."
)


FOR_OPERATORS = "For operators: whoever knows the address can use it."


SECOND_HINT = "MediaLive reads it when the main input is lost for 3 seconds, and stays there."
SLATE_HINT = "While nothing is received, viewers see a slate instead of black."


def page_of(row: Model) -> str:
    """URL of the row's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def may_see_ingest(user: User | AnonymousUser) -> bool:
    """Whether the addresses of encoders and sources are for this user: who knows one can push or pull.

    They are for people who run shows. Others see that there is something.
    """
    return user.has_perm("channels_app.start_breakout")


def channel_sections(row: Channel, user: User | AnonymousUser) -> list[Section]:
    return [_urls(row, user), _options(row, user), _delivery(row), _aws(row)]


def _urls(row: Channel, user: User | AnonymousUser) -> Section:
    return Section(
        "URLs",
        [
            _ingest(row, user),
            Fact(
                "origin endpoint",
                row.endpoint_url,
                "url",
                hint="CloudFront pulls from here. It is not for viewers.",
            ),
            _origin(row),
            Fact(
                "playback",
                playback.of_channel(row),
                "url",
                hint="Given out while a breakout is running with its curtain raised.",
            ),
        ],
        "link",
        wide=True,
    )


def _ingest(row: Channel, user: User | AnonymousUser) -> Fact:
    """The addresses of the input by pipeline; only one that works can be copied."""
    if row.input_type in PUSH_TYPES and not may_see_ingest(user):
        return Fact("ingest", [], "ingest", hint=FOR_OPERATORS)
    if row.input_type not in PUSH_TYPES:
        return Fact("ingest", [], "ingest", hint="MediaLive pulls, so there is nothing to push to.")
    urls = ingest.ingest_of(row)
    hint = "The encoder sends to these, to one for each pipeline."
    if not all(url.active for url in urls):
        hint = f"A {row.channel_class} channel hears only the first of an input. Others are lost."
    return Fact("ingest", urls, "ingest", hint=hint)


def _options(row: Channel, user: User | AnonymousUser) -> Section:
    return Section(
        "Options",
        [
            Fact("input", INPUTS[InputType(row.input_type)]),
            Fact("class", row.channel_class, "code"),
            *_failover(row),
            Fact("allowed CIDRs", row.allowed_cidrs, "list", hint=_pending(row, "allowed_cidrs")),
            _sources(row, user),
            *([Fact("credentials", "a user name and a password")] if row.source_username else []),
            *([Fact("kept warm until", row.warm_until, "when")] if row.warm_until else []),
            schedule.channel_fact(row),
            Fact("profile", profile_label(row.encoding_profile), hint=_pending(row, "encoding_profile")),
            Fact("recorded", row.record, "yesno", hint=_pending(row, "record")),
            Fact("tags", row.tags, "tags", hint=_pending(row, "tags")),
            Fact("settings", _settings(row), hint=_settings_hint(row)),
            Fact("created", row.created_at, "when"),
        ],
        "tune",
    )


def _settings(row: Channel) -> str:
    """Whether it has the settings of the house, and which it lacks."""
    names = settings_differing(row)
    return f"outdated: {', '.join(names)}" if names else "up to date"


def _settings_hint(row: Channel) -> str:
    distribution = row.distribution
    if row.settings_pending or (distribution is not None and distribution.settings_pending):
        return "Being applied. What viewers or AWS would notice waits until the channel is idle."
    return "Apply settings brings it up to date while nothing is on air." if settings_differing(row) else ""


def _origin(row: Channel) -> Fact:
    """Who can read the origin endpoint."""
    closed = origin_closed(row)
    words = {
        True: "closed: it answers only CloudFront",
        False: "open: who knows its address can read it past CloudFront",
        None: "being changed" if row.mp_endpoint_id else None,
    }
    hint = "Nobody can watch until both sides have changed." if closed is None and row.mp_endpoint_id else ""
    return Fact("origin", words[closed], hint=hint)


def _pending(row: Channel, field: str) -> str:
    """What is said of a field that AWS does not have yet."""
    if field not in pending_changes(row):
        return ""
    if row.edits_refused and field != "tags":
        return "AWS refused it, and still has the earlier value."
    if field == "tags" or not breakout_sync.runs(row):
        return "Being changed on AWS."
    return "AWS has the earlier value until the channel is idle: it takes no edit of it while MediaLive runs."


def _sources(row: Channel, user: User | AnonymousUser) -> Fact:
    if row.source_urls and not may_see_ingest(user):
        return Fact("sources", [], "urls", hint=FOR_OPERATORS)
    return Fact("sources", row.source_urls, "urls")


def _failover(row: Channel) -> list[Fact]:
    """The second input and the slate, of a channel that has them."""
    second = row.second_input_type
    facts = [Fact("second input", INPUTS[InputType(second)], hint=SECOND_HINT)] if second else []
    return facts + ([Fact("slate on loss", True, "yesno", hint=SLATE_HINT)] if row.slate_on_loss else [])


def _delivery(row: Channel) -> Section:
    distribution = row.distribution
    if distribution is None:
        return Section(
            "Delivery", [Fact("distribution", None, hint="No distribution is attached.")], "public"
        )
    return Section(
        "Delivery",
        [
            Fact("distribution", str(distribution), "link", href=page_of(distribution)),
            Fact(
                "CloudFront id",
                distribution.aws_distribution_id,
                "id",
                href=aws_console.address("cloudfront", "distributions", distribution.aws_distribution_id),
            ),
            Fact("domain", distribution.domain_name, "id"),
            *alias_facts(distribution),
            Fact("state", distribution.state),
            *expected_facts(distribution),
        ],
        "public",
    )


def _aws(row: Channel) -> Section:
    group = row.security_group
    return Section(
        "AWS",
        [
            Fact(
                "MediaLive channel",
                row.ml_channel_id,
                "id",
                href=aws_console.address("medialive", "channels", row.ml_channel_id),
            ),
            Fact("MediaLive state", row.ml_channel_state, "code"),
            *expected_facts(row),
            Fact("maintenance window", str(window_of(row.maintenance_window) or ""), hint=MAINTENANCE_HINT),
            Fact(
                "MediaLive input",
                row.ml_input_id,
                "id",
                href=aws_console.address("medialive", "inputs", row.ml_input_id),
            ),
            *_second_input(row),
            Fact(
                "security group",
                group and (group.aws_id or str(group)),
                "link",
                href=(group and page_of(group)) or "",
            ),
            Fact(
                "MediaPackage channel",
                row.mp_channel_id,
                "id",
                href=aws_console.address("mediapackage", "channels", row.mp_channel_id),
            ),
            Fact("MediaPackage endpoint", row.mp_endpoint_id, "id"),
            Fact("last observed", row.observed_at, "when"),
        ],
        "deployed_code",
    )


def _second_input(row: Channel) -> list[Fact]:
    href = aws_console.address("medialive", "inputs", row.ml_second_id)
    return [Fact("second input", row.ml_second_id, "id", href=href)] if row.second_input_type else []


def breakout_sections(row: Breakout, user: User | AnonymousUser) -> list[Section]:
    return [_playback(row, user), _session(row), _usage(row)]


def _playback(row: Breakout, user: User | AnonymousUser) -> Section:
    url = playback.of_breakout(row)
    withheld = (
        "" if url else "Withheld. It is given out while the breakout is running with its curtain raised."
    )
    return Section(
        "Watching",
        [
            Fact("curtain", "raised" if row.curtain_raised else "lowered", hint=_curtain_hint(row)),
            Fact("playback", url, "url", hint=withheld or _signed_hint(row)),
            *([Fact("links end", row.signed_until, "when", hint=LINKS_HINT)] if row.signed_until else []),
            Fact(
                "channel",
                row.channel_name,
                "link",
                href=page_of(row.channel) if row.channel else "",
                hint="" if row.channel else "The channel is deleted.",
            ),
            *expected_facts(row.channel if row.state in ON_AIR else None),
            *([_ingest(row.channel, user)] if row.channel else []),
        ],
        "live_tv",
        wide=True,
    )


def _curtain_hint(row: Breakout) -> str:
    """That the curtain does not protect, or until when a lowered one lets links play that were given out."""
    if not playback.is_protected(row):
        return CURTAIN_HINT
    lasting = not row.curtain_raised and row.signed_until is not None
    return lowered_note(row) if lasting else ""


def _signed_hint(row: Breakout) -> str:
    return "It plays with a signature only: press Playback link." if playback.is_protected(row) else ""


def _session(row: Breakout) -> Section:
    return Section(
        "Session",
        [
            Fact("planned for", row.starts_at, "when", hint=_local(row))
            if row.starts_at
            else Fact("planned for", None),
            Fact("planned minutes", row.duration_minutes),
            *([Fact("planned end", row.planned_end_at, "when")] if row.planned_end_at else []),
            schedule.breakout_fact(row),
            Fact("on air since", row.session_started_at, "when"),
            Fact("stop accepted" if row.state == State.STOPPING else "ended", row.session_ended_at, "when"),
            Fact("customer", customer_of(row), hint=_customer_hint(row)),
            Fact("note", row.note),
            Fact("created", row.created_at, "when"),
        ],
        "event",
    )


def _local(row: Breakout) -> str:
    """The start as the clocks show it in the zone in which it was planned."""
    if row.starts_at is None or row.time_zone == "":
        return ""
    return f"{row.starts_at.astimezone(ZoneInfo(row.time_zone)):%a %Y-%m-%d %H:%M %Z} in {row.time_zone}"


def _customer_hint(row: Breakout) -> str:
    if row.customer or not customer_of(row):
        return ""
    return f"From the channel's tag {settings.CUSTOMER_TAG}. The start copies it."


def _usage(row: Breakout) -> Section:
    return Section(
        "Usage",
        [
            Fact("figures are", _figures_are(row), hint=_usage_hint(row)),
            Fact("delivered", row.usage_bytes_downloaded, "bytes", hint=_late_hint(row)),
            Fact("requests", None if row.usage_requests is None else f"{row.usage_requests:,}"),
            Fact("complete until", row.usage_complete_until, "when"),
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
    return USAGE_HINTS["suspect" if row.usage_suspect else row.usage_status]


def _late_hint(row: Breakout) -> str:
    if not row.usage_late_bytes:
        return ""
    return f"{row.usage_late_bytes:+,} bytes came after the figures were final. They are not part of them."


USAGE_HINTS = {
    "final": "The figures do not change any more.",
    "suspect": "It was on air, and CloudFront has not reported a single datapoint. That is not zero.",
    "pending": "Nothing has been collected yet.",
    "provisional": "CloudFront publishes late. The figures may still change.",
}
