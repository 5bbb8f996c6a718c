"""What AWS's errors carry beside code and message reaches the person, or it is listed here why not."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest

from streamhub.aws.iam_actions import ACTIONS
from streamhub.errors import AwsError
from streamhub.lifecycle.models import error_fields

# (shape, member): where a person sees it, or why nobody has to.
SHOWN = {("UnprocessableEntityException", "ValidationErrors"): "error_validation"}
NOT_SHOWN: dict[tuple[str, str], str] = {
    ("InvalidChangeBatch", "messages"): "Route 53 gives the same sentences, in brackets, as the message",
    ("InvalidObjectState", "StorageClass"): "a bill that was moved to an archive: the message says so",
    ("InvalidObjectState", "AccessTier"): "a bill that was moved to an archive: the message says so",
}

EVERYWHERE = {"message", "code"}


def members() -> Iterator[tuple[str, str, str]]:
    """(operation, shape, member) of every error that an operation of the product may answer with."""
    session = botocore.session.get_session()
    for name in ACTIONS:
        service, _, operation = name.partition(":")
        for shape in session.get_service_model(service).operation_model(operation).error_shapes:
            for member in shape.members:
                if member.lower() not in EVERYWHERE:
                    yield name, shape.name, member


def test_the_walk_finds_the_errors_of_every_service_that_has_some() -> None:
    assert ("medialive:CreateChannel", "UnprocessableEntityException", "ValidationErrors") in set(members())


def test_every_member_of_every_error_is_shown_or_has_a_reason() -> None:
    known = SHOWN.keys() | NOT_SHOWN.keys()
    assert [found for found in members() if found[1:] not in known] == []
    assert {found[1:] for found in members()} == known


def test_every_member_of_a_single_reason_is_kept() -> None:
    model = botocore.session.get_session().get_service_model("medialive")
    reason = model.shape_for("UnprocessableEntityException").members["ValidationErrors"].member
    assert set(reason.members) == {"ElementPath", "ErrorMessage"}


@pytest.mark.parametrize("column", SHOWN.values())
def test_what_is_shown_has_a_column_of_its_own(column: str) -> None:
    error = AwsError("No.", validation=[("a.b", "is wrong")])
    assert error_fields(error)[column] == [{"path": "a.b", "message": "is wrong"}]
    assert error_fields(None)[column] == []
