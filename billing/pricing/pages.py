"""The page *Price book*, its form for a new version, and the import of AWS's price list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from billing.jobs import READ_PRICE_LIST
from billing.pricing.book import PriceBook, Version
from billing.pricing.catalogue import Usage, known
from billing.pricing.services import SOURCE_LENGTH, price_book, rate_add, rate_errors, rates_import, region_of
from streamhub.access.actors import staff_actor
from streamhub.access.roles import ENGINEER, VIEWER
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone
from streamhub.console.forms import ConsoleForm
from streamhub.console.navigation import Entry
from streamhub.console.roles import Grant
from streamhub.errors import Invalid, VerbError

PAGE = "prices"
VIEW, ADD, IMPORT = "billing.view_pricerate", "billing.add_pricerate", "billing.import_rates"
RUN_JOB = "django_celery_beat.change_periodictask"
CHECKED, UNCHECKED = Badge(Tone.GOOD, "check_circle"), Badge(Tone.WARN, "help")


class RateForm(ConsoleForm):
    """A new version of a rate."""

    service_fields: ClassVar = {"usage_type": "usage"}

    usage = forms.ChoiceField(label=_("Usage"), widget=UnfoldAdminSelectWidget)
    region = forms.CharField(
        max_length=32,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("AWS's region, a price region of CloudFront such as EU, or * for every other."),
    )
    tiers = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text=_(
            "A line for each tier: from which quantity of a month, and a unit's price in dollars. The"
            " first begins at 0."
        ),
    )
    valid_from = forms.DateField(
        label=_("Valid from"),
        input_formats=["%Y-%m-%d"],
        widget=UnfoldAdminTextInputWidget,
        help_text=_("A day such as 2027-01-01, 00:00 UTC. The version before it ends there, and is kept."),
    )
    source = forms.CharField(
        max_length=SOURCE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Where the price is from: a contract, a price list and its date."),
    )
    verified = forms.BooleanField(
        label=_("Checked"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("You have seen it in your contract, on AWS's price page, or on a bill."),
    )

    def __init__(self, *args: Any, book: PriceBook, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usages = sorted({version.usage for version in book.newest()})
        self.fields["usage"].choices = [(_key(usage), usage.title) for usage in usages]  # type: ignore[attr-defined]

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        service, _slash, usage_type = data.get("usage", "").partition("/")
        tiers = _lines(data.get("tiers", ""))
        errors = rate_errors(service, usage_type, data.get("region", ""), tiers, data.get("source", ""))
        return {name: text for name, text in errors.items() if self.service_fields.get(name, name) in data}


class ImportForm(ConsoleForm):
    """An offer file."""

    file = forms.FileField(
        label=_("Price list"),
        widget=UnfoldAdminFileFieldWidget,
        help_text=_(
            "The file index.json of one service, best of your region: AWSElementalMediaLive,"
            " AWSElementalMediaPackage, AmazonCloudFront or AmazonS3."
        ),
    )


def _lines(text: str) -> list[list[str]]:
    """Its words, line by line."""
    return [line.replace(",", " ").split() for line in text.splitlines() if line.strip()]


def _key(usage: Usage) -> str:
    return f"{usage.service}/{usage.usage_type}"


def prices(request: HttpRequest) -> HttpResponse:
    """GET: the rates in force here. `?usage=&region=`: the versions of one. `?all=1`: every rate."""
    _may(request, VIEW)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    book, now = price_book(), database_now()
    chosen = known(*request.GET.get("usage", "/").partition("/")[::2])
    region = request.GET.get("region", "")[:32]
    everything = "all" in request.GET
    if chosen:
        versions = book.history(chosen, region)
    elif everything:
        versions = book.newest()
    else:
        versions = _here(book, now)
    context = _context(
        request,
        title=f"{chosen.title}, {region}" if chosen else gettext("Price book"),
        lines=[_line(book, version, now) for version in versions],
        chosen=chosen,
        everything=everything,
        unverified=sum(not version.verified for version in versions),
        total=len(book.newest()),
        may_add=request.user.has_perm(ADD),
        may_import=request.user.has_perm(IMPORT),
        may_read=request.user.has_perm(IMPORT) and request.user.has_perm(RUN_JOB),
        reading=READ_PRICE_LIST.row(),
    )
    return TemplateResponse(request, "billing/prices.html", context)


def _here(book: PriceBook, now: datetime) -> list[Version]:
    usages = sorted({version.usage for version in book.newest()})
    found = [book.at(usage, region_of(usage), now) for usage in usages]
    return [version for version in found if version is not None]


def _line(book: PriceBook, version: Version, now: datetime) -> dict[str, Any]:
    until = book.until(version)
    ends = [*(tier.start for tier in version.tiers[1:]), None]
    return {
        "version": version,
        "tiers": [
            {"start": tier.start, "end": end, "price": f"{tier.price.normalize():f}"}
            for tier, end in zip(version.tiers, ends, strict=True)
        ],
        "until": until,
        "in_force": version.valid_from <= now and (until is None or until > now),
        "badge": CHECKED if version.verified else UNCHECKED,
        "word": "checked" if version.verified else gettext("not checked"),
        "key": _key(version.usage),
    }


def add(request: HttpRequest) -> HttpResponse:
    """GET: the form; `?usage=&region=` fill it from the version in force. POST: add the version."""
    _may(request, ADD)
    book = price_book()
    if request.method != "POST":
        form = RateForm(initial=_initial(request, book), book=book)
        return _form_page(request, form, gettext("New version of a rate"), gettext("Add this version"))
    form = RateForm(request.POST, book=book)
    if form.is_valid():
        data = form.cleaned_data
        service, _slash, usage_type = data.pop("usage").partition("/")
        tiers = _lines(data.pop("tiers"))
        actor = staff_actor(request.user)  # type: ignore[arg-type]
        data["valid_from"] = datetime.combine(data["valid_from"], time(), tzinfo=UTC)
        try:
            row = rate_add(service=service, usage_type=usage_type, tiers=tiers, who=actor, **data)
        except VerbError as refusal:
            form.show(refusal.errors if isinstance(refusal, Invalid) else {"": str(refusal)})
        else:
            messages.success(request, _("%(row)s: added.") % {"row": row})
            return HttpResponseRedirect(f"{_url()}?usage={service}/{usage_type}&region={row.region}")
    return _form_page(
        request, form, gettext("New version of a rate"), gettext("Add this version"), status=422
    )


def _initial(request: HttpRequest, book: PriceBook) -> dict[str, Any]:
    now = database_now()
    usage = known(*request.GET.get("usage", "/").partition("/")[::2])
    region = request.GET.get("region", "")[:32]
    version = book.at(usage, region, now) if usage else None
    if usage is None or version is None:
        return {"valid_from": now.date(), "region": region}
    tiers = "\n".join(f"{tier.start.normalize():f} {tier.price.normalize():f}" for tier in version.tiers)
    return {"usage": _key(usage), "region": region, "tiers": tiers, "valid_from": now.date()}


def upload(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: import the file."""
    _may(request, IMPORT)
    title, button = gettext("Import AWS's price list"), "Import"
    if request.method != "POST":
        return _form_page(request, ImportForm(), title, button)
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            said = rates_import(form.cleaned_data["file"].read(), who=staff_actor(request.user))  # type: ignore[arg-type]
        except VerbError as refusal:
            form.show(refusal.errors if isinstance(refusal, Invalid) else {"": str(refusal)})
        else:
            messages.success(request, said)
            return HttpResponseRedirect(_url())
    return _form_page(request, form, title, button, status=422)


def _form_page(
    request: HttpRequest, form: ConsoleForm, title: str, button: str, status: int = 200
) -> HttpResponse:
    context = _context(request, title=title, form=form, button=button, back=_url())
    return TemplateResponse(request, "billing/prices_form.html", context, status=status)


def _may(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(gettext("Your role may not do this with the price book."))


def _url() -> str:
    return reverse(f"admin:{PAGE}")


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return {**admin.site.each_context(request), **more}


URLS = (
    path("billing/prices/", admin.site.admin_view(prices), name=PAGE),
    path("billing/prices/add/", admin.site.admin_view(add), name="prices_add"),
    path("billing/prices/import/", admin.site.admin_view(upload), name="prices_import"),
)
NAVIGATION = (Entry(313, _("Billing"), _("Price book"), "sell", url_name=f"admin:{PAGE}", permission=VIEW),)
ROLES = (Grant(VIEWER, (VIEW,)), Grant(ENGINEER, (ADD, IMPORT)))
