"""Users and groups with the console's look. Only superusers change them (`streamhub.console.roles`)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from streamhub.console.asks_again import AsksAgain
from streamhub.console.base import ConsoleAdmin
from streamhub.console.roles import ROLES
from streamhub.signin.confirming import ask_again

admin.site.unregister(User)
admin.site.unregister(Group)


class RoleFilter(admin.SimpleListFilter):
    """Filters by StreamHub's own roles; other groups have their own page."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ROLES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class UserAdmin(AsksAgain, DjangoUserAdmin, ConsoleAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_superuser", "last_login")
    list_filter = (RoleFilter, "is_active", "is_superuser")
    search_help_text = "User name, name or e-mail address"
    # Searched while typing: Django's own widget would send every group.
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    # Permissions come from roles only, so that a role shows what its members may do.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        if "groups" in form.base_fields:
            # No "remove all" button: select2 places it where screen readers misread it.
            form.base_fields["groups"].widget.widget.is_required = True
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        back = request.get_full_path()
        return ask_again(request, back) or super().user_change_password(request, id, form_url)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @display(description="roles")
    def roles(self, row: User) -> str:
        return ", ".join(sorted(group.name for group in row.groups.all())) or "-"


@admin.register(Group)
class GroupAdmin(AsksAgain, DjangoGroupAdmin, ConsoleAdmin):
    """Every deploy resets the groups viewer, operator and engineer; other groups may be added freely."""
