"""Input security groups in the admin, read-only: channels create and delete them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.admin import badges
from channels_app.admin.facts import page_of
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import Desired
from streamhub.console import aws_console
from streamhub.console.facts import Fact, Section
from streamhub.console.finding import Search
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView
from streamhub.names import folded


def _of_channel(spellings: list[str]) -> QuerySet[Any, int]:
    """The security groups of the channel with this name."""
    living = Channel.objects.exclude(desired=Desired.DELETED).filter(security_group__isnull=False)
    named = living.filter(name_key__in=[folded(name) for name in spellings])
    return named.order_by("-id").values_list("security_group_id", flat=True)


@admin.register(SecurityGroup)
class SecurityGroupAdmin(ResourceAdmin):
    purpose = _(
        "They say from which networks encoders may push. Channels make and delete them by themselves."
    )
    icon = "shield"
    state_badges = badges.SECURITY_GROUP
    saved_views = (SavedView("failed", _("Failed"), "error", badges.in_trouble, 30),)
    list_display = ("title", "state_shown", "aws_id_shown", "used_by")
    list_filter = ("state", "desired")
    search = Search(ids=("uid", "aws_id"), names=("cidrs",), elsewhere=(_of_channel,))
    search_help_text = _("CIDR, or the whole AWS id or name of a channel")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SecurityGroup]:
        channels = Channel.objects.filter(security_group=OuterRef("pk")).order_by().values("security_group")
        count = Subquery(channels.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(channel_count=Coalesce(count, 0))

    @display(description=_("CIDRs"))
    def title(self, row: SecurityGroup) -> str:
        return ", ".join(row.cidr_list)

    @display(description=_("AWS id"))
    def aws_id_shown(self, row: SecurityGroup) -> str:
        return row.aws_id or "-"

    @display(description=_("channels"))
    def used_by(self, row: SecurityGroup) -> int:
        return row.channel_count  # type: ignore[attr-defined,no-any-return]

    def facts(self, request: HttpRequest, row: SecurityGroup) -> list[Section]:
        channels = [(each.name, page_of(each)) for each in row.channels.order_by("name").only("name")[:10]]
        facts = [
            Fact(gettext("CIDRs"), row.cidr_list, "list"),
            Fact(
                gettext("AWS id"),
                row.aws_id,
                "id",
                href=aws_console.address("medialive", "input-security-groups", row.aws_id),
            ),
            Fact(gettext("desired"), row.desired),
            Fact(
                gettext("channels"),
                channels,
                "links",
                hint=gettext("Only the first ten are shown.") if len(channels) == 10 else "",
            ),
            Fact(gettext("created"), row.created_at, "when"),
            Fact(gettext("last observed"), row.observed_at, "when"),
        ]
        return [Section(gettext("Security group"), facts, "shield", wide=True)]
