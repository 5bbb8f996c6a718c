"""Drift: the database against AWS, both ways, and what can be done about each difference.

Who calls what: `manage.py drift` and the admin's page call `report()` (six complete lists, no writes to
AWS), show its `findings`, and hand one of them to `preview()` and then to `act()` with one of its `verbs`.
The hourly job only calls `report()`, which also remembers since when each orphan has been seen.

    report() -> Report(findings, foreign, observed_at, unread)
    find(key) -> Finding            a finding by its `key`, from a fresh report; raises NotPossible
    preview(finding, verb) -> str   what `act` would do now, in a sentence; changes nothing
    act(finding, verb, who) -> str  do it; what was done, in a sentence

`preview` and `act` look again at AWS and at the row just before; they raise `NotPossible` with a sentence
when the finding is not so any more or the verb is not allowed (yet), and `AwsError` when AWS cannot be
read. Deleting takes one step a call, in the order of teardown: a distribution is disabled first and
deleted by a later call. `act` asks for the permission `channels_app.mend_drift` if `who` is an Actor.
"""

from channels_app.drift.acts import act, preview
from channels_app.drift.compare import Finding, Problem, Verb, compare
from channels_app.drift.found import Found, Kind
from channels_app.drift.report import Report, find, report

__all__ = [
    "Finding",
    "Found",
    "Kind",
    "Problem",
    "Report",
    "Verb",
    "act",
    "compare",
    "find",
    "preview",
    "report",
]
