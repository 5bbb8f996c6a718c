"""How much room there is, in sentences for whoever is about to create something."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from streamhub.quotas.catalogue import Kind
from streamhub.quotas.models import Level
from streamhub.quotas.standing import Standing, standings


def before_creating(kinds: Sequence[Kind]) -> list[str]:
    """What is left of the tightest of these quotas, and what waits because a quota is full. Three queries."""
    found = standings(kinds)
    short = [standing for standing in found if standing.level != Level.ENOUGH]
    return [_sentence(standing) for standing in short or found[:1]]


def _sentence(standing: Standing) -> str:
    if not standing.full:
        return f"{standing.sentence}."
    return _("%(sentence)s. A new one waits until there is room, and goes on by itself.") % {
        "sentence": standing.sentence
    }
