"""What has to be so before anything is created. Only reads, and each answer is a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from django.core.management import CommandError, call_command

from channels_app.services import creation_refusal, run_refusal
from streamhub.lifecycle.health import Group, facts
from streamhub.quotas.catalogue import DISTRIBUTIONS, ML_CHANNELS, MP_CHANNELS, PUSH_INPUTS, SECURITY_GROUPS
from streamhub.quotas.standing import standings

# Of each the rehearsal makes one.
KINDS = (DISTRIBUTIONS, ML_CHANNELS, PUSH_INPUTS, SECURITY_GROUPS, MP_CHANNELS)


@dataclass(frozen=True)
class Precondition:
    """One of them: whether it holds, and what was found or what is wrong."""

    name: str
    ok: bool
    detail: str


def processes() -> list[Precondition]:
    """Database, broker, workers, beat, AWS and jobs, as the page *Health* has them."""
    found = facts()
    return [_of_group(group, [fact for fact in found if fact.group == group]) for group in Group]


def _of_group(group: Group, found: list) -> Precondition:
    wrong = [fact for fact in found if fact.ok is False and fact.needed]
    said = " ".join(f"{fact.name}: {fact.detail} {fact.remedy}".rstrip() for fact in wrong)
    return Precondition(group.value, not wrong, said or "well")


def account() -> list[Precondition]:
    """What `manage.py check_aws` checks."""
    output = StringIO()
    try:
        call_command("check_aws", "--json", stdout=output)
    except CommandError as error:
        if not output.getvalue():
            return [Precondition("check_aws", False, str(error))]
    checks = json.loads(output.getvalue())["checks"]
    return [Precondition(check["name"], check["ok"], check["detail"]) for check in checks]


def room() -> Iterator[Precondition]:
    """Room in AWS's quotas, and within MAX_CHANNELS and MAX_RUNNING_CHANNELS."""
    for standing in standings(KINDS):
        yield Precondition(f"room: {standing.kind.title}", standing.headroom != 0, standing.sentence)
    for name, refusal in (("MAX_CHANNELS", creation_refusal()), ("MAX_RUNNING_CHANNELS", run_refusal())):
        yield Precondition(name, refusal is None, refusal or "one more is allowed")
