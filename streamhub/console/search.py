"""The search over all kinds of objects: by name, or by what a person pastes of an e-mail or a complaint.

It answers a palette (Ctrl-K) and, without scripts, a page. Nothing is cached: a state is the one of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from streamhub.access.audit_entry import AuditEntry
from streamhub.console.audited_forms import VIEW_PERMISSION
from streamhub.console.badges import Badge
from streamhub.console.finding import spellings_of
from streamhub.console.resource import ResourceAdmin
from streamhub.console.verbs import Offer
from streamhub.lifecycle.models import Transition

MAX_PER_KIND = 8
MAX_BY_REQUEST = 4
# Verbs are offered where the text names few objects.
WITH_VERBS = 3
VERBS_EACH = 5


@dataclass(frozen=True)
class Hit:
    """One object. `note`: why it was found, where its name does not show it."""

    title: str
    kind: str
    url: str
    icon: str
    word: str = ""
    about_others: bool = False
    badge: Badge | None = None
    note: str = ""
    offers: tuple[Offer, ...] = ()

    def results(self) -> list[SearchResult]:
        """The object, and below it what can be done to it, as the palette's lines."""
        about = ", ".join(part for part in (self.kind, self.word, self.note) if part)
        verbs = [
            SearchResult(
                title=f"{offer.verb.label}: {self.title}",
                description=_("what you can do to this %(kind)s") % {"kind": self.kind},
                link=offer.url,
                icon=offer.verb.icon,
            )
            for offer in self.offers
        ]
        return [SearchResult(title=self.title, description=about, link=self.url, icon=self.icon), *verbs]


def page(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """GET `?s=`: what it names, as the palette's lines for htmx, else as a page of its own."""
    term = request.GET.get("s", "").replace("\x00", "").strip()
    hits = find(request, term) if term else []
    if request.headers.get("HX-Request") != "true":
        request.current_app = admin.site.name  # type: ignore[attr-defined]
        context = {**admin.site.each_context(request), "title": _("Search"), "term": term, "hits": hits}
        return TemplateResponse(request, "console/search.html", {**context, **(extra_context or {})})
    if not term:
        return HttpResponse()
    lines = [line for hit in hits for line in hit.results()] or [_nothing(term)]
    paginator = Paginator(lines, len(lines))
    context = {"page_obj": paginator, "results": paginator.page(1), "page_counter": 0, "execution_time": 0}
    answer = TemplateResponse(request, "unfold/helpers/command_results.html", context)
    answer["HX-Trigger"] = "search"  # the palette's script counts its lines then
    return answer


def find(request: HttpRequest, term: str) -> list[Hit]:
    """The objects of the kinds this user may see, those with the term in their name first.

    What tells about others, as an alarm does, comes after these: Enter opens the first one.
    """
    hits = _named(request, term) + _by_request(request, term)
    return sorted(hits, key=lambda hit: (hit.about_others, term.lower() not in hit.title.lower()))


def resource_admins() -> list[ResourceAdmin]:
    """All `ResourceAdmin`s, by app in the order of INSTALLED_APPS, then by the model's name."""
    models = [
        model
        for config in apps.get_app_configs()
        for model in sorted(config.get_models(), key=lambda model: str(model._meta.model_name))
    ]
    admins = [admin.site._registry.get(model) for model in models]
    return [entry for entry in admins if isinstance(entry, ResourceAdmin)]


def _named(request: HttpRequest, term: str) -> list[Hit]:
    found: list[tuple[ResourceAdmin, Any]] = []
    for entry in resource_admins():
        if entry.has_view_permission(request):
            rows, _distinct = entry.get_search_results(request, entry.get_queryset(request), term)
            found += [(entry, row) for row in _first(entry.found_first(rows))]
    offered = len(found) <= WITH_VERBS
    return [_hit(entry, row, _possible(entry, request, row) if offered else ()) for entry, row in found]


def _first(parts: Sequence[QuerySet[Any]]) -> list[Any]:
    """So many rows as are shown, each once, from the first part on."""
    found: dict[int, Any] = {}
    for part in parts:
        if len(found) < MAX_PER_KIND:
            found |= {row.pk: row for row in part[:MAX_PER_KIND] if row.pk not in found}
    return list(found.values())[:MAX_PER_KIND]


def _hit(entry: ResourceAdmin, row: Any, offers: tuple[Offer, ...]) -> Hit:
    badge = entry.badge(row)
    return Hit(
        title=str(row),
        kind=str(entry.opts.verbose_name),
        url=entry.url("change", row.pk),
        icon=entry.icon,
        word=str(badge.word) or entry.state(row),
        about_others=entry.about_others,
        badge=badge,
        offers=offers,
    )


def _possible(entry: ResourceAdmin, request: HttpRequest, row: Any) -> tuple[Offer, ...]:
    offers = sorted(entry.offers(request, row), key=lambda offer: (not offer.verb.primary, offer.verb.order))
    return tuple(offer for offer in offers if offer.possible)[:VERBS_EACH]


def _by_request(request: HttpRequest, term: str) -> list[Hit]:
    """What an AWS request id, or a request id of StreamHub, changed."""
    ids = spellings_of(term)
    hits = []
    admins = {entry.transition_kind(): entry for entry in resource_admins()}
    changes = Transition.objects.filter(aws_request_id__in=ids).exclude(aws_request_id="").order_by("-id")
    for change in changes[:MAX_BY_REQUEST]:
        entry = admins.get(change.resource_type)
        if entry is not None and entry.has_view_permission(request):
            name = change.resource_name or f"{change.resource_type} {change.resource_id}"
            at = _("%(at)s UTC") % {"at": f"{change.at:%Y-%m-%d %H:%M:%S}"}
            note = _("AWS request of %(at)s: %(why)s") % {"at": at, "why": change.why}
            url = entry.url("change", change.resource_id)
            hits.append(Hit(name, change.resource_type, url, entry.icon, change.to_state, note=note))
    if request.user.has_perm(VIEW_PERMISSION):
        entries = AuditEntry.objects.filter(request_id__in=ids).exclude(request_id="").order_by("-id")
        url = reverse("admin:access_auditentry_changelist")
        for entry_of in entries[:MAX_BY_REQUEST]:
            query = urlencode({"q": entry_of.request_id})
            hits.append(Hit(str(entry_of), _("audit"), f"{url}?{query}", "policy"))
    return hits


def _nothing(term: str) -> SearchResult:
    """The palette's only line: what can be found. It leads to the page, which has room to say it."""
    return SearchResult(
        title=_("Nothing found for “%(term)s”") % {"term": term[:40]},
        description=_("names, AWS ids, ARNs, domains, URLs, request ids, tags such as team=events"),
        link=f"{reverse('admin:search')}?{urlencode({'s': term})}",
        icon="search_off",
    )
