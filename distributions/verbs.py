"""What staff can do with distributions, one or many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from distributions import guards, owners, services
from distributions.models import Distribution, PriceClass
from streamhub.console.facts import Fact
from streamhub.console.verbs import Verb


class PriceClassForm(forms.Form):
    """Which edges serve viewers."""

    price_class = forms.ChoiceField(
        choices=[(choice.value, f"{choice.value}: {choice.label}") for choice in PriceClass],
        widget=UnfoldAdminSelectWidget,
        help_text="CloudFront bills each byte at the price of the edge that served it. Viewers elsewhere are "
        "served from the nearest of these edges, more slowly.",
    )


PRICE_MEANS = (
    "CloudFront deploys the change in some minutes. Viewers are served meanwhile.",
    "An edit that somebody made outside StreamHub stays, and counts as accepted.",
)
COSTS_NOTHING = "A disabled distribution costs nothing, but counts in the account's quota."


def now(row: Distribution, time: datetime) -> str:
    """For which channel it is, what it delivers at `time`, and its edges."""
    channel = f"of {row.owner_label}" if row.owner_label else "of no channel"
    attached = channel if row.attached else f"{channel}, not attached"
    holds = owners.owner().holds(row)
    on_air = f", on air with {', '.join(holds)}" if holds else ""
    return f"{attached}{on_air}, {edges(row)}"


def edges(row: Distribution) -> str:
    """Its price class in words."""
    price_class = row.price_class or row.price_class_seen
    if price_class not in PriceClass.values:
        return "price class not known yet"
    return f"{price_class} ({PriceClass(price_class).label})"


def price_fact(row: Distribution) -> Fact:
    """For its page: the price class, and whether CloudFront has it already."""
    hint = ""
    if row.price_class_pending:
        hint = f"CloudFront still has {row.price_class_seen or 'another one'}."
    elif row.price_class and row.price_class_seen and row.price_class != row.price_class_seen:
        hint = f"CloudFront has {row.price_class_seen}: it was changed outside StreamHub."
    return Fact("price class", edges(row), hint=hint)


def _refusal(verb: str) -> Any:
    return lambda _row, situation: guards.refusal(verb, situation)


VERBS = (
    Verb(
        name="sync",
        label="Sync",
        icon="sync",
        permission="distributions.sync_distribution",
        run=lambda row, who: services.distribution_sync(row, who=who),
        refusal=_refusal("sync"),
        consequences=lambda row: [
            "A worker reads its status and configuration from CloudFront. Nothing changes on AWS."
        ],
        now=now,
        done="a worker will read it from CloudFront.",
        order=10,
    ),
    Verb(
        name="retry",
        label="Retry",
        icon="refresh",
        permission="distributions.retry_distribution",
        run=lambda row, who: services.distribution_retry(row, who=who),
        refusal=_refusal("retry"),
        consequences=lambda row: ["StreamHub tries the failed or waiting step again now."],
        done="StreamHub is trying again.",
        primary=True,
        order=15,
    ),
    Verb(
        name="price",
        label="Change price class",
        icon="payments",
        permission="distributions.price_distribution",
        run=lambda row, who, price_class: services.distribution_price_class_change(row, price_class, who=who),
        refusal=_refusal("price"),
        form=PriceClassForm,
        initial=lambda row: {"price_class": row.price_class or row.price_class_seen},
        asks_many=True,
        consequences=lambda row: [f"Now: {edges(row)}.", *PRICE_MEANS],
        now=now,
        done="CloudFront is being told its price class.",
        order=20,
    ),
    Verb(
        name="detach",
        label="Detach",
        icon="link_off",
        permission="distributions.detach_distribution",
        run=lambda row, who: services.distribution_detach(row, who=who),
        refusal=_refusal("detach"),
        consequences=lambda row: [
            f"It is detached from {row.owner_label or 'its owner'}, which then has no distribution.",
            "It is disabled: viewers of its domain get errors.",
            "The reaper deletes it afterwards. Until then you can re-attach it or keep it.",
            COSTS_NOTHING,
        ],
        now=now,
        done="detached; StreamHub is disabling it.",
        danger=True,
        order=40,
    ),
    Verb(
        name="keep",
        label="Keep",
        icon="bookmark",
        permission="distributions.keep_distribution",
        run=lambda row, who: services.distribution_keep(row, who=who),
        refusal=_refusal("keep"),
        consequences=lambda row: [
            "Its deletion is cancelled: it stays, disabled and unattached.",
            COSTS_NOTHING,
        ],
        now=now,
        done="kept.",
        order=30,
    ),
    Verb(
        name="delete",
        label="Delete",
        icon="delete",
        permission="distributions.delete_distribution",
        run=lambda row, who: services.distribution_delete(row, who=who),
        refusal=_refusal("delete"),
        consequences=lambda row: [
            "It is disabled; once CloudFront has deployed that, the reaper deletes it from AWS.",
            "This cannot be undone: a new distribution gets another domain.",
        ],
        now=now,
        done="StreamHub will disable it and then delete it.",
        danger=True,
        irreversible=True,
        order=90,
    ),
)
