"""The audit: who did what, from where, or was refused it. One append-only table, written only here.

Every verb of the services is a function with `@verb("app.codename")`. The decorator asks for the permission,
runs the function and writes the entry into the transaction in which the caller runs it. A verb that another
verb calls has no entry of its own: the transitions have the details. What StreamHub does by itself has none
either. `record` is for what is no such verb: logins, users, the schedule, tokens, exports.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import Error
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from streamhub.access import snapshot
from streamhub.access.actors import Actor
from streamhub.access.audit_entry import AuditEntry, Outcome
from streamhub.access.lock_timeouts import begin_wait
from streamhub.access.origin import origin
from streamhub.access.permissions import permit
from streamhub.access.snapshot import Values
from streamhub.access.token_limits import check_daily
from streamhub.errors import Forbidden, Gone, NotPossible
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

# A refusal must not wait long for the lock of SQLite: it may be about that very lock.
_REFUSAL_WAIT_SECONDS = 0.5

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Subject:
    """What an entry is about. `id` None: something without a row."""

    kind: str = ""
    id: int | None = None
    name: str = ""

    @classmethod
    def of(cls, row: Model) -> Subject:
        # Not `type(row)`: the user of a request is a proxy.
        return cls(kind_of(row.__class__), row.pk, str(row))


def kind_of(model: type[Model]) -> str:
    """The name of a kind of object, as in its transitions."""
    return str(getattr(model, "KIND", model._meta.verbose_name_raw))


def record(
    verb: str,
    subject: Subject | Model | None = None,
    *,
    who: Actor | None = None,
    outcome: Outcome = Outcome.DONE,
    detail: str = "",
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEntry:
    """Write one entry, in the caller's transaction. `who` None: who sent the request, or the command line."""
    entry = _entry(verb, subject, who=who, outcome=outcome, detail=detail, before=before, after=after)
    entry.save(force_insert=True)
    return entry


