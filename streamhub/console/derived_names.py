"""Names that nobody writes: Django derives those of models and columns, and states are words of the API.

They are marked here, or by the app that has the model (`model_names`), and translated when shown: `in_words`
for a state, `translate_models` for the rest. The API, the history and the audit keep them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from django.apps import apps
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from streamhub.contributions import contributed

OF_MODELS = {
    _("API token"),
    _("API tokens"),
    _("alarm"),
    _("alarms"),
    _("audit entries"),
    _("audit entry"),
    _("clock offset"),
    _("clock offsets"),
    _("desired"),
    _("enabled"),
    _("heartbeat"),
    _("heartbeats"),
    _("host"),
    _("job"),
    _("jobs"),
    _("name"),
    _("role"),
    _("state"),
    _("transition"),
    _("transitions"),
    _("webhook deliveries"),
    _("webhook delivery"),
    _("webhook endpoint"),
    _("webhook endpoints"),
    _("who"),
}
OF_STATES = {
    _("acknowledged"),
    _("active"),
    _("alive"),
    _("cancelled"),
    _("completed"),
    _("critical"),
    _("deleted"),
    _("deleting"),
    _("deactivated"),
    _("delivered"),
    _("deployed"),
    _("deploying"),
    _("different"),
    _("disabled"),
    _("disabling"),
    _("dismissed"),
    _("done"),
    _("draft"),
    _("duplicate"),
    _("enabled"),
    _("enough"),
    _("expired"),
    _("failed"),
    _("failing"),
    _("full"),
    _("idle"),
    _("issued"),
    _("little"),
    _("lowered"),
    _("missing"),
    _("never seen"),
    _("not in the schedule"),
    _("not run yet"),
    _("open"),
    _("orphan"),
    _("orphaned"),
    _("overdue"),
    _("paused"),
    _("pending"),
    _("present"),
    _("provisioning"),
    _("raised"),
    _("ready"),
    _("refused"),
    _("resolved"),
    _("revoked"),
    _("running"),
    _("silenced"),
    _("silent"),
    _("starting"),
    _("stopping"),
    _("switched off"),
    _("unchanged"),
    _("unclaimed"),
    _("usable"),
    _("void"),
    _("waiting"),
    _("warning"),
    _("well"),
}


def in_words(state: object) -> str:
    """A state, a kind of object or another word of the API, in the language of the page."""
    return gettext(str(state)) if state else ""


def translate_models(packages: Iterable[str]) -> None:
    """Let the models of these packages, and their columns, be named in the language of the page."""
    known = {*OF_MODELS, *contributed("model_names")}
    for model in apps.get_models():
        if model.__module__.partition(".")[0] in packages:
            _translate(known, model._meta, "verbose_name", "verbose_name_plural")
            for column in model._meta.fields:
                _translate(known, column, "verbose_name")


def _translate(known: Set[str], named: Any, *attributes: str) -> None:
    for attribute in attributes:
        name = getattr(named, attribute)
        if name in known:
            setattr(named, attribute, gettext_lazy(name))
