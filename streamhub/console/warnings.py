"""Warnings about what a form would do: shown once, and confirmed by sending the same form again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

FIELD = "confirmed"


@dataclass(frozen=True)
class Warnings:
    """The sentences, and the mark that the form sends back: other warnings need to be confirmed anew."""

    sentences: Sequence[str]
    field: str = FIELD

    @property
    def mark(self) -> str:
        return hashlib.sha256("\n".join(self.sentences).encode()).hexdigest()[:16]


def unconfirmed(request: HttpRequest, sentences: Sequence[str]) -> Warnings | None:
    """The warnings to show before the form takes effect; None if there are none, or they were confirmed."""
    warnings = Warnings(sentences)
    return warnings if sentences and request.POST.get(FIELD) != warnings.mark else None
