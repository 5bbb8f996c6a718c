"""Secrets in the database: encrypted with a key made from SECRET_KEY, another one for each purpose."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

__all__ = ["InvalidToken", "seal", "unseal"]


def seal(purpose: str, text: str) -> str:
    """The text, encrypted; to be read with the same purpose only."""
    return _fernets(purpose)[0].encrypt(text.encode()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """What was sealed. Raises InvalidToken if SECRET_KEY changed and is not in SECRET_KEY_FALLBACKS."""
    for fernet in _fernets(purpose):
        try:
            return fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            continue
    raise InvalidToken


def _fernets(purpose: str) -> list[Fernet]:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return [
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{key}".encode()).digest())) for key in keys
    ]
