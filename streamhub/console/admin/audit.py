"""The audit: its list, its filters and its export. Nobody can change it, and only some may read it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.access import audit
from streamhub.access.models import AuditEntry
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.filters import DayFilter, InputFilter
from streamhub.console.templatetags.console import when
from streamhub.csv_cells import Echo, cells
from streamhub.row_ids import row_ids
from streamhub.translation import filled

EXPORT_PERMISSION = "access.export_auditentry"
SEARCHED = 20_000
CHUNK = 2000
COLUMNS = (
    "at",
    "actor_kind",
    "actor_name",
    "address",
    "request_id",
    "verb",
    "outcome",
    "detail",
    "object_kind",
    "object_id",
    "object_name",
    "before",
    "after",
)


class PersonFilter(InputFilter):
    title, parameter_name, column = _("person or service"), "who", "actor_name"


class VerbFilter(InputFilter):
    title, parameter_name, column = _("verb"), "verb", "verb"


class KindFilter(InputFilter):
    title, parameter_name, column = _("kind of object"), "kind", "object_kind"


class ObjectFilter(InputFilter):
    """The id of an object; needs the kind too, because each kind has its own ids."""

    title, parameter_name = _("id of object"), "object"

    def only(self, rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
        return rows.filter(object_id__in=row_ids([text]))


class RequestFilter(InputFilter):
    title, parameter_name, column = _("request id"), "request", "request_id"


class DayOfEntry(DayFilter):
    column = "at"


# So many of a list's values stand in a row.
SHOWN = 12


@admin.register(AuditEntry)
class AuditAdmin(BigReadOnlyAdmin):
    """Append-only, also for superusers; the database refuses changes. Every filter has an index."""

    purpose = _(
        "Each verb, sign-in and change of a setting is kept here, with who did it and from where. Nothing"
        " was done yet."
    )
    list_display = ("at_shown", "who", "address_shown", "what", "about", "change", "request_shown")
    list_filter = (PersonFilter, VerbFilter, KindFilter, ObjectFilter, RequestFilter, DayOfEntry)
    list_filter_sheet = True
    list_filter_submit = True
    list_before_template = "console/audit_before.html"
    list_display_links = None
    search_fields = ("request_id", "object_name", "detail")
    search_help_text = filled(
        _("A whole request id; in the newest %(searched)s also a part of a name or reason"),
        {"searched": f"{SEARCHED:,}"},
    )

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """By number; of one day by time, which has the index that finds the day."""
        return ["-at", "-id"] if request.GET.get("day") else ["-id"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if term := search_term.strip():
            by_request = queryset.filter(request_id=term)
            if by_request.exists():
                return by_request, False
            newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
            queryset = queryset.filter(id__gt=newest - SEARCHED)
        return super().get_search_results(request, queryset, search_term)

    # --- columns ---------------------------------------------------------------------------

    @display(description=_("at"))
    def at_shown(self, row: AuditEntry) -> str:
        return when(row.at)

    @display(description=_("who"))
    def who(self, row: AuditEntry) -> str:
        return f"{row.actor_kind}: {row.actor_name}" if row.actor_name else row.actor_kind

    @display(description=_("from"))
    def address_shown(self, row: AuditEntry) -> str:
        return row.address or "-"

    @display(description=_("verb"))
    def what(self, row: AuditEntry) -> SafeString:
        verb = row.verb.replace("_", " ")
        if row.outcome == audit.Outcome.DONE:
            return format_html("<b>{}</b>", verb)
        return format_html('<b>{}</b> <span class="sh-none">{}</span>', verb, row.outcome)

    @display(description=_("object"))
    def about(self, row: AuditEntry) -> str:
        """A link to the object; if it was deleted, the link leads to its list with a message."""
        label = f"{row.object_kind} {row.object_name}".strip() or "-"
        url = _page_of(row.object_kind, row.object_id) if row.object_id is not None else ""
        return format_html('<a class="sh-link" href="{}">{}</a>', url, label) if url else label

    @display(description=_("what changed"))
    def change(self, row: AuditEntry) -> SafeString:
        changed = [(name, _change(row, name)) for name in {**row.before, **row.after}]
        lines = format_html_join(
            "", '<span class="sh-block"><span class="sh-kind">{}</span> {}</span>', changed
        )
        detail = format_html('<span class="sh-block">{}</span>', row.detail) if row.detail else ""
        return format_html('<span class="sh-change">{}{}</span>', detail, lines)

    @display(description=_("request"))
    def request_shown(self, row: AuditEntry) -> str:
        if not row.request_id:
            return "-"
        query = urlencode({"request": row.request_id})
        url = f"{reverse('admin:access_auditentry_changelist')}?{query}"
        return format_html(
            '<a class="sh-link" href="{}" title="{}">{}…</a>', url, row.request_id, row.request_id[:8]
        )

    # --- export ----------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        query = request.META.get("QUERY_STRING", "")
        export = f"{reverse('admin:access_auditentry_export')}?{query}"
        context = {"export_url": export if request.user.has_perm(EXPORT_PERMISSION) else ""}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export)
        return [path("export/", view, name="access_auditentry_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """POST: the entries that the list's filters leave, as CSV. The export is an entry itself."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(EXPORT_PERMISSION)):
            raise PermissionDenied(gettext("Your role does not allow the export of the audit."))
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:access_auditentry_changelist"))
        filters = {name: value for name, value in request.GET.items() if value}
        audit.record("export_auditentry", audit.Subject("audit entry"), after={"filters": filters})
        response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = content_disposition_header(True, "audit.csv")
        response["Cache-Control"] = "no-store"
        return response


def _change(row: AuditEntry, name: str) -> SafeString:
    """The value before and after; only the one that there is of what came or went."""
    if name in row.after and name not in row.before:
        return format_html("{}", _text(row, row.after, name))
    after = _text(row, row.after, name) if name in row.after else "-"
    return format_html("{} → {}", _text(row, row.before, name), after)


def _text(row: AuditEntry, values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value in (None, "", [], {}):
        return "-"
    if name in _times_of(row.object_kind) and (moment := _moment(value)):
        return when(moment)
    return _listed(value) if isinstance(value, list) else str(value)


def _listed(values: list[Any]) -> str:
    """The first of them: a role has a hundred permissions, and all are on the entry's own page."""
    shown = ", ".join(map(str, values[:SHOWN]))
    more = len(values) - SHOWN
    return shown if more <= 0 else gettext("%(shown)s and %(more)d more") % {"shown": shown, "more": more}


@cache
def _times_of(kind: str) -> frozenset[str]:
    """The columns of a kind of object that hold a time. What people type into others is no time."""
    models = [model for model in apps.get_models() if audit.kind_of(model) == kind]
    fields = (field for model in models for field in model._meta.concrete_fields)
    return frozenset(field.name for field in fields if isinstance(field, DateTimeField))


def _moment(value: Any) -> datetime | None:
    """The time that the audit noted as a text (`access.snapshot`); None for anything else."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _page_of(kind: str, pk: int) -> str:
    """The URL of an object's page; "" for a kind that has none."""
    for model, model_admin in admin.site._registry.items():
        if audit.kind_of(model) == kind:
            return reverse(
                f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change", args=[pk]
            )
    return ""


def _lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    values: Iterable[tuple[Any, ...]] = rows.values_list(*COLUMNS).iterator(chunk_size=CHUNK)
    for row in values:
        yield writer.writerow(cells(_cell(value) for value in row))


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict) else value
