"""Which AWS this installation uses; a coloured band on every page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils.translation import gettext as _

from streamhub.contributions import contributed


@dataclass(frozen=True)
class Environment:
    """`live` decides the colour: red for a real AWS account, blue for the embedded AWS."""

    live: bool
    name: str
    region: str

    @property
    def word(self) -> str:
        return _("LIVE AWS") if self.live else _("EMBEDDED AWS")

    @property
    def icon(self) -> str:
        return "emergency" if self.live else "science"

    @property
    def sentence(self) -> str:
        if self.live:
            return _("A real AWS account with real viewers and real costs.")
        return _("A simulation on this machine. It reaches no viewers and costs no money.")


def environment() -> Environment:
    return Environment(
        live=settings.STREAMHUB_AWS == "live",
        name=settings.STREAMHUB_ENVIRONMENT,
        region=settings.AWS_REGION,
    )


def may_see(user: User | AnonymousUser) -> bool:
    """Whether account, environment and region are for this user: who has no role learns none of them."""
    return bool(user.is_authenticated and user.is_staff and user.get_all_permissions())


def badge(request: HttpRequest) -> list[str]:
    """Unfold's header badge."""
    here = environment()
    name = f" · {here.name}" if may_see(request.user) else ""
    return [f"{here.word}{name}", "danger" if here.live else "info"]


def title_prefix(request: HttpRequest) -> str:
    """The prefix of every browser tab's title."""
    here = environment()
    name = f" {here.name} ·" if may_see(request.user) else ""
    word = _("LIVE") if here.live else _("embedded")
    return f"{word} ·{name}"


def account() -> str:
    """The id of the AWS account whose resources are in the database; "" if no app knows it yet."""
    return next(filter(None, (account_id() for account_id in contributed("aws_account"))), "")
