"""Users, roles and logins in the audit, by Django's signals: whichever page, command or login wrote them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from streamhub.access import audit, snapshot
from streamhub.access.actors import Actor, staff_actor

# The column, and no password.
_COLUMN = "password"


def connect() -> None:
    """Connect the signals; called once, when the app is ready."""
    for model in (User, Group):
        name = model._meta.model_name
        pre_save.connect(_before, sender=model, dispatch_uid=f"audit_before_{name}")
        post_save.connect(_after, sender=model, dispatch_uid=f"audit_after_{name}")
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"audit_deleted_{name}")
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(_members, sender=through, dispatch_uid=f"audit_{through.__name__}")
    user_logged_in.connect(_logged_in, dispatch_uid="audit_login")
    user_logged_out.connect(_logged_out, dispatch_uid="audit_logout")
    user_login_failed.connect(_login_failed, dispatch_uid="audit_login_failed")


def _only(update_fields: Any, *names: str) -> bool:
    return update_fields is not None and set(update_fields) <= set(names)


def _before(sender: type[Model], instance: Any, raw: bool, update_fields: Any, **_: Any) -> None:
    instance._audit_before = None
    if raw or not instance.pk or _only(update_fields, "last_login"):
        return
    row = sender._default_manager.filter(pk=instance.pk).first()
    instance._audit_before = snapshot.snapshot(row) if row else None


def _after(
    sender: type[Model], instance: Any, raw: bool, created: bool, update_fields: Any, **_: Any
) -> None:
    if raw or _only(update_fields, "last_login"):
        return
    name = sender._meta.model_name
    now = snapshot.snapshot(instance)
    if created:
        audit.record(f"add_{name}", instance, after=snapshot.created(now))
        return
    before, after = snapshot.difference(instance._audit_before or {}, now)
    if _only(update_fields, _COLUMN) and instance._password is None:
        return  # Django stores the same password with a newer hash
    if before or after:
        audit.record(_verb(name or "", before, after), instance, before=before, after=after)


def _verb(name: str, before: snapshot.Values, after: snapshot.Values) -> str:
    if set(after) == {_COLUMN}:
        return "change_password"
    if before.get("is_active") != after.get("is_active"):
        return f"{'activate' if after['is_active'] else 'deactivate'}_{name}"
    return f"change_{name}"


def _deleted(sender: type[Model], instance: Any, **_: Any) -> None:
    audit.record(f"delete_{sender._meta.model_name}", instance, before=snapshot.created(_columns(instance)))


def _columns(instance: Model) -> snapshot.Values:
    """Of a row that is deleted, without what belonged to it."""
    many = {field.name for field in instance._meta.many_to_many}
    return {
        field.name: str(field.value_from_object(instance))
        for field in instance._meta.concrete_fields
        if field.name not in many and field.editable
    }


def _members(
    sender: type[Model], instance: Model, action: str, reverse: bool, model: Any, pk_set: Any, **_: Any
) -> None:
    """Somebody got or lost a role, or a role a permission."""
    what = {"post_add": "after", "post_remove": "before", "pre_clear": "before"}.get(action)
    if what is None:
        return
    column = _column(sender)
    others = model._default_manager.filter(pk__in=pk_set) if pk_set is not None else None
    if others is None:
        others = getattr(instance, "user_set" if reverse else column).all()
    if names := snapshot.names(others):
        key = "members" if reverse else column
        audit.record(f"change_{column}", instance, **{what: {key: names}})  # type: ignore[arg-type]


def _column(through: type[Model]) -> str:
    if through is User.groups.through:
        return "groups"
    return "user_permissions" if through is User.user_permissions.through else "permissions"


def _logged_in(sender: Any, user: User, **_: Any) -> None:
    audit.record("login", user, who=staff_actor(user))


def _logged_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record("logout", user, who=staff_actor(user))


def _login_failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """An unknown name is not stored: it may be a password, typed into the wrong field."""
    user = User.objects.filter(username=credentials.get("username") or "").first()
    who = Actor("anonymous", user.get_username() if user else "unknown user")
    audit.record("login", user, who=who, outcome=audit.Outcome.REFUSED, detail="The sign-in failed.")
