"""What is left of a rehearsal: rows with the page and the verb that end them, and resources on AWS."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from channels_app.models import Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.channel import Desired
from distributions.models import Distribution
from drift.aws_lists import ResourceKind, read_list
from drift.rehearsal.outcome import Left
from drift.rehearsal.rows import Rows


def of_rows(rows: Rows) -> list[Left]:
    """The rows that still exist."""
    found = []
    breakout, channel, group = rows.breakout(), rows.channel(), rows.group()
    if breakout is not None and breakout.state in ON_AIR:
        page = page_of("channels_app_breakout", breakout.pk)
        found.append(Left("breakout", str(breakout.pk), f"{breakout.name}, {breakout.state}", page, "Stop"))
    if channel is not None:
        found.append(of_channel(channel))
    found += [_of_distribution(row) for row in rows.distributions()]
    if group is not None and channel is None:
        page = page_of("channels_app_securitygroup", group.pk)
        found.append(
            Left("security group", str(group.pk), f"{group.state} {group.error_message}".strip(), page)
        )
    return found


def of_channel(row: Channel) -> Left:
    """The channel, with the verb that ends it."""
    verb = "Delete"
    if row.desired == Desired.DELETED:
        verb = "Retry" if row.error_code else ""
    detail = f"{row.name}, {row.state} {row.error_message}".strip()
    return Left("channel", str(row.pk), detail, page_of("channels_app_channel", row.pk), verb)


def _of_distribution(row: Distribution) -> Left:
    verb = "Retry" if row.error_code else ""
    detail = f"{row.aws_distribution_id or 'not created yet'}, {row.state} {row.error_message}".strip()
    return Left("distribution", str(row.pk), detail, page_of("distributions_distribution", row.pk), verb)


def page_of(model: str, pk: int) -> str:
    return reverse(f"admin:{model}_change", args=[pk])


def of_aws(rows: Rows) -> list[Left]:
    """The resources on AWS with a mark of the rehearsal. Reads six complete lists. Raises `AwsError`."""
    environment = settings.STREAMHUB_ENVIRONMENT
    return [
        Left(resource.kind.label, resource.aws_id, "on AWS", reverse("admin:drift"), "")
        for kind in ResourceKind
        for resource in read_list(kind)
        if resource.mark.owner in rows.owners and resource.mark.belongs_to(environment)
    ]


def by_memory(rows: Rows) -> list[Left]:
    """What to end by hand, said without asking the database: after a second Ctrl-C."""
    found = []
    if rows.breakout_pk is not None:
        page = page_of("channels_app_breakout", rows.breakout_pk)
        found.append(Left("breakout", str(rows.breakout_pk), rows.name, page, "Stop"))
    if rows.channel_pk is not None:
        page = page_of("channels_app_channel", rows.channel_pk)
        found.append(Left("channel", str(rows.channel_pk), rows.name, page, "Delete"))
    return found
