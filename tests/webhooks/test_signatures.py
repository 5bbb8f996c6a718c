"""Signatures: the published example of the specification, and receivers' own code, agree with ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from streamhub.access.actors import staff_actor
from streamhub.access.models import AuditEntry
from streamhub.clock import database_now, from_now
from streamhub.webhooks.models import Endpoint
from streamhub.webhooks.services import endpoint_rotate
from streamhub.webhooks.signatures import headers
from tests.scenarios.actors import TESTER
from tests.scenarios.webhook_receiver import Receiver, added, age, event, later, send

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


def verified(secret: str, given: dict[str, str], body: bytes) -> bool:
    """The example of docs/webhooks.md."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    names: dict = {}
    exec(code, names)  # what receivers copy
    return names["verified"](secret, given, body)


def test_the_example_of_standard_webhooks_has_our_signature() -> None:
    """The test vector of the reference libraries."""
    made = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["cloudevents", "standard"])
def test_a_receiver_verifies_what_it_gets_with_the_code_of_the_docs(receiver: Receiver, form: str) -> None:
    """Also what is sent long after it happened, and is not in ASCII."""
    row, secret = added(receiver.url, form)
    about = event(data={"id": "1", "name": "Große Bühne \u2028 \u65e5\u672c"})
    age(type(about), "at", timedelta(days=3))
    send(row)
    ((_path, given, body),) = receiver.requests
    assert verified(secret, given, body)
    assert not verified(secret, given, body + b" ")
    assert not verified(secret, given | {"webhook-id": "evt_other"}, body)
    old = str(int(given["webhook-timestamp"]) - 600)
    assert not verified(secret, given | {"webhook-timestamp": old}, body)


@pytest.mark.django_db
def test_during_a_rotation_both_secrets_verify_and_after_it_the_new_one_alone(receiver: Receiver) -> None:
    row, old = added(receiver.url)
    new = endpoint_rotate(row, who=TESTER, overlap=timedelta(hours=1))
    event()
    send(row)
    Endpoint.objects.update(old_secret_until=from_now(-timedelta(seconds=1)))
    event()
    later()
    send(row)
    (_, first, its_body), (_, second, body) = receiver.requests
    assert verified(old, first, its_body)
    assert verified(new, first, its_body)
    assert verified(new, second, body)
    assert not verified(old, second, body)


@pytest.mark.django_db
def test_secrets_are_sealed_in_the_database_and_hidden_in_the_audit(receiver: Receiver) -> None:
    who = staff_actor(User.objects.create_superuser("anna"))
    row, secret = added(receiver.url, who=who)
    new = endpoint_rotate(row, who=who)
    row.refresh_from_db()
    columns = str({field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    said = str([(entry.before, entry.after, entry.detail) for entry in AuditEntry.objects.all()])
    assert AuditEntry.objects.filter(verb__in=["add_endpoint", "rotate_endpoint"]).count() == 2
    for text in (secret, new, secret.removeprefix("whsec_"), row.signing_secret, row.old_secret):
        assert text not in said
    for text in (secret, new):
        assert text.removeprefix("whsec_") not in columns
    assert Endpoint.objects.filter(old_secret_until__gt=Now()).exists()
    assert row.old_secret_until > database_now()
