"""The page on which a file of AWS's bill is uploaded, and which says what came of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from billing.bill_rows import BillUpload, BillVersion, UploadState
from billing.bills.comparison import Compared, by_service
from billing.bills.pages import IMPORT, PAGE
from billing.bills.uploads import bill_upload
from billing.costs.lines import CURRENCY
from streamhub.access.actors import staff_actor
from streamhub.access.uploads import MOST_MIB
from streamhub.console.badges import Badge, Tone
from streamhub.console.forms import ConsoleForm
from streamhub.errors import Invalid, VerbError

UPLOAD = "aws_bill_import"
ROWS = 20
BADGES = {
    UploadState.WAITING: Badge(Tone.BUSY, "hourglass_top"),
    UploadState.IMPORTED: Badge(Tone.GOOD, "check_circle"),
    UploadState.REFUSED: Badge(Tone.BAD, "error"),
}


class UploadForm(ConsoleForm):
    """A file of a bill."""

    file = forms.FileField(
        label=gettext_lazy("File of the bill"),
        widget=UnfoldAdminFileFieldWidget,
        help_text=gettext_lazy(
            "A whole month of CUR 2.0 or FOCUS 1.x, by the hour and with resource ids, as one file: Parquet,"
            " CSV, or CSV with gzip. At most %(most)s MiB, also for a proxy before StreamHub. An export of"
            " several files, or a larger one, is read from the bucket or by manage.py import_bill."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["file"]
        field.help_text = str(field.help_text) % {"most": MOST_MIB}


def upload(request: HttpRequest) -> HttpResponse:
    """GET: the form, and what came of the last uploads. POST: keep the file for the job."""
    if not request.user.has_perm(IMPORT):
        raise PermissionDenied(_("Your role may not import AWS's bill."))
    if request.method != "POST":
        return _page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            row = bill_upload(form.cleaned_data["file"], who=staff_actor(request.user))  # type: ignore[arg-type]
        except VerbError as refusal:
            form.show(refusal.errors if isinstance(refusal, Invalid) else {"": str(refusal)})
        else:
            messages.info(request, _("%(row)s: received. A job imports it now.") % {"row": row})
            return HttpResponseRedirect(reverse(f"admin:{UPLOAD}"))
    return _page(request, form, status=422)


def _page(request: HttpRequest, form: ConsoleForm, status: int = 200) -> HttpResponse:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    rows = list(BillUpload.objects.select_related("version").order_by("-pk")[:ROWS])
    versions = {row.version.pk: row.version for row in rows if row.version and row.version.current}
    wholes = {pk: _whole(version) for pk, version in versions.items()}
    context = {
        "title": _("Import AWS's bill"),
        "form": form,
        "back": reverse(f"admin:{PAGE}"),
        "uploads": [_shown(row, wholes) for row in rows],
        "currency": CURRENCY,
        "waiting": any(row.state == UploadState.WAITING for row in rows),
    }
    return TemplateResponse(
        request, "billing/bill_upload.html", {**admin.site.each_context(request), **context}, status=status
    )


def _shown(row: BillUpload, wholes: dict[int, Compared]) -> dict[str, Any]:
    version = row.version
    month = f"{version.month:%Y-%m}" if version else ""
    return {
        "row": row,
        "badge": BADGES[UploadState(row.state)],
        "word": _being_imported(row),
        "month": month,
        "url": f"{reverse(f'admin:{PAGE}')}?{urlencode({'month': month})}",
        "whole": wholes.get(version.pk) if version else None,
    }


def _being_imported(row: BillUpload) -> str:
    if row.state == UploadState.WAITING and row.begun_at:
        return _("being imported")
    return {
        UploadState.WAITING: _("waits for the job"),
        UploadState.IMPORTED: _("imported"),
        UploadState.REFUSED: _("refused"),
    }[UploadState(row.state)]


def _whole(version: BillVersion) -> Compared:
    """What our resources cost in all, AWS's beside ours."""
    rows = by_service(version)
    estimates = [row.estimate for row in rows if row.estimate is not None]
    return Compared(
        str(version),
        sum((row.billed for row in rows), Decimal(0)),
        sum(estimates, Decimal(0)) if estimates else None,
        version.currency == CURRENCY,
        partial=any(row.estimate is None and row.billed for row in rows),
    )


URLS = (path("billing/aws-bill/import/", admin.site.admin_view(upload), name=UPLOAD),)
