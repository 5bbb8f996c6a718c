"""IAM: whether a role may do something, without doing it ("SimulatePrincipalPolicy").

The simulation knows the role's own policies, its permissions boundary and the organization's, but not the
policy of the resource ("IAM policy testing with the IAM policy simulator").
"""

from __future__ import annotations

from typing import NamedTuple

from streamhub.aws.session import AwsSession

ALLOWED = "allowed"


class Decision(NamedTuple):
    """IAM's word: "allowed", "implicitDeny" (nothing allows it) or "explicitDeny"."""

    decision: str
    request_id: str | None


class Iam:
    """The roles of one AWS session's account."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def simulated(self, role_arn: str, action: str, resource_arn: str) -> Decision:
        """SimulatePrincipalPolicy for one action on one resource. Raises AccessDenied, Refused (no role)."""
        response, request_id = self._session.call(
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=role_arn,
            ActionNames=[action],
            ResourceArns=[resource_arn],
        )
        (result,) = response["EvaluationResults"]
        return Decision(result["EvalDecision"], request_id)
