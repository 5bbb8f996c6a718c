"""The rows of a list as CSV: those that its filters and its search leave, with the list's columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from streamhub.console.paging import ANCHORS
from streamhub.console.resource_base import ResourceBase
from streamhub.csv_cells import Echo, cells

CHUNK = 500  # rows
# What a list shows where there is nothing.
NOTHING = "-"
# Elements of `templatetags.console` with their exact values. What people typed is escaped: it is no element.
EXACT = (
    re.compile(r'<time\b[^>]*? datetime="([^"]*)"[^>]*>.*?</time>', re.DOTALL),
    re.compile(
        r'<data\b[^>]*? value="([^"]*)"[^>]*>.*?</data>(?: <span class="sh-exact">.*?</span>)?', re.DOTALL
    ),
)
ICON = re.compile(r'<span\b[^>]*? aria-hidden="true"[^>]*>[^<]*</span>')


def page(admin: ResourceBase, request: HttpRequest) -> HttpResponseBase:
    """The file, line by line: a long list takes no memory."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    if elsewhere := admin.without_unknown(request):
        return elsewhere
    # The file has the rows of all pages.
    query = request.GET.copy()
    for name in (PAGE_VAR, *ANCHORS):
        query.pop(name, None)
    request.GET = query  # type: ignore[assignment]
    try:
        rows = admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        raise BadRequest(_("The list has no such filter.")) from None
    response = StreamingHttpResponse(_lines(admin, rows), content_type="text/csv; charset=utf-8")
    name = f"{admin.opts.verbose_name_plural}.csv".replace(" ", "-")
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


def _lines(admin: ResourceBase, rows: Any) -> Iterator[str]:
    columns = [str(name) for name in admin.list_display]
    writer = csv.writer(Echo())
    yield writer.writerow(["id", *(label_for_field(name, admin.model, admin) for name in columns)])
    for row in rows.iterator(chunk_size=CHUNK):
        yield writer.writerow(cells([row.pk, *(_value(admin, name, row) for name in columns)]))


def _value(admin: ResourceBase, name: str, row: Any) -> Any:
    """As the list shows it, without its markup; times and sizes exactly; of the state only its name."""
    if name == "state_shown":
        return admin.state(row)
    _field, _attribute, value = lookup_field(name, row, admin)
    if value is None or value == NOTHING:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    text = _text_of(value) if isinstance(value, SafeString) else str(value)
    return "" if text == NOTHING else text


def _text_of(markup: SafeString) -> str:
    """What is to be read in markup: of a time and of a size what is exact, and nothing of an icon."""
    for element in EXACT:
        markup = SafeString(element.sub(r"\1", markup))
    return unescape(strip_tags(ICON.sub("", markup))).strip()
