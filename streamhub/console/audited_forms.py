"""What Django's own forms and history pages do with the audit: they write to it and show it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse

from streamhub.access import audit, snapshot

VIEW_PERMISSION = "access.view_auditentry"


def audit_url(kind: str, pk: Any) -> str:
    """The URL of the audit's entries about one object."""
    query = QueryDict(mutable=True)
    query.update({"kind": kind, "object": str(pk)})
    return f"{reverse('admin:access_auditentry_changelist')}?{query.urlencode()}"


class History:
    """Mixin of a ModelAdmin: an object's history is what the audit has about it."""

    opts: Any
    model: Any

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Redirect to the audit; for those who may not see it, back to the object."""
        if request.user.has_perm(VIEW_PERMISSION):
            return HttpResponseRedirect(audit_url(audit.kind_of(self.model), object_id))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[object_id]))


class AuditedForms:
    """Mixin of a ModelAdmin: additions, changes and deletions are entries of the audit.

    Django's own log of the admin is not written: it goes with the user. `audited_by_signals`: entries are
    written by `access.user_signals`, whichever way the row changes.
    """

    audited_by_signals = False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if old := type(obj)._default_manager.filter(pk=obj.pk).first() if change else None:
            self.note_before(request, old)
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def note_before(self, request: HttpRequest, row: Model) -> None:
        """Keep how a row is before a change, for `log_change`."""
        request._audit_before = snapshot.snapshot(row)  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if not self.audited_by_signals:
            audit.record(_verb("add", obj), obj, after=snapshot.created(snapshot.snapshot(obj)))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """`message`: Django's list of changed fields, or a sentence about what was done."""
        if self.audited_by_signals:
            return
        before = getattr(request, "_audit_before", None)
        detail = message if isinstance(message, str) else ""
        changed = snapshot.difference(before, snapshot.snapshot(obj)) if before is not None else ({}, {})
        audit.record(_verb("change", obj), obj, detail=detail, before=changed[0], after=changed[1])

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in () if self.audited_by_signals else queryset:
            audit.record(_verb("delete", obj), obj, before=snapshot.created(snapshot.snapshot(obj)))


def _verb(word: str, obj: Model) -> str:
    return f"{word}_{obj._meta.model_name}"
