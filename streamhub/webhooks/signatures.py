"""Signatures in the form of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """A signing secret: 32 random bytes, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(uid: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers. With two keys there are two signatures; one that fits is enough."""
    seconds = str(int(at.timestamp()))
    return {
        "webhook-id": uid,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_signature(uid, seconds, body, key) for key in keys),
    }


def _signature(uid: str, seconds: str, body: bytes, key: str) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    signed = f"{uid}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
