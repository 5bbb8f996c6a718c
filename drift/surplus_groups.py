"""What drift's job does by itself: it deletes security groups that carry our mark and are no row's own.

MediaLive takes no idempotency token for a security group, so a create whose answer was lost can leave a
twin. An unused one costs nothing but room in the quota, and deleting it harms nobody: no person need be
asked. It waits its hour as all surplus does, and `acts` looks again at AWS and rows just before. All
other surplus waits for a person.
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
    """One try for each that may be deleted now; how many were. What stays is tried by the next run."""
    due = [each for each in findings if each.kind is ResourceKind.GROUP and Resolution.DELETE in each.verbs]
    return sum(_delete(each) for each in due)


def _delete(finding: Finding) -> bool:
    try:
        step = resolutions.deletion_step(finding)
        if step.writes:
            resolutions.take_step(finding, step, WHO)
    except (NotPossible, AwsError) as refused:
        log.info("Security group %s stays: %s", finding.aws_id, refused)
        return False
    log.info("Security group %s, which is no row's own: %s", finding.aws_id, step.said)
    return step.writes
