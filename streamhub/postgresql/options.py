"""The connection options of a PostgreSQL. What DATABASE_URL says (`?connect_timeout=10`) wins."""

from __future__ import annotations

from typing import Any

# A host that vanished without a word is noticed within about ten seconds.
_TIMEOUTS = {
    "connect_timeout": 3,  # seconds, per host
    "keepalives_idle": 5,  # seconds
    "keepalives_interval": 2,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}
# A session is kept between requests and checked at the start of each (seconds).
_KEPT_FOR = 300


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """Django's settings of this database. With several hosts the one that can be written is used."""
    several = {"target_session_attrs": "read-write"} if "," in config.get("HOST", "") else {}
    return {
        "CONN_MAX_AGE": _KEPT_FOR,
        "CONN_HEALTH_CHECKS": True,
        **config,
        "ENGINE": "streamhub.postgresql",
        "OPTIONS": {**_TIMEOUTS, **several, **config.get("OPTIONS", {})},
    }
