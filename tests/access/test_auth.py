from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from streamhub.access import limits
from streamhub.access.actors import staff_actor, system_actor
from streamhub.access.auth import scope
from streamhub.access.limits import Limit
from streamhub.access.permissions import require
from streamhub.access.roles import seed_groups
from streamhub.access.services import token_revoke
from streamhub.errors import Forbidden
from streamhub.token_bucket import Rate
from tests.access.dummy import GROUPS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "nonsense"]
)
def test_without_a_good_token_the_answer_is_401(client, header):
    answer = client.get(GROUPS, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_revoked_token_is_401(service):
    token_revoke(service.token)
    assert service.get().status_code == 401


def test_the_scheme_is_case_insensitive(client, service):
    assert client.get(GROUPS, headers={"Authorization": f"bearer {service.plain}"}).status_code == 200


def test_a_missing_scope_is_403_and_named(service_called):
    answer = service_called(scopes=["channels:read"]).post({"name": "a"})
    assert answer.status_code == 403
    assert "channels:write" in answer.json()["detail"]


def test_an_operation_cannot_ask_for_a_scope_that_does_not_exist():
    with pytest.raises(ValueError, match="channels:red"):
        scope("channels:red")


def test_the_actor_of_a_request_is_the_service(service_called):
    assert service_called("stream-viewer").get(f"{GROUPS}/whoami").json() == "service:stream-viewer"


def test_too_many_requests_of_one_token_are_429_with_retry_after(service, service_called, monkeypatch):
    monkeypatch.setattr(limits, "requests", Limit(Rate(0.5, burst=2), "test"))
    other = service_called("other")
    assert [service.get().status_code for _ in range(3)] == [200, 200, 429]
    assert service.get()["Retry-After"] == "2"
    assert service.get().json()["status"] == 429
    assert other.get().status_code == 200


def test_a_request_with_a_key_is_counted_once(service, monkeypatch):
    monkeypatch.setattr(limits, "requests", Limit(Rate(0.001, burst=2), "test"))
    assert service.post({"name": "a"}, key="1").status_code == 201
    assert service.post({"name": "a"}, key="1").status_code == 201
    assert service.post({"name": "a"}, key="1").status_code == 429


def test_too_many_failed_authentications_of_one_address_are_429(client, service, monkeypatch):
    monkeypatch.setattr(limits, "failures", Limit(Rate(1, burst=2), "test"))
    assert [client.get(GROUPS).status_code for _ in range(3)] == [401, 401, 429]
    assert client.get(GROUPS, REMOTE_ADDR="10.0.0.9").status_code == 401
    assert service.get().status_code == 200  # valid tokens from the same address are accepted


def test_a_whole_network_of_ipv6_fails_as_one_address(client, monkeypatch):
    monkeypatch.setattr(limits, "failures", Limit(Rate(0.001, burst=2), "test"))
    answers = [client.get(GROUPS, REMOTE_ADDR=f"2001:db8:1:2::{number}") for number in range(1, 4)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert client.get(GROUPS, REMOTE_ADDR="2001:db8:1:3::1").status_code == 401


def test_a_bucket_refills_up_to_its_burst():
    now = 0.0
    limit = Limit(Rate(2, burst=2), "test", clock=lambda: now)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0.5]
    now = 0.5
    assert [limit.take("a") for _ in range(2)] == [0, 0.5]
    now = 100.0
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0.5]


def test_the_least_recently_used_buckets_are_forgotten():
    limit = Limit(Rate(0.001, burst=1), "test", keys=2)
    limit.take("a")
    limit.take("b")
    limit.take("a")
    limit.take("c")  # forgets b, the least recently used key
    assert limit.take("b") == 0
    assert limit.take("c") > 0


# --- staff -----------------------------------------------------------------------------------

TABLE = {"viewer": ["auth.view_group"], "operator": ["auth.view_group", "auth.change_group"], "engineer": []}


def in_group(name: str):
    user = User.objects.create_user("alice")
    user.groups.add(user.groups.model.objects.get(name=name))
    return staff_actor(user)


def test_staff_need_the_permission():
    seed_groups(TABLE)
    actor = in_group("viewer")
    require(actor, "auth.view_group")
    with pytest.raises(Forbidden, match=r"alice may not change group: the permission auth\.change_group"):
        require(actor, "auth.change_group")


def test_inactive_staff_have_no_permissions():
    actor = staff_actor(User.objects.create_superuser("alice", is_active=False))
    with pytest.raises(Forbidden):
        require(actor, "auth.view_group")


def test_the_system_and_services_need_no_permission(service):
    require(system_actor("reaper"), "auth.change_group")


def test_seeding_groups_again_removes_permissions_that_are_not_in_the_table():
    seed_groups(TABLE)
    actor = in_group("operator")
    seed_groups(TABLE)
    require(actor, "auth.change_group")
    seed_groups(TABLE | {"operator": ["auth.view_group"]})
    with pytest.raises(Forbidden):
        require(staff_actor(User.objects.get(username="alice")), "auth.change_group")


def test_a_permission_that_does_not_exist_is_not_seeded():
    with pytest.raises(ValueError, match=r"auth\.fly"):
        seed_groups({"viewer": ["auth.view_group", "auth.fly"]})


def test_the_text_of_an_actor_names_it():
    assert str(system_actor("reaper")) == "reaper"
    assert str(staff_actor(User(username="alice"))) == "staff:alice"
