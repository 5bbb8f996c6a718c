"""The query string of a list: only what the list offers is looked up.

Django lets everybody who sees a list filter it by any lookup of any of its columns. Such a filter may be no
valid regular expression, or one that takes minutes. So a list knows its filters and nothing else; what it
does not know is left out, and a message says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from streamhub.console.pasted import words_in
from streamhub.row_ids import row_ids

# What every list knows. The names are Django's.
_OWN = {ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR}
_OWN |= {IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR, "_changelist_filters"}
# The lookups that Django's filters of a column write into their links.
_LOOKUPS = ("", "__exact", "__isnull", "__id__exact", "__gte", "__lt")
_LONGEST = 40


class KnownQueries:
    """Mixin of a ModelAdmin: unknown parameters and rows that cannot exist are left out."""

    # Parameters beside those of the filters, for links from other pages.
    more_filters: Sequence[str] = ()
    # Parameters that are no filters and that this list knows beside Django's.
    own_parameters: Sequence[str] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Whether the list has a filter that writes this parameter."""
        return lookup in self.more_filters or lookup in set(_parameters(self.get_list_filter(request)))  # type: ignore[attr-defined]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; with an unknown parameter, a redirect to the list without it."""
        return self.without_unknown(request) or super().changelist_view(request, extra_context)  # type: ignore[misc]

    def without_unknown(self, request: HttpRequest) -> HttpResponse | None:
        """A redirect to the same page without the unknown parameters; None if the list knows all."""
        own = _OWN.union(self.own_parameters)
        known = {name for name in request.GET if name in own or self.lookup_allowed(name, "", request)}
        if known == set(request.GET):
            return None
        query = request.GET.copy()
        for name in sorted(set(query) - known):
            messages.warning(
                request,
                _("This list has no filter %(name)s. It was left out.") % {"name": repr(_short(name))},
            )
            del query[name]
        query[ERROR_FLAG] = "1"
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Django's search, which has a condition for each word. Of many only the first count (`words_in`)."""
        return super().get_search_results(request, queryset, " ".join(words_in(search_term)))  # type: ignore[misc, no-any-return]

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Run an action on the chosen rows. What is no row's id is not chosen."""
        from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

        post = request.POST.copy()
        post.setlist(ACTION_CHECKBOX_NAME, [str(pk) for pk in row_ids(post.getlist(ACTION_CHECKBOX_NAME))])
        request.POST = post  # type: ignore[assignment]
        return super().response_action(request, queryset)  # type: ignore[misc, no-any-return]


def _parameters(filters: Sequence[Any]) -> Iterator[str]:
    """The parameters of a list's filters: of classes their own, of columns one for each lookup."""
    for entry in filters:
        own = getattr(entry, "parameter_name", None)
        if own:
            yield own
        elif isinstance(entry, str | tuple):
            column = entry if isinstance(entry, str) else entry[0]
            yield from (f"{column}{lookup}" for lookup in _LOOKUPS)
        elif field := getattr(entry, "field", ""):
            yield field


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
