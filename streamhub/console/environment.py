"""Whose AWS this is: said on every page, in a colour that cannot be missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from streamhub.contributions import contributed


@dataclass(frozen=True)
class Environment:
    """`live` decides the colour: red for real viewers and real money, blue for the embedded AWS."""

    live: bool
    name: str
    region: str

    @property
    def word(self) -> str:
        return "LIVE AWS" if self.live else "EMBEDDED AWS"

    @property
    def icon(self) -> str:
        return "emergency" if self.live else "science"

    @property
    def sentence(self) -> str:
        if self.live:
            return "Real viewers, real money."
        return "A simulation on this machine: nothing here reaches viewers or costs money."


def environment() -> Environment:
    return Environment(
        live=settings.STREAMHUB_AWS == "live",
        name=settings.STREAMHUB_ENVIRONMENT,
        region=settings.AWS_REGION,
    )


def badge(request: HttpRequest) -> list[str]:
    """Unfold's header badge."""
    here = environment()
    return [f"{here.word} · {here.name}", "danger" if here.live else "info"]


def title_prefix(request: HttpRequest) -> str:
    """Before the title of every browser tab."""
    here = environment()
    return f"{'LIVE' if here.live else 'embedded'} · {here.name} ·"


def context(request: HttpRequest) -> dict[str, Any]:
    """For the band at the top of every page, the login included."""
    return {"here": environment()}


def account() -> str:
    """The AWS account whose resources stand in the database, as an app finds it; "" until one does."""
    return next(filter(None, (find() for find in contributed("aws_account"))), "")
