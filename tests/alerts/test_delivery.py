"""Notices reach a mail server and an HTTP server, once each; a failure is tried again; the switch follows."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models.functions import Now

from streamhub.alerts import dead_mans_switch, evaluation, outbox
from streamhub.alerts.models import Alarm, Notice
from streamhub.alerts.tasks import call_heartbeat_url, send_notices
from streamhub.lifecycle.models import Job
from tests.alerts.conditions import Conditions
from tests.alerts.targets import EndlessMail, Mailbox, Web
from tests.scenarios.well import all_well

pytestmark = pytest.mark.django_db(transaction=True)


def announce(conditions: Conditions, **fields: Any) -> Alarm:
    """An alarm that has lasted long enough to be announced."""
    conditions.add(**fields)
    evaluation.evaluate()
    Alarm.objects.update(opened_at=Now() - timedelta(minutes=1))
    evaluation.evaluate()
    return Alarm.objects.get()


def resolve(conditions: Conditions) -> None:
    conditions.clear()
    evaluation.evaluate()


def error_of(job: str) -> str:
    return Job.objects.get(name=job).error


def test_mail_says_what_is_wrong_since_when_and_what_to_do(
    conditions: Conditions, mailbox: Mailbox, settings: Any, no_transaction: list[bool]
) -> None:
    settings.CONSOLE_URL = "https://streamhub.example.com"
    alarm = announce(conditions, aws_error="ThrottlingException: Rate exceeded")
    send_notices()
    send_notices()
    (message,) = mailbox.messages
    text = message.get_content()
    assert message["Subject"] == "[StreamHub local] CRITICAL: keynote 1 has been starting for 20 minutes."
    assert message["To"] == "anna@example.com, ben@example.com"
    assert "What to do: Check its channel's error." in text
    assert "The error: ThrottlingException: Rate exceeded" in text
    assert f"https://streamhub.example.com/admin/alerts/alarm/{alarm.pk}/change/" in text
    assert no_transaction == [False]


def test_the_end_is_a_reply_to_the_beginning(conditions: Conditions, mailbox: Mailbox) -> None:
    announce(conditions)
    send_notices()
    resolve(conditions)
    send_notices()
    first, second = mailbox.messages
    assert "resolved: keynote 1" in second["Subject"]
    assert second["In-Reply-To"] == first["Message-ID"]


def test_a_mail_server_that_refuses_gets_it_later_and_the_evaluation_goes_on(
    conditions: Conditions, mailbox: Mailbox
) -> None:
    mailbox.refuses = True
    announce(conditions)
    send_notices()
    notice = Notice.objects.get()
    assert (notice.sent_at, notice.attempts) == (None, 1)
    assert "451" in notice.error
    assert "1 notices could not be sent" in error_of("send_notices")
    send_notices()
    assert Notice.objects.get().attempts == 1, "it waits before the next attempt"
    mailbox.refuses = False
    Notice.objects.update(not_before=Now())
    send_notices()
    assert len(mailbox.messages) == 1
    assert Notice.objects.get().sent_at is not None
    assert error_of("send_notices") == ""


def test_an_apprise_url_gets_it_too_and_its_failure_holds_up_nobody(
    conditions: Conditions, mailbox: Mailbox, web: Web, settings: Any
) -> None:
    settings.ALARM_URLS = ["json://127.0.0.1:1/nobody", f"json://{web.url}/chat"]
    announce(conditions)
    send_notices()
    ((path, body),) = web.requests
    assert path == "/chat"
    assert "keynote 1 has been starting" in body["message"]
    assert len(mailbox.messages) == 1
    waiting = Notice.objects.get(sent_at__isnull=True)
    assert "127.0.0.1:1" not in waiting.error + waiting.target


def test_all_that_waits_for_a_target_that_fails_holds_up_no_other(
    conditions: Conditions, mailbox: Mailbox, web: Web, settings: Any
) -> None:
    settings.ALARM_URLS = [f"json://{web.url}/chat"]
    mailbox.refuses = True
    for number in range(60):
        conditions.add(str(number))
    evaluation.evaluate()
    Alarm.objects.update(opened_at=Now() - timedelta(minutes=1))
    evaluation.evaluate()
    for _run in range(4):
        send_notices()
    told = {body["message"].split(" has been")[0] for _path, body in web.requests}
    assert told == {f"keynote {number}" for number in range(60)}
    assert not Notice.objects.filter(target=outbox.EMAIL, sent_at__isnull=False).exists()


@contextmanager
def soft_limit(seconds: float) -> Iterator[None]:
    """What ends a task that takes too long, as Celery's limit does."""

    def end(*_signal: Any) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_mail_server_that_never_ends_its_answer_holds_up_no_other(
    conditions: Conditions, mailbox: Mailbox, web: Web, settings: Any
) -> None:
    endless = EndlessMail()
    settings.EMAIL_PORT, settings.ALARM_URLS = endless.port, [f"json://{web.url}/chat"]
    announce(conditions)
    with pytest.raises(SoftTimeLimitExceeded), soft_limit(1):
        send_notices()
    with soft_limit(20):
        send_notices()
    assert len(web.requests) == 1
    waiting = Notice.objects.get(sent_at__isnull=True)
    assert (waiting.target, waiting.attempts) == (outbox.EMAIL, 1)
    assert "did not end" in waiting.error
    for number in range(2, 7):
        conditions.add(str(number))
    evaluation.evaluate()
    Alarm.objects.update(opened_at=Now() - timedelta(minutes=1))
    evaluation.evaluate()
    with pytest.raises(SoftTimeLimitExceeded), soft_limit(6):
        send_notices()
    assert len(web.requests) == 6
    endless.server.close()


