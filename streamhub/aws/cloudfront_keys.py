"""CloudFront's public keys and key groups: whose signatures it believes (AWS_RULES 11). Only read."""

from __future__ import annotations

from streamhub.aws.session import AwsSession
from streamhub.errors import AwsError

# CloudFront's answers for a key group and for a public key that do not exist.
_MISSING = ("NoSuchResource", "NoSuchPublicKey")


class CloudFrontKeys:
    """Each method is one call."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def group(self, id: str) -> tuple[str, ...] | None:
        """GetKeyGroup: the ids of its public keys; None if there is no such group."""
        try:
            response, _request_id = self._session.call("cloudfront", "GetKeyGroup", Id=id)
        except AwsError as error:
            if error.code in _MISSING:
                return None
            raise
        return tuple(response["KeyGroup"]["KeyGroupConfig"].get("Items") or [])

    def public_key(self, id: str) -> str | None:
        """GetPublicKey: its PEM; None if there is no such key."""
        try:
            response, _request_id = self._session.call("cloudfront", "GetPublicKey", Id=id)
        except AwsError as error:
            if error.code in _MISSING:
                return None
            raise
        return str(response["PublicKey"]["PublicKeyConfig"]["EncodedKey"])
