"""The permission rule, without a database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streamhub.access.actors import SYSTEM, Actor, system_actor
from streamhub.access.permissions import permit, require
from streamhub.access.scopes import SCOPES, unknown_scopes
from streamhub.errors import Forbidden

DELETE = "channels_app.delete_channel"


def staff(*permissions: str, **fields: Any) -> Actor:
    user: Any = SimpleNamespace(has_perm=lambda permission: permission in permissions)
    return Actor("staff", "ada", user=user, **fields)


@pytest.mark.parametrize(
    "actor",
    [
        pytest.param(staff(DELETE), id="staff with the permission"),
        pytest.param(staff(permitted=True), id="staff, permitted for the verb of which this is a part"),
        pytest.param(Actor("service", "event-site"), id="a service: its scope let it in"),
        pytest.param(SYSTEM, id="StreamHub itself"),
        pytest.param(system_actor("reaper"), id="one of its jobs"),
    ],
)
def test_permitted_actors_pass(actor: Actor) -> None:
    require(actor, DELETE)
    permitted = permit(actor, DELETE)
    assert (permitted.kind, permitted.name, permitted.user) == (actor.kind, actor.name, actor.user)
    assert permitted.permitted is True


@pytest.mark.parametrize(
    "actor",
    [
        pytest.param(staff(), id="staff without any permission"),
        pytest.param(staff("channels_app.stop_channel"), id="staff with another permission"),
        pytest.param(Actor("staff", "ada"), id="staff without a user"),
    ],
)
def test_other_actors_are_forbidden_with_an_explanation(actor: Actor) -> None:
    for ask in (require, permit):
        with pytest.raises(Forbidden) as refused:
            ask(actor, DELETE)
        assert str(refused.value) == (
            f"ada may not delete channel: the permission {DELETE} is missing. "
            "An administrator can add you to a group that has it."
        )


def test_a_permission_for_a_verb_covers_the_verbs_that_it_calls() -> None:
    permit(permit(staff(DELETE), DELETE), "distributions.detach_distribution")


@pytest.mark.parametrize("value", ["StreamHub", None])
def test_only_an_actor_is_accepted(value: Any) -> None:
    for ask in (require, permit):
        with pytest.raises(TypeError) as refused:
            ask(value, DELETE)
        assert str(refused.value) == f"The permission {DELETE} needs an Actor, not {value!r}."


def test_unknown_scopes_are_returned_in_their_order() -> None:
    assert unknown_scopes(["b:read", "channels:read", "a:write"]) == ["b:read", "a:write"]
    assert unknown_scopes(SCOPES) == []
