"""STS: the identity of the credentials ("GetCallerIdentity"). The call needs no permission."""

from __future__ import annotations

from typing import NamedTuple

from streamhub.aws.session import AwsSession


class CallerIdentity(NamedTuple):
    """The account number and the ARN of the credentials."""

    account: str
    arn: str
    request_id: str | None


class Sts:
    """The identity of one AWS session."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def caller_identity(self) -> CallerIdentity:
        """GetCallerIdentity. Raises AccessDenied if the credentials are missing, wrong or expired."""
        response, request_id = self._session.call("sts", "GetCallerIdentity")
        return CallerIdentity(response["Account"], response["Arn"], request_id)
