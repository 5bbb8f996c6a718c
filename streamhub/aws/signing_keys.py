"""The keys that sign for viewers, from the settings or from Secrets Manager.

The text of a key is only in memory. A web process reads secrets in a thread of its own, at its start and
every few minutes, so that no request calls AWS; a worker's step reads them when it needs them.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from streamhub.aws.secrets_manager import SecretsManager, is_secret_arn
from streamhub.aws.session import current_session
from streamhub.aws.signing import SigningKey, signing_key
from streamhub.aws.target import configured_signing_keys
from streamhub.errors import AwsError, EmbeddedNotRunning, Misconfigured

log = logging.getLogger(__name__)

REFRESH_SECONDS = 300
# After a failure, until the first reading succeeds.
TRY_AGAIN_SECONDS = 10


@dataclass(frozen=True)
class KeySetting:
    """One key of the settings: where its private half is (`source`), and the id of its public half."""

    name: str
    id: str
    source: str

    def __repr__(self) -> str:
        return f"KeySetting({self.name}, {self.id})"

    @property
    def is_secret(self) -> bool:
        return is_secret_arn(self.source)


# By the ARN of their secret: the PEM texts that this process has read.
_read: dict[str, str] = {}


def key_settings() -> list[KeySetting]:
    """The keys that are set: the present one, then the next one, each if it is there."""
    pairs = [KeySetting(*configured) for configured in configured_signing_keys()]
    return [pair for pair in pairs if pair.id and pair.source]


def key_in_memory(setting: KeySetting) -> SigningKey | None:
    """The key; None if its secret has not been read yet. Makes no call. Raises Misconfigured."""
    pem = _read.get(setting.source) if setting.is_secret else setting.source
    return None if pem is None else _named(setting, pem)


def read_key(setting: KeySetting) -> SigningKey:
    """The key, read from Secrets Manager if it is there: one call at most. Raises AwsError, Misconfigured."""
    if not setting.is_secret:
        return _named(setting, setting.source)
    pem = SecretsManager(current_session()).text(setting.source)
    key = _named(setting, pem)
    _read[setting.source] = pem
    return key


def _named(setting: KeySetting, pem: str) -> SigningKey:
    try:
        return signing_key(setting.id, pem)
    except Misconfigured as error:
        raise Misconfigured(f"{setting.name} cannot sign: {error}.") from None


def read_in_background() -> None:
    """In a web process: read the keys that are secrets now, and again every `REFRESH_SECONDS`."""
    if any(setting.is_secret for setting in key_settings()):
        threading.Thread(target=_keep_reading, name="signing-keys", daemon=True).start()


def _keep_reading() -> None:
    pause = threading.Event()
    while True:
        pause.wait(REFRESH_SECONDS if read_secrets() else TRY_AGAIN_SECONDS)


def read_secrets() -> bool:
    """Read all keys that are secrets. False if one could not be read: what was read before stays."""
    complete = True
    for setting in key_settings():
        try:
            if setting.is_secret:
                read_key(setting)
        except (AwsError, EmbeddedNotRunning, Misconfigured) as error:
            complete = False
            log.warning("%s could not be read from Secrets Manager: %s", setting.name, error)
    return complete
