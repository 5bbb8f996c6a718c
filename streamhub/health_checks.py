"""What `/readyz` says about workers, beat, clocks, AWS and jobs: the facts of the health page."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import Any

from django.utils.translation import gettext as _

from streamhub.lifecycle.health import Group, HealthFact, facts

log = logging.getLogger(__name__)

# The checks by name. Database and broker have checks of their own, which do not need the database.
CHECKS = {
    "worker": Group.WORKERS,
    "beat": Group.BEAT,
    "clocks": Group.CLOCKS,
    "aws": Group.AWS,
    "jobs": Group.JOBS,
}


def checks() -> list[dict[str, Any]]:
    """`{"name", "ok", "detail"}` for each; the detail says what is wrong, and since when."""
    try:
        found = facts()
    except Exception:
        log.exception("The facts of the health page could not be read")
        return [{"name": name, "ok": False, "detail": _("It could not be read.")} for name in CHECKS]
    return [_check(name, [fact for fact in found if fact.group == group]) for name, group in CHECKS.items()]


def _check(name: str, found: list[HealthFact]) -> dict[str, Any]:
    wrong = [_said(fact) for fact in found if fact.ok is False and fact.needed]
    fine = sum(fact.ok is True for fact in found)
    well = (
        _("Well: %(found)s of %(found_2)s.") % {"found": fine, "found_2": len(found)}
        if found
        else _("There is nothing to check.")
    )
    return {"name": name, "ok": not wrong, "detail": " ".join(wrong) or well}


def _said(fact: HealthFact) -> str:
    since = (
        _(" Since %(since)s UTC.") % {"since": f"{fact.since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"}
        if fact.since
        else ""
    )
    return fact.for_anyone + since
