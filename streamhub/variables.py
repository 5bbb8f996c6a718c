"""Variables that can be written wrongly: read here, and a mistake becomes a sentence instead of a traceback.

Settings are imported before anybody can show an error well. So a value that makes no sense is noted in
`mistakes` and replaced by one that does no harm; `streamhub.startup` shows the sentences and stops.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ

mistakes: list[str] = []

# An engine that refuses every query: what a broken DATABASE_URL must never fall back to is another database.
NO_DATABASE = {"ENGINE": "django.db.backends.dummy"}


def whole(env: environ.Env, name: str, default: int, *, unit: str = "seconds", least: int = 1) -> int:
    """A whole number, `least` or more."""
    text = env.str(name, default=str(default)).strip()
    if text.isascii() and text.isdigit() and int(text) >= least:
        return int(text)
    mistakes.append(f"{name}={text!r} makes no sense: write a whole number of {unit}, {least} or more.")
    return default


def flag(env: environ.Env, name: str, default: bool) -> bool:
    """Yes or no. Anything else is a mistake: nobody guesses what `DEBUG=flase` was meant to be."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text in ("1", "on", "true", "yes", "y"):
        return True
    if text not in ("", "0", "off", "false", "no", "n"):
        mistakes.append(f"{name}={text!r} makes no sense: write `on` or `off`.")
        return default
    return False


def database(env: environ.Env, name: str, default: str) -> dict[str, Any]:
    """A database from its URL: SQLite or PostgreSQL."""
    url = env.str(name, default=default) or default
    if url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        with suppress(ValueError):  # a port that is no number, a bracket that is not closed
            found: dict[str, Any] = dict(environ.Env.db_url_config(url))
            if found.get("NAME"):
                return found
    mistakes.append(
        f"{name} is no database that StreamHub can use: write postgres://user:password@host:5432/name "
        "or sqlite:////absolute/path.sqlite3."
    )
    return dict(NO_DATABASE)


def folder(path: Path) -> Path:
    """The folder, made if need be. One that cannot be made shows when something is to be written there."""
    with suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
    return path


def secret_key(env: environ.Env, path: Path, *, live: bool) -> str:
    """SECRET_KEY; in embedded mode one is made up and kept in `path`."""
    key = env.str("SECRET_KEY", default="")
    if not key and not live:
        return _kept_secret(path)
    if not key:
        mistakes.append("STREAMHUB_AWS=live needs SECRET_KEY: 50 random characters, the same everywhere.")
    elif live and (len(key) < 32 or key.startswith("django-insecure-")):
        mistakes.append("SECRET_KEY is too easy to guess for STREAMHUB_AWS=live: use 50 random characters.")
    return key or secrets.token_urlsafe(50)


def _kept_secret(path: Path) -> str:
    """A random key that outlives restarts. Two processes that begin at once get the same one."""
    with suppress(OSError):
        if not path.exists():
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(50))
            with suppress(FileExistsError):
                os.link(name, path)
            Path(name).unlink()
        return path.read_text().strip()
    mistakes.append(f"{path.parent} cannot be written to: choose another folder with STREAMHUB_VAR_DIR.")
    return secrets.token_urlsafe(50)
