"""The secrets of an endpoint, sealed in its columns: made, replaced and read here alone."""

from __future__ import annotations

from datetime import datetime

from streamhub.sealing import InvalidToken, seal, unseal
from streamhub.webhooks.formats import Keys, NotSendable
from streamhub.webhooks.models import Endpoint

PURPOSE = "webhooks"


def sealed(secret: str) -> str:
    return seal(PURPOSE, secret) if secret else ""


def keys_of(endpoint: Endpoint, now: datetime) -> Keys:
    """The keys that it is sent with at that time. Raises NotSendable if SECRET_KEY was lost."""
    both = endpoint.old_secret and endpoint.old_secret_until and endpoint.old_secret_until > now
    signing = [endpoint.signing_secret, *([endpoint.old_secret] if both else [])]
    try:
        return Keys(
            tuple(unseal(PURPOSE, each) for each in signing if each),
            unseal(PURPOSE, endpoint.api_secret) if endpoint.api_secret else "",
        )
    except InvalidToken:
        raise NotSendable(
            "Its secret cannot be read: SECRET_KEY is another one now. Rotate it, or enter the key again."
        ) from None
