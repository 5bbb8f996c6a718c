"""Translation for modules that may not import Django, and for texts that wait for their values.

Decisions and guards name their sentences through `gettext` and `ngettext` here. A sentence is translated
when it is made, into the language of whoever asked. What the API names instead of a refused verb is marked
with `gettext_noop` and stays as it is; pages translate it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy, gettext_noop, ngettext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

__all__ = ["filled", "gettext", "gettext_lazy", "gettext_noop", "ngettext"]


def _fill(text: StrOrPromise, values: Mapping[str, Any]) -> str:
    return str(text) % values


# A lazy text with its values: `%` itself would translate it at once, when its module is imported.
filled = lazy(_fill, str)
