"""The text search of one kind of object: an id is found by equality, anything else by its name.

The text may be what a person pastes: a URL, an ARN, a sentence with an id in it (`console.pasted`).

A search must not read a big table. So every column that is searched has an index, each with a query of its
own: an OR across tables has none. A text of fewer than three letters has no trigram; it is looked for at the
beginning of the name. Of a long text only the first words count (`pasted.words_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Model, Q, QuerySet

from streamhub.console.pasted import named_in, words_in

# The shortest text that a trigram index finds inside a name.
TRIGRAM = 3
# Objects found by the same id in another table: the newest of them.
MOST_BY_ID = 1000


@dataclass(frozen=True)
class Search:
    """What is searched. `ids` and `names`: columns, all with an index, names with one of trigrams.

    `elsewhere`: for ids in another table, the keys of the objects that they belong to, the newest first.
    """

    ids: Sequence[str] = ()
    names: Sequence[str] = ()
    elsewhere: Sequence[Callable[[list[str]], QuerySet[Any, Any]]] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.ids, *self.names)

    def within(self, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Those of `rows` that the term names. Reads the keys first if it is an id.

        By name only the first words of a long term count: at most `pasted.MOST_WORDS`.
        """
        words = words_in(term)
        if not words:
            return rows
        found = self._by_id(rows.model, term)
        return rows.filter(pk__in=found) if found else rows.filter(self._by_name(words))

    def _by_id(self, model: type[Model], term: str) -> list[int]:
        """The keys of the objects whose id, domain or ARN is in the text."""
        spellings = spellings_of(term)
        own = reduce(or_, (Q(**{f"{column}__in": spellings}) for column in self.ids), Q(pk__in=[]))
        found = list(model._default_manager.filter(own).order_by().values_list("pk", flat=True)[:MOST_BY_ID])
        for keys in self.elsewhere:
            found += keys(spellings)[:MOST_BY_ID]
        return found

    def _by_name(self, words: list[str]) -> Q:
        """The condition that a name contains all words; if all are short, that it begins with them."""
        if max(map(len, words)) < TRIGRAM:
            return self._any("istartswith", " ".join(words))
        return reduce(and_, (self._any("icontains", word) for word in words))

    def _any(self, lookup: str, text: str) -> Q:
        return reduce(or_, (Q(**{f"{column}__{lookup}": text}) for column in self.names))


def spellings_of(text: str) -> list[str]:
    """The ids, domains and ARNs that the text names, each in the letter case of any service."""
    return sorted({spelling for name in named_in(text) for spelling in (name, name.lower(), name.upper())})
