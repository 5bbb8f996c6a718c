"""Every form of the admin, filled in with nothing and with junk: all problems at once, nothing is lost."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streamhub.console.forms import ConsoleForm
from tests.console import filling_in
from tests.scenarios.one_of_everything import OneOfEverything

pytestmark = pytest.mark.django_db


def test_every_form_of_the_console_says_all_its_problems_at_once_and_keeps_what_was_typed() -> None:
    OneOfEverything()
    faults: list[str] = []
    for found in filling_in.console_forms():
        unbound = found.make(None)
        choices = filling_in.choices_that_decide(unbound)
        tries = [(filling_in.junk(unbound, **each), filling_in.refused(unbound, each)) for each in choices]
        for sent, wanted in [({}, filling_in.required(unbound)), *tries]:
            form = found.make(sent)
            assert isinstance(form, ConsoleForm)
            form.is_valid()
            texts = "".join(str(form[name]) for name in filling_in.typed_into(form))
            faults += filling_in.faults(found.name, form, sent, texts, wanted)
    assert faults == [], "\n".join(sorted(set(faults)))


def test_every_form_of_django_says_all_its_problems_at_once_and_keeps_what_was_typed(
    superuser: Client,
) -> None:
    OneOfEverything()
    faults: list[str] = []
    for name, url, kind, row in filling_in.pages_of_django(User.objects.get(username="superuser")):
        unbound = kind(instance=row) if row else kind()
        sent = filling_in.junk(unbound)
        answer = superuser.post(url, sent)
        assert answer.status_code == 200, (name, answer.status_code)
        form = answer.context["adminform"].form
        faults += filling_in.faults(
            name, form, sent, answer.content.decode(), filling_in.refused(unbound, {})
        )
    assert faults == [], "\n".join(sorted(set(faults)))
