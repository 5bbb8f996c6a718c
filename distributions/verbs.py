"""What staff can do with distributions, one or many at once."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from distributions import guards, owners, services
from distributions.models import Distribution, PriceClass
from streamhub.console.edits import EditsRow
from streamhub.console.facts import Fact
from streamhub.console.verbs import Verb, guarded


class PriceClassForm(EditsRow):
    """Which edges serve viewers."""

    whole = True

    price_class = forms.ChoiceField(
        choices=[(choice.value, f"{choice.value}: {choice.label}") for choice in PriceClass],
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "CloudFront bills each byte at the price of the edge that served it. Viewers elsewhere are "
            "served from the nearest of these edges, more slowly."
        ),
    )


PRICE_MEANS = (
    _("CloudFront deploys the change in some minutes. Viewers are served meanwhile."),
    _("An edit that somebody made outside StreamHub stays, and counts as accepted."),
)
COSTS_NOTHING = _("A disabled distribution costs nothing, but counts in the account's quota.")


def now(row: Distribution, time: datetime) -> str:
    """For which channel it is, what it delivers at `time`, and its edges."""
    channel = (
        gettext("of %(owner_label)s") % {"owner_label": row.owner_label}
        if row.owner_label
        else gettext("of no channel")
    )
    attached = channel if row.attached else gettext("%(channel)s, not attached") % {"channel": channel}
    holds = owners.owner().holds(row)
    on_air = gettext(", on air with %(holds)s") % {"holds": ", ".join(holds)} if holds else ""
    return f"{attached}{on_air}, {edges(row)}"


def edges(row: Distribution) -> str:
    """Its price class in words."""
    price_class = row.price_class or row.price_class_seen
    if price_class not in PriceClass.values:
        return gettext("price class not known yet")
    return f"{price_class} ({PriceClass(price_class).label})"


def price_fact(row: Distribution) -> Fact:
    """For its page: the price class, and whether CloudFront has it already."""
    hint = ""
    if row.price_class_pending:
        hint = gettext("CloudFront still has %(value)s.") % {
            "value": row.price_class_seen or gettext("another one")
        }
    elif row.price_class and row.price_class_seen and row.price_class != row.price_class_seen:
        hint = gettext("CloudFront has %(price_class_seen)s: it was changed outside StreamHub.") % {
            "price_class_seen": row.price_class_seen
        }
    return Fact(gettext("price class"), edges(row), hint=hint)


VERBS = (
    Verb(
        name="sync",
        label=_("Sync"),
        icon="sync",
        permission="distributions.sync_distribution",
        run=lambda row, who: services.distribution_sync(row, who=who),
        refusal=guarded(guards.refusal, "sync"),
        consequences=lambda row: [
            gettext("A worker reads its status and configuration from CloudFront. Nothing changes on AWS.")
        ],
        now=now,
        done=_("a worker will read it from CloudFront."),
        order=10,
    ),
    Verb(
        name="retry",
        label=_("Retry"),
        icon="refresh",
        permission="distributions.retry_distribution",
        run=lambda row, who: services.distribution_retry(row, who=who),
        refusal=guarded(guards.refusal, "retry"),
        consequences=lambda row: [gettext("StreamHub tries the failed or waiting step again now.")],
        done=_("StreamHub is trying again."),
        primary=True,
        order=15,
    ),
    Verb(
        name="price",
        label=_("Change price class"),
        icon="payments",
        permission="distributions.price_distribution",
        run=lambda row, who, price_class: services.distribution_price_class_change(row, price_class, who=who),
        refusal=guarded(guards.refusal, "price"),
        form=PriceClassForm,
        initial=lambda row: {"price_class": row.price_class or row.price_class_seen},
        asks_many=True,
        consequences=lambda row: [gettext("Now: %(edges)s.") % {"edges": edges(row)}, *map(str, PRICE_MEANS)],
        now=now,
        done=_("CloudFront is being told its price class."),
        order=20,
    ),
    Verb(
        name="detach",
        label=_("Detach"),
        icon="link_off",
        permission="distributions.detach_distribution",
        run=lambda row, who: services.distribution_detach(row, who=who),
        refusal=guarded(guards.refusal, "detach"),
        consequences=lambda row: [
            gettext("It is detached from %(value)s, which then has no distribution.")
            % {"value": row.owner_label or gettext("its owner")},
            gettext("It is disabled: viewers of its domain get errors."),
            gettext("The reaper deletes it afterwards. Until then you can re-attach it or keep it."),
            str(COSTS_NOTHING),
        ],
        now=now,
        done=_("detached; StreamHub is disabling it."),
        danger=True,
        order=40,
    ),
    Verb(
        name="keep",
        label=_("Keep"),
        icon="bookmark",
        permission="distributions.keep_distribution",
        run=lambda row, who: services.distribution_keep(row, who=who),
        refusal=guarded(guards.refusal, "keep"),
        consequences=lambda row: [
            gettext("Its deletion is cancelled: it stays, disabled and unattached."),
            str(COSTS_NOTHING),
        ],
        now=now,
        done=_("kept."),
        order=30,
    ),
    Verb(
        name="delete",
        label=_("Delete"),
        icon="delete",
        permission="distributions.delete_distribution",
        run=lambda row, who: services.distribution_delete(row, who=who),
        refusal=guarded(guards.refusal, "delete"),
        consequences=lambda row: [
            gettext("It is disabled; once CloudFront has deployed that, the reaper deletes it from AWS."),
            gettext("This cannot be undone: a new distribution gets another domain."),
        ],
        now=now,
        done=_("StreamHub will disable it and then delete it."),
        danger=True,
        irreversible=True,
        order=90,
    ),
)
