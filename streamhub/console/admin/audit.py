"""The audit: its list, its filters and its export. Nobody can change it, and only some may read it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString

from streamhub.access import audit
from streamhub.access.models import AuditEntry
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.filters import DayFilter, InputFilter
from streamhub.console.templatetags.console import when
from streamhub.csv_cells import cells
from streamhub.row_ids import row_ids

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
    title, parameter_name, column = "person or service", "who", "actor_name"


class VerbFilter(InputFilter):
    title, parameter_name, column = "verb", "verb", "verb"


class KindFilter(InputFilter):
    title, parameter_name, column = "kind of object", "kind", "object_kind"


class ObjectFilter(InputFilter):
    """The id of an object; needs the kind too, because each kind has its own ids."""

    title, parameter_name = "id of object", "object"

    def only(self, rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
        return rows.filter(object_id__in=row_ids([text]))


class RequestFilter(InputFilter):
    title, parameter_name, column = "request id", "request", "request_id"


class DayOfEntry(DayFilter):
    column = "at"


@admin.register(AuditEntry)
class AuditAdmin(BigReadOnlyAdmin):
    """Append-only, also for superusers; the database refuses changes. Every filter has an index."""

    list_display = ("at_shown", "who", "address_shown", "what", "about", "change", "request_shown")
    list_filter = (PersonFilter, VerbFilter, KindFilter, ObjectFilter, RequestFilter, DayOfEntry)
    list_filter_sheet = True
    list_filter_submit = True
    list_before_template = "console/audit_before.html"
    list_display_links = None
    search_fields = ("request_id", "object_name", "detail")
    search_help_text = f"A whole request id; in the newest {SEARCHED:,} also a part of a name or reason"

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

    @display(description="at")
    def at_shown(self, row: AuditEntry) -> str:
        return when(row.at)

    @display(description="who")
    def who(self, row: AuditEntry) -> str:
        return f"{row.actor_kind}: {row.actor_name}" if row.actor_name else row.actor_kind

    @display(description="from")
    def address_shown(self, row: AuditEntry) -> str:
        return row.address or "-"

    @display(description="verb")
    def what(self, row: AuditEntry) -> SafeString:
        verb = row.verb.replace("_", " ")
        if row.outcome == audit.Outcome.DONE:
            return format_html("<b>{}</b>", verb)
        return format_html('<b>{}</b> <span class="sh-none">{}</span>', verb, row.outcome)

    @display(description="object")
    def about(self, row: AuditEntry) -> str:
        """A link to the object; if it was deleted, the link leads to its list with a message."""
        label = f"{row.object_kind} {row.object_name}".strip() or "-"
        url = _page_of(row.object_kind, row.object_id) if row.object_id is not None else ""
        return format_html('<a class="sh-link" href="{}">{}</a>', url, label) if url else label

    @display(description="what changed")
    def change(self, row: AuditEntry) -> SafeString:
        lines = format_html_join(
            "",
            '<span class="sh-block"><span class="sh-kind">{}</span> {}</span>',
            ((name, _change(row, name)) for name in {**row.before, **row.after}),
        )
        detail = format_html('<span class="sh-block">{}</span>', row.detail) if row.detail else ""
        return format_html('<span class="sh-change">{}{}</span>', detail, lines)

    @display(description="request")
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
            raise PermissionDenied("Your role does not allow the export of the audit.")
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


def _change(row: AuditEntry, name: str) -> str:
    """The value before and after; only the one that there is of what came or went."""
    if name in row.before and name in row.after:
        return f"{_text(row.before, name)} → {_text(row.after, name)}"
    return _text(row.after, name) if name in row.after else f"{_text(row.before, name)} → -"


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value in (None, "", [], {}):
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _page_of(kind: str, pk: int) -> str:
    """The URL of an object's page; "" for a kind that has none."""
    for model, model_admin in admin.site._registry.items():
        if audit.kind_of(model) == kind:
            return reverse(
                f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change", args=[pk]
            )
    return ""


class _Echo:
    """A file for `csv.writer` that returns each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    values: Iterable[tuple[Any, ...]] = rows.values_list(*COLUMNS).iterator(chunk_size=CHUNK)
    for row in values:
        yield writer.writerow(cells(_cell(value) for value in row))


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict) else value
