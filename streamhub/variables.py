"""Reading of environment variables: a wrong value becomes a sentence instead of a traceback.

Settings are imported before an error can be shown well. So a wrong value is noted in `mistakes` and
replaced by a harmless one; `streamhub.startup` prints the sentences and stops the process.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ

mistakes: list[str] = []

# An engine that refuses every query. A wrong DATABASE_URL must never fall back to another database.
NO_DATABASE = {"ENGINE": "django.db.backends.dummy"}
_LINE = re.compile(r"\s*(#.*)?|(export )?[A-Za-z_0-9]+=.*")


class Environment(environ.Env):
    """Values as they are written: one that begins with `$`, as a password may, names no other variable."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        value = self.ENVIRON.get(var, "")
        if value.startswith("$") and options.get("cast") is str:
            return value
        return super().get_value(var, *args, **options)


def read_file(env: environ.Env, name: str, beside: Path) -> None:
    """Read the lines `NAME=value` of a file into the environment, which wins.

    It is the file that the variable `name` names, or else the file `beside`, which need not be there. What
    cannot be read is a mistake: without it the process would run with defaults, on another database.
    """
    named = env.str(name, default="")
    path = Path(named or beside)
    try:
        text = path.read_text(encoding="utf8") if named or path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        mistakes.append(f"{path} cannot be read ({why}): correct its rights, or {name}.")
        return
    lines = [line for line in text.splitlines() if _LINE.fullmatch(line)]
    for number, line in enumerate(text.splitlines(), 1):
        if not _LINE.fullmatch(line):
            mistakes.append(f"{path}, line {number}: write NAME=value, without spaces around the `=`.")
    env.read_env(io.StringIO("\n".join(line for line in lines if not line.lstrip().startswith("#"))))


def whole(
    env: environ.Env,
    name: str,
    default: int,
    *,
    unit: str = "seconds",
    least: int = 1,
    most: int | None = None,
) -> int:
    """A whole number, `least` or more and at most `most`."""
    text = env.str(name, default=str(default)).strip()
    if text.isascii() and text.isdigit() and least <= int(text) <= (int(text) if most is None else most):
        return int(text)
    bounds = f"{least} or more" if most is None else f"{least} to {most}"
    mistakes.append(f"{name}={text!r} is not valid: write a whole number of {unit}, {bounds}.")
    return default


def limit(env: environ.Env, name: str, unit: str) -> int | None:
    """A whole number, 0 or more; empty: no limit."""
    if not env.str(name, default="").strip():
        return None
    return whole(env, name, 0, unit=unit, least=0)


def one_of(env: environ.Env, name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of these words."""
    text = env.str(name, default=default).strip() or default
    if text in choices:
        return text
    mistakes.append(f"{name}={text!r} is not valid: write one of {', '.join(choices)}.")
    return default


def language(env: environ.Env, name: str, default: str, folder: Path) -> str:
    """The code of a language that has a compiled catalogue in the folder: "de", "pt-br"; or the default."""
    compiled = folder.glob("*/LC_MESSAGES/django.mo")
    codes = sorted(path.parent.parent.name.replace("_", "-").lower() for path in compiled)
    return one_of(env, name, default, (default, *codes))


def flag(env: environ.Env, name: str, default: bool) -> bool:
    """On or off. Anything else is a mistake, and never guessed."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text in ("1", "on", "true", "yes", "y"):
        return True
    if text not in ("", "0", "off", "false", "no", "n"):
        mistakes.append(f"{name}={text!r} is not valid: write `on` or `off`.")
        return default
    return False


def database(env: environ.Env, name: str, default: str) -> dict[str, Any]:
    """The database of a URL: SQLite or PostgreSQL."""
    url = env.str(name, default=default) or default
    if url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        with suppress(ValueError):  # a port that is not a number, a bracket that is not closed
            config: dict[str, Any] = dict(environ.Env.db_url_config(url))
            if config.get("NAME"):
                return config
    mistakes.append(
        f"{name} is not a database that StreamHub can use: write postgres://user:password@host:5432/name "
        "or sqlite:////absolute/path.sqlite3."
    )
    return dict(NO_DATABASE)


def mail(env: environ.Env, name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings of a URL, or none without one."""
    url = env.str(name, default="")
    if not url:
        return {}
    with suppress(ValueError, KeyError, environ.ImproperlyConfigured):
        return dict(environ.Env.email_url_config(url))
    mistakes.append(f"{name} is not an address of a mail server: write smtp+tls://user:password@host:587.")
    return {}


def names(env: environ.Env, name: str, default: str = "") -> list[str]:
    """A list, separated by commas or spaces."""
    return env.str(name, default=default).replace(",", " ").split()


def words(env: environ.Env, name: str) -> list[str]:
    """A list, separated by spaces or new lines: a URL can contain commas."""
    return env.str(name, default="").split()


def folder(path: Path) -> Path:
    """The folder, created if needed. If it cannot be created, writing to it fails later."""
    with suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
    return path


def secret_key(env: environ.Env, path: Path, *, live: bool) -> str:
    """SECRET_KEY. In embedded mode without one, a random key is stored in `path`."""
    key = env.str("SECRET_KEY", default="")
    if not key and not live:
        return _stored_secret(path)
    if not key:
        mistakes.append(
            "STREAMHUB_AWS=live needs SECRET_KEY: 50 random characters, the same for all processes."
        )
    elif live and _guessable(key):
        mistakes.append(
            "SECRET_KEY is too easy to guess for STREAMHUB_AWS=live: use 50 random characters or more, at "
            "least 10 of them different, that do not repeat a shorter text."
        )
    return key or secrets.token_urlsafe(50)


def _guessable(key: str) -> bool:
    """Too short, too few different characters, a shorter text repeated, or Django's own example."""
    repeated = key in (key + key)[1:-1]
    return len(key) < 50 or len(set(key)) < 10 or repeated or key.startswith("django-insecure-")


def _stored_secret(path: Path) -> str:
    """A random key that survives restarts. Processes that start at the same time get the same key."""
    with suppress(OSError):
        if not path.exists():
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(50))
            with suppress(FileExistsError):
                os.link(name, path)
            Path(name).unlink()
        return path.read_text().strip()
    mistakes.append(f"{path.parent} is not writable: choose another folder with STREAMHUB_VAR_DIR.")
    return secrets.token_urlsafe(50)