def test_a_target_that_was_taken_out_is_given_up(conditions: Conditions, web: Web, settings: Any) -> None:
    settings.ALARM_URLS = [f"json://{web.url}/chat"]
    announce(conditions)
    settings.ALARM_URLS = []
    send_notices()
    assert Notice.objects.get().given_up
    assert error_of("send_notices") == ""


def test_an_alarm_of_yesterday_is_not_sent_any_more(conditions: Conditions, mailbox: Mailbox) -> None:
    announce(conditions)
    Notice.objects.update(created_at=Now() - timedelta(hours=25))
    send_notices()
    assert mailbox.messages == []
    assert Notice.objects.get().given_up


# --- the dead man's switch -------------------------------------------------------------------------


@pytest.fixture
def switch(web: Web, settings: Any) -> Web:
    all_well()
    settings.HEARTBEAT_URL = f"http://{web.url}/alive"
    return web


def test_the_url_is_called_while_all_is_well(switch: Web) -> None:
    call_heartbeat_url()
    assert switch.requests == [("/alive", None)]
    assert Job.objects.get(name="call_heartbeat_url").outcome == "called: 200"


def test_the_url_is_not_called_while_alarms_are_not_checked(switch: Web) -> None:
    Job.objects.filter(name="check_alarms").update(finished_at=Now() - timedelta(minutes=5))
    call_heartbeat_url()
    assert switch.requests == []
    assert "check_alarms is overdue" in error_of("call_heartbeat_url")


def test_the_url_is_not_called_while_notices_cannot_be_sent(
    switch: Web, conditions: Conditions, mailbox: Mailbox
) -> None:
    announce(conditions)
    assert dead_mans_switch.not_well_enough() == ""
    Notice.objects.update(created_at=Now() - timedelta(minutes=6))
    call_heartbeat_url()
    assert switch.requests == []


def test_a_url_that_answers_with_an_error_is_said(switch: Web) -> None:
    switch.status = 500
    call_heartbeat_url()
    assert "HEARTBEAT_URL did not answer: HTTPError" in error_of("call_heartbeat_url")


def test_without_a_url_there_is_nothing_to_call(web: Web, settings: Any) -> None:
    settings.HEARTBEAT_URL = ""
    call_heartbeat_url()
    assert (web.requests, error_of("call_heartbeat_url")) == ([], "")
