"""Delete surplus security groups without asking: those that carry our mark and belong to no row.

MediaLive takes no idempotency token for a security group (AWS_RULES 16), so that a create whose answer was
lost can leave a duplicate. An unused group only takes room in the quota, and deleting it does no harm. Like
all surplus it is deleted an hour after it was first seen, and `resolutions` reads AWS and rows again first.
Staff decide about all other surplus.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from drift import resolutions
from drift.aws_lists import ResourceKind
from drift.compare import Finding, Resolution
from streamhub.access.actors import system_actor
from streamhub.errors import AwsError, NotPossible

log = logging.getLogger(__name__)

WHO = system_actor("drift")


def delete_surplus_groups(findings: Iterable[Finding]) -> int:
    """Try each group once that may be deleted now; returns how many were. The next run tries the others."""
    due = [
        finding
        for finding in findings
        if finding.kind is ResourceKind.GROUP and Resolution.DELETE in finding.resolutions
    ]
    return sum(_delete(finding) for finding in due)


def _delete(finding: Finding) -> bool:
    try:
        step = resolutions.deletion_step(finding)
        if step.writes:
            resolutions.take_step(finding, step, WHO)
    except (NotPossible, AwsError) as refusal:
        log.info("Surplus security group %s stays: %s", finding.aws_id, refusal)
        return False
    log.info("Surplus security group %s: %s", finding.aws_id, step.sentence)
    return step.writes
