"""Drift: the differences between database and AWS, both ways, and how to resolve them.

    report() -> Report                            reads six complete lists; changes nothing on AWS
    read_and_store(), read_as_asked() -> Report   the same, and store it; used by the hourly job
    last_report() -> StoredReport                 the stored report; reads only the database
    stored_finding(key) -> Finding                a finding of the stored report; raises NotPossible
    ask_to_read(who) -> bool                      has a worker read AWS; False if asked just now
    preview(finding, resolution) -> str           what `resolve` would do now; changes nothing
    resolve(finding, resolution, who) -> str      takes one step; says what was done

`manage.py drift` uses `report()`. The Drift page uses `last_report()` and `ask_to_read()`, so that no page
waits for AWS's lists. `preview` and `resolve` read AWS and row again: they raise `NotPossible` when the
finding has changed or the resolution is not allowed (yet), and `AwsError` when AWS cannot be read. A deletion
takes one teardown step a call. `resolve` needs the permission `drift.resolve_drift`.
"""

from drift.aws_lists import AwsResource, ResourceKind
from drift.compare import Difference, Finding, Resolution, compare
from drift.report import Report, Unread, report
from drift.resolutions import preview, resolve
from drift.stored_report import (
    StoredReport,
    ask_to_read,
    last_report,
    read_and_store,
    read_as_asked,
    stored_finding,
)

__all__ = [
    "AwsResource",
    "Difference",
    "Finding",
    "Report",
    "Resolution",
    "ResourceKind",
    "StoredReport",
    "Unread",
    "ask_to_read",
    "compare",
    "last_report",
    "preview",
    "read_and_store",
    "read_as_asked",
    "report",
    "resolve",
    "stored_finding",
]
