"""A statement's documents from its page. Each download leaves an entry of the audit."""

from __future__ import annotations

from typing import Any, Protocol

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.statement_rows import Statement, StatementLine
from billing.statements.documents import csv_lines
from billing.statements.pdf import MOST_LINES as MOST_LINES_OF_PDF
from billing.statements.pdf import NotInstalled, library, pdf_of
from billing.statements.spreadsheet import MOST_LINES, workbook
from streamhub.access import audit

EXPORT = "billing.export_statement"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_PRINTED = 20_000
PRINTED = "billing/statement_print.html"


class Pages(Protocol):
    """What a download needs of the admin."""

    def found(self, request: HttpRequest, object_id: Any) -> Any | None: ...

    def gone(self, request: HttpRequest, object_id: Any) -> HttpResponse: ...

    def url(self, page: str, *args: Any) -> str: ...

    def page_context(self, request: HttpRequest, row: Any | None = None, **more: Any) -> dict[str, Any]: ...


def as_csv(pages: Pages, request: HttpRequest, object_id: int) -> HttpResponseBase:
    """POST: all lines as a stream."""
    row = _asked(pages, request, object_id)
    if not isinstance(row, Statement):
        return row
    return _named(StreamingHttpResponse(csv_lines(row), content_type="text/csv; charset=utf-8"), row, "csv")


def as_xlsx(pages: Pages, request: HttpRequest, object_id: int) -> HttpResponseBase:
    """POST: a workbook. A statement with more lines than a sheet can have leads back to its page."""
    row = _asked(pages, request, object_id)
    if not isinstance(row, Statement):
        return row
    if row.lines_count > MOST_LINES:
        messages.error(
            request,
            _("A sheet has room for %(most_lines)s lines. Download the CSV.")
            % {"most_lines": f"{MOST_LINES:,}"},
        )
        return HttpResponseRedirect(pages.url("change", object_id))
    return _named(FileResponse(workbook(row), content_type=XLSX), row, "xlsx")


def to_print(pages: Pages, request: HttpRequest, object_id: int) -> HttpResponseBase:
    """GET: a page to print, or to save as PDF. It has the first 20,000 lines and says what it leaves out."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    row = _found(pages, request, object_id)
    if row is None:
        return pages.gone(request, object_id)
    if row.making:
        return _not_yet(pages, request, row)
    return TemplateResponse(request, PRINTED, _printed(pages, request, row))


def as_pdf(pages: Pages, request: HttpRequest, object_id: int) -> HttpResponseBase:
    """POST: the printable page as PDF. Without WeasyPrint, or with too many lines, back with the reason."""
    row = _asked(pages, request, object_id)
    if not isinstance(row, Statement):
        return row
    refusal = f"A PDF has room for {MOST_LINES_OF_PDF:,} lines. Download the CSV or XLSX."
    if row.lines_count <= MOST_LINES_OF_PDF:
        try:
            library()
        except NotInstalled as error:
            refusal = str(error)
        else:
            content = pdf_of(render_to_string(PRINTED, _printed(pages, request, row), request))
            return _named(HttpResponse(content, content_type="application/pdf"), row, "pdf")
    messages.error(request, refusal)
    return HttpResponseRedirect(pages.url("change", object_id))


def _printed(pages: Pages, request: HttpRequest, row: Statement) -> dict[str, Any]:
    lines = StatementLine.objects.filter(statement=row).order_by("position")[:MOST_PRINTED]
    left_out = max(0, row.lines_count - MOST_PRINTED)
    return pages.page_context(request, row, title=str(row), lines=lines, left_out=left_out)


def _asked(pages: Pages, request: HttpRequest, object_id: int) -> Statement | HttpResponse:
    """The statement to send; or the answer, if there is nothing to send."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = _found(pages, request, object_id)
    if row is None:
        return pages.gone(request, object_id)
    if row.making:
        return _not_yet(pages, request, row)
    audit.record("export_statement", row)
    return row


def _not_yet(pages: Pages, request: HttpRequest, row: Statement) -> HttpResponse:
    """Back to its page, which says how far it is."""
    messages.error(request, _("%(progress)s Download it when it is done.") % {"progress": row.making})
    return HttpResponseRedirect(pages.url("change", row.pk))


def _found(pages: Pages, request: HttpRequest, object_id: int) -> Statement | None:
    """The statement. Raises PermissionDenied for who may not download it."""
    if not request.user.has_perm(EXPORT):
        raise PermissionDenied(gettext("Your role does not allow the download of statements."))
    row: Statement | None = pages.found(request, object_id)
    return row


def _named(response: HttpResponseBase, row: Statement, ending: str) -> HttpResponseBase:
    which = f"statement-{row.number}" if row.number else f"draft-{row.period:%Y-%m}"
    response["Content-Disposition"] = content_disposition_header(True, f"{which}.{ending}")
    response["Cache-Control"] = "no-store"
    return response