def _entry(
    verb: str,
    subject: Subject | Model | None,
    *,
    who: Actor | None,
    outcome: Outcome,
    detail: str = "",
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEntry:
    where = origin()
    who = who or where.actor() or Actor("anonymous", "")
    about = Subject.of(subject) if isinstance(subject, Model) else subject or Subject()
    return AuditEntry(
        actor_kind=who.kind,
        actor_name=who.name[:150],
        user_id=who.user.pk if who.user else None,
        token_family=who.token.family if who.token else "",
        address=where.address[:64],
        request_id=where.request_id[:64],
        verb=verb[:100],
        outcome=outcome,
        detail=detail,
        object_kind=about.kind[:64],
        object_id=about.id,
        object_name=about.name[:200],
        before=before or {},
        after=after or {},
    )


def refuse(verb: str, subject: Subject | Model | None, detail: str, *, who: Actor | None = None) -> None:
    """Keep a refusal, to be written after the response. Nothing outside of a request."""
    entry = _entry(verb, subject, who=who, outcome=Outcome.REFUSED, detail=detail)
    origin().refusals.append(entry)


def refused(
    verb: str, subject: Subject | Model | None, sentence: str, *, who: Actor | None = None
) -> NotPossible:
    """The error of a refusal that is kept for the audit, to be raised by what is no `verb`."""
    refuse(verb, subject, sentence, who=who)
    return NotPossible(sentence)


def write_refusals(entries: list[AuditEntry]) -> None:
    """Write the refusals of a request. While the database cannot be written they are only logged."""
    try:
        with begin_wait(_REFUSAL_WAIT_SECONDS):
            AuditEntry.objects.bulk_create(entries)
    except Error as error:
        if not unavailable(error):
            raise
        for entry in entries:
            log.warning("Not in the audit, the database is away: %s was refused: %s", entry, entry.detail)


# --- verbs -----------------------------------------------------------------------------------


@dataclass
class _Running:
    """The verb under way: the rows that it locked, as they were, and the row that it was given."""

    given: Any
    before: dict[tuple[type[Model], int], Values] = field(default_factory=dict)

    def note(self, row: Model) -> None:
        key = (type(row), row.pk)
        if key not in self.before:
            self.before[key] = snapshot.snapshot(row)

    def before_of(self, row: Model) -> Values | None:
        """How the row was before the verb; None: there was none."""
        if (type(row), row.pk) in self.before:
            return self.before[type(row), row.pk]
        return self.given_values if row == self.given else None

    def __post_init__(self) -> None:
        self.given_values = snapshot.snapshot(self.given) if isinstance(self.given, Model) else None


_running: ContextVar[_Running | None] = ContextVar("streamhub_verb", default=None)


def locked(row: Model) -> None:
    """Tell the verb under way, if there is one, how a row is that was just locked: its *before*."""
    if running := _running.get():
        running.note(row)


def lock(rows: QuerySet[M], row: M) -> M:
    """The row as it is now, locked; the verb under way is told. Raises Gone if it was deleted meanwhile."""
    found = rows.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        raise Gone(_("It was deleted in the meantime."))
    locked(found)
    return found


def verb(
    permission: str, *, name: str = "", about: Callable[..., Subject] | None = None, daily: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A service that asks for `permission` and leaves an entry. It has an argument `who`, the actor.

    The function gets the actor that it passes on to the verbs that it calls. The entry is about the object
    that the function returns, or else its first argument, or what `about` makes of its arguments; then its
    detail is the text that the function returns, or the `audited` of what it returns. `name`: the entry's
    verb, if it is not the codename: a permission may allow several verbs. `daily`: the column of `ApiToken`
    that limits how often a token may do it in a day; what has no effect does not count. The caller's
    transaction is undone when the limit is passed. Raises Forbidden, NotPossible.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            asked = given.arguments["who"]
            if not isinstance(asked, Actor) or asked.permitted or asked.kind == "system":
                given.arguments["who"] = permit(asked, permission)
                return function(*given.args, **given.kwargs)
            return _audited(function, given, permission, name or permission.rpartition(".")[2], about, daily)

        return run

    return decorate


def _audited(
    function: Callable[..., R],
    given: inspect.BoundArguments,
    permission: str,
    name: str,
    about: Callable[..., Subject] | None,
    daily: str,
) -> R:
    asked: Actor = given.arguments["who"]
    first = next(iter(given.arguments.values()))
    running = _Running(first)
    token = _running.set(running)
    try:
        given.arguments["who"] = permit(asked, permission)
        result = function(*given.args, **given.kwargs)
        if about:
            detail = result if isinstance(result, str) else getattr(result, "audited", "")
            record(name, about(*given.args, **given.kwargs), who=asked, detail=detail)
        else:
            entry = _record_change(name, result if isinstance(result, Model) else first, running, who=asked)
            if daily and asked.token is not None and entry.outcome == Outcome.DONE:
                check_daily(asked.token, name, daily)
    except (Forbidden, NotPossible) as refusal:
        given.arguments["who"] = asked
        subject = about(*given.args, **given.kwargs) if about else first if isinstance(first, Model) else None
        refuse(name, subject, str(refusal), who=asked)
        raise
    finally:
        _running.reset(token)
    return result


def _record_change(name: str, row: Any, running: _Running, *, who: Actor) -> AuditEntry:
    if not isinstance(row, Model):
        return record(name, who=who)
    now = type(row)._default_manager.filter(pk=row.pk).first()
    values = snapshot.snapshot(now) if now else {}
    known = running.before_of(row)
    changed: tuple[Values, Values] = ({}, snapshot.created(values))
    before, after = changed if known is None else snapshot.difference(known, values)
    outcome = Outcome.DONE if before or after else Outcome.UNCHANGED
    return record(name, row, who=who, outcome=outcome, before=before, after=after)
