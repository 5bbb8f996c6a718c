"""Drift: the database against AWS, both ways, and what can be done about each difference.

Who calls what: `manage.py drift` calls `report()` (six complete lists, no writes to AWS; it remembers since
when each orphan has been seen). The hourly job does so by `take_as_asked()`, which keeps the report, and
deletes surplus security groups by `surplus_groups`. The admin's page shows the kept report by `last()` and
has a worker read again by `ask()`, so that no page reads the lists. Command and page hand a finding to
`preview()` and then to `act()` with one of its `verbs`.

    report() -> Report(findings, foreign, observed_at, unread)
    last() -> StoredReport          the report that was kept last; reads the database only
    known(key) -> Finding           a finding by its `key` from there; raises NotPossible
    ask(who) -> bool                have a worker read AWS; False if that was asked for just now
    preview(finding, verb) -> str   what `act` would do now, in a sentence; changes nothing
    act(finding, verb, who) -> str  do it; what was done, in a sentence

`preview` and `act` look again at AWS and at the row just before; they raise `NotPossible` with a sentence
when the finding is not so any more or the verb is not allowed (yet), and `AwsError` when AWS cannot be
read. Deleting takes one step a call, in the order of teardown: a distribution is disabled first and
deleted by a later call. `act` asks for the permission `drift.resolve_drift`.
"""

from drift.aws_lists import Found, ResourceKind
from drift.compare import Difference, Finding, Resolution, compare
from drift.report import Report, Unread, report
from drift.resolutions import act, preview
from drift.stored_report import StoredReport, ask, known, last, take, take_as_asked

__all__ = [
    "Difference",
    "Finding",
    "Found",
    "Report",
    "Resolution",
    "ResourceKind",
    "StoredReport",
    "Unread",
    "act",
    "ask",
    "compare",
    "known",
    "last",
    "preview",
    "report",
    "take",
    "take_as_asked",
]
