"""Passwords that are long enough and still easy to guess."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LEAST_DIFFERENT = 6


class PatternValidator:
    """Refuses passwords of few different characters (`aaaaaaaaaaab`) and runs (`abcdefghijkl`)."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        if len(set(password.lower())) < LEAST_DIFFERENT:
            raise ValidationError(
                _("This password has fewer than %(least_different)s different characters.")
                % {"least_different": LEAST_DIFFERENT},
                code="password_repeats",
            )
        if _steps(password.lower()) * 2 > len(password):
            raise ValidationError(
                _("This password is a sequence, such as abcdefgh."), code="password_sequence"
            )

    def get_help_text(self) -> str:
        return f"It needs {LEAST_DIFFERENT} different characters and can't be a sequence such as abcdefgh."


def _steps(password: str) -> int:
    """How many characters are the same as the one before, or the next one up or down."""
    return sum(abs(ord(after) - ord(before)) <= 1 for before, after in pairwise(password))
