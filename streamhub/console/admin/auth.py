"""Users and roles with the console's look. Only superusers change them (`streamhub.console.roles`).

A role is one of Django's groups; pages say role.

Users are deactivated, never deleted, so that what they did keeps its name.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from streamhub.access.models import ApiToken
from streamhub.access.users import (
    LAST,
    activation_refusal,
    deactivation_refusal,
    other_superusers,
    user_activate,
    user_deactivate,
)
from streamhub.console.asks_again import AsksAgain
from streamhub.console.audited_forms import VIEW_PERMISSION, audit_url
from streamhub.console.badges import Badge, Tone
from streamhub.console.base import ConsoleAdmin
from streamhub.console.facts import Link
from streamhub.console.object_pages import ObjectPages
from streamhub.console.pages import verb
from streamhub.console.pages.detail import refused as refused_of
from streamhub.console.registry import PageParts
from streamhub.console.roles import ROLES
from streamhub.console.searched import SearchedMultiple
from streamhub.console.templatetags.console import when
from streamhub.console.verbs import Verb
from streamhub.signin.confirming import ask_again

admin.site.unregister(User)
admin.site.unregister(Group)


class RoleFilter(admin.SimpleListFilter):
    """Filters by StreamHub's own roles; other groups have their own page."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ROLES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


class _UserForm(UserChangeForm):
    """Does not take the last superuser's rights."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        was = User.objects.filter(pk=self.instance.pk, is_superuser=True, is_active=True).exists()
        if was and not other_superusers(self.instance, lock=True):
            for name in ("is_superuser", "is_staff"):
                if name in data and not data[name]:
                    self.add_error(name, LAST)
        return data


@admin.register(User)
class UserAdmin(AsksAgain, ObjectPages, DjangoUserAdmin, ConsoleAdmin):
    purpose = _("Everybody who works here signs in as a user of their own, whose role says what they may do.")
    audited_by_signals = True
    form = _UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_superuser", "signed_in")
    list_filter = (RoleFilter, "is_active", "is_superuser")
    search_help_text = _("User name, name or e-mail address")
    # Searched while typing: Django's own widget would send every group.
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    # Permissions come from roles only, so that a role shows what its members may do.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("signed_in", "date_joined")}),
    )
    readonly_fields = ("is_active", "signed_in", "date_joined")
    change_form_outer_before_template = "console/user_verbs.html"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.autocomplete_fields:
            options["widget"] = SearchedMultiple(db_field, self.admin_site)
            options["label"] = _("Roles")
            options["help_text"] = _("They may do what one of their roles may.")
        return super().formfield_for_manytomany(db_field, request, **options)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        if "groups" in form.base_fields:
            # No "remove all" button: select2 places it where screen readers misread it.
            form.base_fields["groups"].widget.widget.is_required = True
        if "is_staff" in form.base_fields:
            form.base_fields["is_staff"].help_text = _("They can sign in here.")
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        back = request.get_full_path()
        return ask_again(request, back) or super().user_change_password(request, id, form_url)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @display(description=_("roles"))
    def roles(self, row: User) -> str:
        return ", ".join(sorted(group.name for group in row.groups.all())) or "-"

    @display(description=_("last sign-in"), ordering="last_login")
    def signed_in(self, row: User) -> str:
        return when(row.last_login, gettext("never"))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    # --- verbs -----------------------------------------------------------------------------

    def state(self, row: User) -> str:
        return "active" if row.is_active else "deactivated"

    def badge(self, row: User) -> Badge:
        return Badge(Tone.GOOD, "person") if row.is_active else Badge(Tone.CALM, "person_off")

    def transition_kind(self) -> str:
        return "user"

    def situation(self, row: User) -> int:
        """How many active superusers there are besides this user."""
        return other_superusers(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Django's form, below the verbs that the user may have."""
        row = self.get_object(request, object_id)
        allowed = row is not None and self.has_view_permission(request, row)
        offers = self.offers(request, row) if allowed else []
        refused = refused_of(offers)
        seen = allowed and request.user.has_perm(VIEW_PERMISSION)
        links = [Link(gettext("Audit"), audit_url("user", object_id), "policy")] if seen else []
        context = {"offers": offers, "refused": refused, "links": links}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        do = path("<int:object_id>/do/<slug:name>/", self.own(verb.page), name="auth_user_do")
        return [do, *super().get_urls()]


def _deactivation(row: User) -> list[str]:
    """What ends, by name: services that use such a token need another one first."""
    tokens = ApiToken.objects.read_now().filter(owner=row)
    working = sorted({token.service for token in tokens if token.usable})
    return [
        gettext("They cannot sign in any more, and their sessions end now."),
        gettext("Their tokens stop working now: %(working)s. Rotate them first: they are yours then.")
        % {"working": ", ".join(working)}
        if working
        else gettext("They own no token that works."),
        gettext("What they did stays in the audit under their name. They can be activated again."),
    ]


VERBS = (
    Verb(
        name="deactivate",
        label=_("Deactivate"),
        icon="person_off",
        permission="auth.change_user",
        run=lambda row, who: user_deactivate(row, who=who),
        refusal=deactivation_refusal,
        consequences=_deactivation,
        done=_("deactivated."),
        danger=True,
        irreversible=True,
        bulk=False,
        order=10,
    ),
    Verb(
        name="activate",
        label=_("Activate"),
        icon="person_check",
        permission="auth.change_user",
        run=lambda row, who: user_activate(row, who=who),
        refusal=lambda row, _others: activation_refusal(row),
        consequences=lambda row: [
            gettext("They can sign in again, with the roles that they have."),
            gettext("Tokens that they own, and that are not revoked or expired, work again."),
        ],
        done=_("activated."),
        bulk=False,
        order=20,
    ),
)

PARTS = PageParts(User, verbs=VERBS)


@admin.register(Group)
class GroupAdmin(AsksAgain, DjangoGroupAdmin, ConsoleAdmin):
    """Every deploy resets the groups viewer, operator and engineer; other groups may be added freely."""

    purpose = _("Roles: viewer, operator and engineer. manage.py bootstrap makes them.")
    audited_by_signals = True
    list_display = ("title",)

    def __init__(self, model: type[Group], site: Any) -> None:
        super().__init__(model, site)
        self.opts = copy(self.opts)  # Django's own has a migration
        self.opts.verbose_name, self.opts.verbose_name_plural = _("role"), _("roles")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        listed.opts, listed.title = self.opts, gettext("Roles")
        return listed

    @display(description=_("role"), ordering="name")
    def title(self, row: Group) -> str:
        return row.name

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Django's plan of the deletion, without a line for each permission that a role gives."""
        deleted, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        return [line for line in deleted if not isinstance(line, list)], counts, perms_needed, protected
