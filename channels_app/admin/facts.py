"""The sections of facts on the page of a channel."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import breakout_sync, ingest, playback
from channels_app.admin import schedule
from channels_app.admin.forms import INPUTS, profile_label
from channels_app.decide.maintenance import window_of
from channels_app.models import Channel
from channels_app.models.channel import PUSH_TYPES, InputType
from channels_app.services import origin_closed, pending_changes, settings_differing
from distributions.admin import alias_facts
from streamhub.console import aws_console
from streamhub.console.expected import expected_facts
from streamhub.console.facts import Fact, Section

MAINTENANCE_HINT = _(
    "Each week AWS may interrupt a single pipeline in these hours. StreamHub moves them away from planned "
    "shows while the channel is idle."
)


FOR_OPERATORS = _("For operators: whoever knows the address can use it.")


SECOND_LOST = _("Deleted outside StreamHub. Press Retry to have another one.")
SECOND_HINT = _("MediaLive reads it when the main input is lost for 3 seconds, and stays there.")
SLATE_HINT = _("While nothing is received, viewers see a slate instead of black.")


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
        gettext("URLs"),
        [
            ingest_fact(row, user),
            Fact(
                gettext("origin endpoint"),
                row.endpoint_url,
                "url",
                hint=gettext("CloudFront pulls from here. It is not for viewers."),
            ),
            _origin(row),
            Fact(
                gettext("playback"),
                playback.of_channel(row),
                "url",
                hint=gettext("Given out while a breakout is running with its curtain raised."),
            ),
        ],
        "link",
        wide=True,
    )


def ingest_fact(row: Channel, user: User | AnonymousUser) -> Fact:
    """The addresses of the input by pipeline; only one that works can be copied."""
    if row.input_type in PUSH_TYPES and not may_see_ingest(user):
        return Fact(gettext("ingest"), [], "ingest", hint=FOR_OPERATORS)
    if row.input_type not in PUSH_TYPES:
        return Fact(
            gettext("ingest"), [], "ingest", hint=gettext("MediaLive pulls, so there is nothing to push to.")
        )
    urls = ingest.ingest_of(row)
    hint = gettext("The encoder sends to these, to one for each pipeline.")
    if not all(url.active for url in urls):
        hint = gettext("A %(channel_class)s channel hears only the first of an input. Others are lost.") % {
            "channel_class": row.channel_class
        }
    return Fact(gettext("ingest"), urls, "ingest", hint=hint)


def _options(row: Channel, user: User | AnonymousUser) -> Section:
    return Section(
        gettext("Options"),
        [
            Fact(gettext("input"), INPUTS[InputType(row.input_type)]),
            Fact(gettext("class"), row.channel_class, "code"),
            *_failover(row),
            Fact(gettext("allowed CIDRs"), row.allowed_cidrs, "list", hint=_pending(row, "allowed_cidrs")),
            _sources(row, user),
            *(
                [Fact(gettext("credentials"), gettext("a user name and a password"))]
                if row.source_username
                else []
            ),
            *([Fact(gettext("kept warm until"), row.warm_until, "when")] if row.warm_until else []),
            schedule.channel_fact(row),
            Fact(
                gettext("profile"),
                profile_label(row.encoding_profile),
                hint=_pending(row, "encoding_profile"),
            ),
            Fact(gettext("recorded"), row.record, "yesno", hint=_pending(row, "record")),
            Fact(gettext("tags"), row.tags, "tags", hint=_pending(row, "tags")),
            Fact(gettext("settings"), _settings(row), hint=_settings_hint(row)),
            Fact(gettext("created"), row.created_at, "when"),
        ],
        "tune",
    )


def _settings(row: Channel) -> str:
    """Whether it has the settings of the house, and which it lacks."""
    names = settings_differing(row)
    return gettext("outdated: %(names)s") % {"names": ", ".join(names)} if names else gettext("up to date")


def _settings_hint(row: Channel) -> str:
    distribution = row.distribution
    if row.settings_pending or (distribution is not None and distribution.settings_pending):
        return gettext("Being applied. What viewers or AWS would notice waits until the channel is idle.")
    return (
        gettext("Apply settings brings it up to date while nothing is on air.")
        if settings_differing(row)
        else ""
    )


def _origin(row: Channel) -> Fact:
    """Who can read the origin endpoint."""
    closed = origin_closed(row)
    words = {
        True: gettext("closed: it answers only CloudFront"),
        False: gettext("open: who knows its address can read it past CloudFront"),
        None: gettext("being changed") if row.mp_endpoint_id else None,
    }
    hint = (
        gettext("Nobody can watch until both sides have changed.")
        if closed is None and row.mp_endpoint_id
        else ""
    )
    return Fact(gettext("origin"), words[closed], hint=hint)


def _pending(row: Channel, field: str) -> str:
    """What is said of a field that AWS does not have yet."""
    if field not in pending_changes(row):
        return ""
    if row.edits_refused and field != "tags":
        return gettext("AWS refused it, and still has the earlier value.")
    if field == "tags" or not breakout_sync.runs(row):
        return gettext("Being changed on AWS.")
    return gettext(
        "AWS has the earlier value until the channel is idle: it takes no edit of it while MediaLive runs."
    )


def _sources(row: Channel, user: User | AnonymousUser) -> Fact:
    if row.source_urls and not may_see_ingest(user):
        return Fact(gettext("sources"), [], "urls", hint=FOR_OPERATORS)
    return Fact(gettext("sources"), row.source_urls, "urls")


def _failover(row: Channel) -> list[Fact]:
    """The second input and the slate, of a channel that has them."""
    second = row.second_input_type
    hint = SECOND_LOST if row.second_input_lost else SECOND_HINT
    facts = [Fact(gettext("second input"), INPUTS[InputType(second)], hint=hint)] if second else []
    return facts + (
        [Fact(gettext("slate on loss"), True, "yesno", hint=SLATE_HINT)] if row.slate_on_loss else []
    )


def _delivery(row: Channel) -> Section:
    distribution = row.distribution
    if distribution is None:
        return Section(
            gettext("Delivery"),
            [Fact(gettext("distribution"), None, hint=gettext("No distribution is attached."))],
            "public",
        )
    return Section(
        gettext("Delivery"),
        [
            Fact(gettext("distribution"), str(distribution), "link", href=page_of(distribution)),
            Fact(
                gettext("CloudFront id"),
                distribution.aws_distribution_id,
                "id",
                href=aws_console.address("cloudfront", "distributions", distribution.aws_distribution_id),
            ),
            Fact(gettext("domain"), distribution.domain_name, "id"),
            *alias_facts(distribution),
            Fact(gettext("state"), distribution.state),
            *expected_facts(distribution),
        ],
        "public",
    )


def _aws(row: Channel) -> Section:
    group = row.security_group
    return Section(
        gettext("AWS"),
        [
            Fact(
                gettext("MediaLive channel"),
                row.ml_channel_id,
                "id",
                href=aws_console.address("medialive", "channels", row.ml_channel_id),
            ),
            Fact(gettext("MediaLive state"), row.ml_channel_state, "code"),
            *expected_facts(row),
            Fact(
                gettext("maintenance window"),
                str(window_of(row.maintenance_window) or ""),
                hint=MAINTENANCE_HINT,
            ),
            Fact(
                gettext("MediaLive input"),
                row.ml_input_id,
                "id",
                href=aws_console.address("medialive", "inputs", row.ml_input_id),
            ),
            *_second_input(row),
            Fact(
                gettext("security group"),
                group and (group.aws_id or str(group)),
                "link",
                href=(group and page_of(group)) or "",
            ),
            Fact(
                gettext("MediaPackage channel"),
                row.mp_channel_id,
                "id",
                href=aws_console.address("mediapackage", "channels", row.mp_channel_id),
            ),
            Fact(
                gettext("MediaPackage endpoint"),
                row.mp_endpoint_id,
                "id",
                # The console shows endpoints on the page of their channel.
                href=aws_console.address(
                    "mediapackage", "channels", row.mp_endpoint_id and row.mp_channel_id
                ),
            ),
            Fact(gettext("last observed"), row.observed_at, "when"),
        ],
        "deployed_code",
    )


def _second_input(row: Channel) -> list[Fact]:
    if not row.second_input_type:
        return []
    if row.second_input_lost:
        return [Fact(gettext("second input"), None, hint=SECOND_LOST)]
    href = aws_console.address("medialive", "inputs", row.ml_second_id)
    return [Fact(gettext("second input"), row.ml_second_id, "id", href=href)]
