"""What channels and breakouts add to distribution pages: a panel, a saved view and *Re-attach*."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import services
from channels_app.models import Attachment, Channel
from channels_app.models.breakout import ON_AIR
from distributions import guards
from distributions.models import Distribution
from distributions.verbs import now
from streamhub.access.actors import Actor
from streamhub.console.facts import Panel
from streamhub.console.registry import PageParts
from streamhub.console.saved_views import SavedView
from streamhub.console.verbs import Verb, guarded


def delivering() -> Q:
    """Distributions that deliver a breakout on air."""
    attachments = Attachment.objects.filter(ended_at__isnull=True, breakout__state__in=ON_AIR)
    return Q(pk__in=attachments.values("distribution_id"))


def _reattach(row: Distribution, who: Actor) -> Distribution:
    return services.distribution_reattach(services.channel_of_origin(row), row, who=who)


def _consequences(row: Distribution) -> list[str]:
    channel = services.channel_of_origin(row)
    return [
        gettext("It is attached to %(channel)s again and enabled. CloudFront needs a few minutes for that.")
        % {"channel": channel}
    ]


def _panel(request: HttpRequest, row: Distribution) -> Panel:
    attachments = row.attachments.select_related("breakout").order_by("-started_at")[:10]  # type: ignore[attr-defined]
    context = {"channel": Channel.objects.filter(distribution=row).first(), "attachments": list(attachments)}
    return Panel(gettext("Channel and breakouts"), "channels_app/delivered.html", context, "podcasts")


REATTACH = Verb(
    name="reattach",
    label=_("Re-attach"),
    icon="link",
    permission="distributions.reattach_distribution",
    run=_reattach,
    refusal=guarded(guards.refusal, "reattach"),
    consequences=_consequences,
    now=now,
    done=_("it is attached again and is being enabled."),
    order=35,
)

PARTS = PageParts(
    Distribution,
    verbs=(REATTACH,),
    saved_views=(SavedView("live", _("Live now"), "sensors", delivering, 10),),
    panels=(_panel,),
)
