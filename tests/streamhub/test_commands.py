"""Commands on a database that cannot be used: one sentence that says what to do, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import OperationalError, ProgrammingError, connection

from streamhub.commands import DatabaseCommand
from tests.scenarios.packages import PRODUCT

# The commands that use the database, with what they need.
WITH_DATABASE = {
    "bootstrap": (),
    "check_statements": (),
    "drift": (),
    "drop_audit": ("--before", "2020-01"),
    "heartbeat": ("beat",),
    "import_bill": (str(Path(__file__).with_name("bill.csv")),),
    "import_prices": (str(Path(__file__).with_name("price_list.json")),),
    "rehearse": ("--yes",),
    "issue_token": ("event-site", "--scope", "usage:read"),
    "reset_second_factor": ("anna",),
    "usage_statement": ("2020-01",),
}
# Those that use none.
WITHOUT = {"check_aws", "iam_policy"}
READER = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction\nCONTEXT: x")


def ours() -> dict[str, Any]:
    """Every command of the product, by name."""
    return {
        name: load_command_class(app, name) for name, app in get_commands().items() if _root(app) in PRODUCT
    }


def _root(app: Any) -> str:
    return str(app).partition(".")[0]


def refusing(error: Exception, cause: Exception | None) -> Any:
    """A wrapper of the connection under which every query fails like this."""

    def fail(*_: Any) -> Any:
        raise error from cause

    return connection.execute_wrapper(fail)


def test_every_command_of_the_product_is_one_of_these() -> None:
    assert set(ours()) == set(WITH_DATABASE) | WITHOUT
    assert {name for name, command in ours().items() if not isinstance(command, DatabaseCommand)} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", WITH_DATABASE)
def test_on_a_standby_it_ends_with_one_sentence(name: str) -> None:
    with refusing(OperationalError(str(READER)), READER), pytest.raises(CommandError) as refused:
        call_command(name, *WITH_DATABASE[name], verbosity=0)
    assert str(refused.value) == (
        "The database can only be read: cannot execute INSERT in a read-only transaction. "
        "DATABASE_URL leads to a standby: run this again once it leads to the writer."
    )


@pytest.mark.django_db
def test_without_a_database_it_says_so() -> None:
    gone = OperationalError("connection to server failed")
    with refusing(gone, None), pytest.raises(CommandError, match=r"^The database cannot be used: connection"):
        call_command("heartbeat", "beat")


@pytest.mark.django_db
def test_a_mistake_of_ours_stays_a_traceback() -> None:
    mistake = ProgrammingError("no such column")
    cause = psycopg.errors.UndefinedColumn("no such column")
    with refusing(mistake, cause), pytest.raises(ProgrammingError):
        call_command("heartbeat", "beat")
