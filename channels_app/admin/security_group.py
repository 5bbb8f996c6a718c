"""Input security groups in the admin, read-only: channels create and delete them."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from channels_app.admin import badges
from channels_app.models import SecurityGroup
from streamhub.console.facts import Fact, Section
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView


@admin.register(SecurityGroup)
class SecurityGroupAdmin(ResourceAdmin):
    icon = "shield"
    state_badges = badges.SECURITY_GROUP
    saved_views = (SavedView("failed", "Failed", "error", badges.in_trouble, 30),)
    list_display = ("title", "state_shown", "aws_id_shown", "used_by")
    list_filter = ("state", "desired")
    search_fields = ("cidrs", "aws_id", "channels__name")
    search_help_text = "CIDR, AWS id or channel"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SecurityGroup]:
        return super().get_queryset(request).annotate(channel_count=Count("channels", distinct=True))

    @display(description="CIDRs")
    def title(self, row: SecurityGroup) -> str:
        return ", ".join(row.cidr_list)

    @display(description="AWS id")
    def aws_id_shown(self, row: SecurityGroup) -> str:
        return row.aws_id or "-"

    @display(description="channels")
    def used_by(self, row: SecurityGroup) -> int:
        return row.channel_count  # type: ignore[attr-defined,no-any-return]

    def facts(self, request: HttpRequest, row: SecurityGroup) -> list[Section]:
        channels = list(row.channels.order_by("name").values_list("name", flat=True)[:10])
        facts = [
            Fact("CIDRs", row.cidr_list, "list"),
            Fact("AWS id", row.aws_id, "id"),
            Fact("desired", row.desired),
            Fact(
                "channels",
                channels,
                "list",
                hint="Only the first ten are shown." if len(channels) == 10 else "",
            ),
            Fact("created", row.created_at, "when"),
            Fact("last observed", row.observed_at, "when"),
        ]
        return [Section("Security group", facts, "shield", wide=True)]
