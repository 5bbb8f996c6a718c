"""Distributions in the admin: the list, the page, and the verbs that need no channel.

`channels_app.admin` adds what relates to channels and breakouts.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distributions import aliases, guards, mediamanager_page, reaper_page, services
from distributions.models import Desired, Distribution, State
from distributions.stale import STALE
from distributions.verbs import VERBS, price_fact
from streamhub.console import aws_console
from streamhub.console.badges import Badge, Tone, busy
from streamhub.console.expected import expected_facts
from streamhub.console.facts import Fact, Link, Section
from streamhub.console.finding import Search
from streamhub.console.navigation import Entry
from streamhub.console.registry import PageParts
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView, list_url
from streamhub.console.tiles import Figure, Tile

IN_TRANSITION = (State.PENDING, State.DEPLOYING, State.DISABLING, State.DELETING)
TROUBLE = Q(state__in=(State.FAILED, State.MISSING)) | ~Q(error_code="")

BADGES = {
    State.PENDING: busy("schedule"),
    State.DEPLOYING: busy(),
    State.DEPLOYED: Badge(Tone.GOOD, "cloud_done"),
    State.DISABLING: busy(),
    State.DISABLED: Badge(Tone.CALM, "cloud_off"),
    State.DELETING: busy("delete_sweep"),
    State.MISSING: Badge(Tone.BAD, "search_off"),
    State.FAILED: Badge(Tone.BAD, "error"),
}


@admin.register(Distribution)
class DistributionAdmin(ResourceAdmin):
    purpose = _(
        "CloudFront delivers each channel to viewers through a distribution. The first one comes with the"
        " first channel."
    )
    icon = "public"
    state_badges = BADGES
    deferred_columns = ("config",)
    saved_views = (
        SavedView("moving", _("In transition"), "progress_activity", lambda: Q(state__in=IN_TRANSITION), 20),
        SavedView("failed", _("Failed"), "error", lambda: TROUBLE, 30),
        SavedView("stale", _("Stale"), "delete_sweep", lambda: STALE, 40),
    )
    list_display = ("title", "state_shown", "wanted", "domain", "made_for", "cloudfront")
    list_filter = ("state", "desired", "attached", "enabled")
    search = Search(
        ids=("uid", "aws_distribution_id", "domain_name", "arn"),
        names=("aws_distribution_id", "domain_name", "owner_label", "origin_url"),
    )
    search_help_text = _("AWS id, domain or channel")
    ordering = ("-id",)

    @display(description=_("distribution"))
    def title(self, row: Distribution) -> str:
        return row.aws_distribution_id or gettext("distribution %(row)s (no id yet)") % {"row": row.pk}

    @display(description=_("domain"))
    def domain(self, row: Distribution) -> str:
        return row.domain_name or "-"

    @display(description=_("desired"))
    def wanted(self, row: Distribution) -> str:
        return gettext("left as it is") if row.protected else row.desired

    @display(description=_("created for"))
    def made_for(self, row: Distribution) -> str:
        return row.owner_label or "-"

    @display(description=_("CloudFront says"))
    def cloudfront(self, row: Distribution) -> str:
        enabled = {True: "enabled", False: "disabled", None: gettext("not known yet")}[row.enabled]
        return f"{enabled}, {row.status}" if row.status else enabled

    def situation(self, row: Distribution) -> guards.Situation:
        return services.situation_of(row)

    def headline(self, row: Distribution) -> str:
        if row.protected:
            return gettext("shared and protected: never changed by StreamHub")
        if row.desired == Desired.DELETED:
            return gettext("desired: deleted. It is disabled first; then the reaper deletes it")
        if row.attached:
            return gettext("desired: %(desired)s, attached") % {"desired": row.desired}
        return gettext("desired: %(desired)s, not attached") % {"desired": row.desired}

    def facts(self, request: HttpRequest, row: Distribution) -> list[Section]:
        return [_cloudfront_facts(row), _purpose_facts(row)]

    def links(self, request: HttpRequest, row: Distribution) -> list[Link]:
        return [Link(gettext("Show configuration"), self.url("configuration", row.pk), "data_object")]

    def extra_urls(self) -> list[Any]:
        name = "distributions_distribution_configuration"
        return [path("<int:object_id>/configuration/", self.own(configuration), name=name)]


def configuration(model_admin: DistributionAdmin, request: HttpRequest, object_id: int) -> HttpResponse:
    """The configuration as last read from CloudFront. The page itself does not read it again; *Sync* does."""
    row = model_admin.found(request, object_id)
    if row is None:
        return model_admin.gone(request, object_id)
    offers = model_admin.offers(request, row)
    context = model_admin.page_context(
        request,
        row,
        title=gettext("Configuration of %(row)s") % {"row": row},
        facts=_cloudfront_facts(row),
        back=model_admin.url("change", row.pk),
        sync=next((offer for offer in offers if offer.verb.name == "sync"), None),
    )
    return TemplateResponse(request, "console/configuration.html", context)


def alias_facts(row: Distribution) -> list[Fact]:
    """Under which domain of the house viewers reach it, and the DNS record that the house has to make."""
    if not aliases.alias_wanted(row):
        return []
    hint = "" if row.alias_serves else gettext("Not in use yet: viewers get the domain of CloudFront.")
    facts = [Fact(gettext("alias"), row.alias, "id", hint=hint)]
    if record := aliases.record_to_make(row):
        text = f"{record.name} {record.type} {record.value}"
        facts.append(
            Fact(
                gettext("DNS record to make"), text, "code", hint=gettext("StreamHub does not keep your DNS.")
            )
        )
    elif settings.ROUTE53_ZONE_ID:
        leads = row.alias_points_to or None
        facts.append(
            Fact(
                gettext("DNS record leads to"),
                leads,
                "id",
                hint="" if leads else gettext("To no distribution yet."),
            )
        )
    return facts


def _cloudfront_facts(row: Distribution) -> Section:
    return Section(
        gettext("CloudFront"),
        [
            Fact(
                gettext("distribution id"),
                row.aws_distribution_id,
                "id",
                href=aws_console.address("cloudfront", "distributions", row.aws_distribution_id),
            ),
            Fact(gettext("domain"), row.domain_name, "id"),
            *alias_facts(row),
            Fact(gettext("enabled"), row.enabled, "yesno"),
            Fact(
                gettext("status"),
                row.status,
                hint="" if row.status else gettext("CloudFront has not answered yet."),
            ),
            *expected_facts(row),
            price_fact(row),
            Fact(gettext("ARN"), row.arn, "id"),
            Fact(gettext("ETag"), row.etag, "code"),
            Fact(gettext("last observed"), row.observed_at, "when"),
        ],
        "cloud",
    )


def _purpose_facts(row: Distribution) -> Section:
    deletion = reaper_page.deletion_fact(row)
    return Section(
        gettext("Purpose"),
        [
            Fact(gettext("origin endpoint"), row.origin_url, "url"),
            Fact(gettext("created for"), row.owner_label),
            Fact(gettext("attached"), row.attached, "yesno"),
            Fact(gettext("desired"), row.desired),
            *([deletion] if deletion else []),
            Fact(gettext("tags"), row.tags, "tags"),
            Fact(gettext("created"), row.created_at, "when"),
        ],
        "flag",
    )


def _moving() -> Figure:
    count = Distribution.objects.filter(state__in=IN_TRANSITION).count()
    return Figure(count, gettext("CloudFront takes minutes"), Tone.BUSY if count else Tone.CALM)


def _trouble() -> Figure:
    counts = Distribution.objects.aggregate(
        trouble=Count("pk", filter=TROUBLE), person=Count("pk", filter=Q(person_needed_at__isnull=False))
    )
    count, person = counts["trouble"], counts["person"]
    detail = (
        (gettext("needs attention") if count == 1 else gettext("need attention"))
        if count
        else gettext("none")
    )
    detail += (
        gettext(", %(person)s of them only after somebody has acted in AWS") % {"person": person}
        if person
        else ""
    )
    return Figure(count, detail, Tone.BAD if count else Tone.GOOD)


def _stale() -> Figure:
    counts = Distribution.objects.aggregate(
        stale=Count("pk", filter=STALE), to_delete=Count("pk", filter=Q(desired=Desired.DELETED))
    )
    return Figure(
        counts["stale"],
        gettext("of %(to_delete)s waiting for deletion") % {"to_delete": counts["to_delete"]},
        Tone.CALM,
    )


def aws_account() -> str:
    """The AWS account in the newest ARN (arn:aws:cloudfront::ACCOUNT:distribution/ID); "" without one."""
    arn = Distribution.objects.exclude(arn="").order_by("-id").values_list("arn", flat=True).first()
    return arn.split(":")[4] if arn and arn.count(":") >= 5 else ""


VIEW = "distributions.view_distribution"
TILES = (
    Tile(
        "distributions-moving",
        _("Distributions in transition"),
        "sync",
        VIEW,
        _moving,
        lambda: list_url(Distribution, "moving"),
        50,
    ),
    Tile(
        "distributions-failed",
        _("Distributions in trouble"),
        "error",
        VIEW,
        _trouble,
        lambda: list_url(Distribution, "failed"),
        51,
    ),
    Tile(
        "distributions-stale",
        _("Stale, ready for the reaper"),
        "delete_sweep",
        VIEW,
        _stale,
        lambda: reverse(f"admin:{reaper_page.PAGE}"),
        52,
    ),
)

NAVIGATION = (
    Entry(210, _("Delivery"), _("Distributions"), "public", "distributions.distribution"),
    Entry(
        220,
        _("Delivery"),
        _("MediaManager"),
        "video_library",
        url_name=f"admin:{mediamanager_page.PAGE}",
        permission=VIEW,
    ),
    Entry(
        215, _("Delivery"), _("Reaper"), "delete_sweep", url_name=f"admin:{reaper_page.PAGE}", permission=VIEW
    ),
)
PAGE_PARTS = (PageParts(Distribution, verbs=VERBS),)
URLS = (
    *mediamanager_page.urls(cast(DistributionAdmin, admin.site.get_model_admin(Distribution))),
    *reaper_page.urls(),
)
