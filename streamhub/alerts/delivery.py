"""Sending notices: mail by Django, everything else by apprise. Never inside a database transaction.

The job `send_notices` runs as the only one of its name. A notice that was sent is never sent again; if a
worker dies between sending and noting that, the same message goes out once more, with the same Message-ID.
"""

from __future__ import annotations

import logging
import smtplib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from streamhub.alerts.message import body, subject
from streamhub.alerts.models import Event, Notice
from streamhub.alerts.outbox import EMAIL, digest
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.lease import JobRun

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20
LONGEST_WAIT = 300  # seconds between two attempts
KEPT_FOR = timedelta(hours=24)


class NotSent(Exception):
    """The target did not take the notice. The message holds no secrets of the target."""


@dataclass
class Sent:
    sent: int = 0
    failed: int = 0


def unsent() -> QuerySet[Notice]:
    return Notice.objects.filter(sent_at__isnull=True, given_up=False)


def send_due(run: JobRun) -> Sent:
    """Send what is due, oldest first. After a failure the target is left alone until the next run.

    What waits for a target that fails, however much that is, holds up no other. A target may also take all
    the time of a run, which then ends with it; so those with something that was tried before come last.
    """
    unsent().filter(created_at__lt=Now() - KEPT_FOR).update(given_up=True, error="too old to matter")
    outcome, failing = Sent(), set[str]()
    for _turn in range(MOST_AT_ONCE):
        due = unsent().filter(not_before__lte=Now()).exclude(target__in=failing)
        tried = Exists(unsent().filter(target=OuterRef("target"), attempts__gt=0))
        notice = due.select_related("alarm").order_by(tried, "pk").first()
        if notice is None:
            break
        if _send(notice):
            outcome.sent += 1
        else:
            outcome.failed += 1
            failing.add(notice.target)
        if not run.extend():
            break
    if outcome.failed:
        run.fall_short(f"{outcome.failed} notices could not be sent; StreamHub tries again")
    run.say(f"sent {outcome.sent}, failed {outcome.failed}")
    return outcome


def _send(notice: Notice) -> bool:
    """Send one notice and note the outcome. A target that is no longer configured gives it up."""
    wait = min(10 * 2 ** min(notice.attempts, 10), LONGEST_WAIT)
    # If the run ends with it, this is what is known.
    Notice.objects.filter(pk=notice.pk).update(
        attempts=F("attempts") + 1, not_before=after(wait), error="the attempt did not end"
    )
    try:
        if not _deliver(notice):
            Notice.objects.filter(pk=notice.pk).update(given_up=True, error="the target was taken out")
            return True
    except NotSent as error:
        log.warning("Notice %s of alarm %s was not sent: %s", notice.pk, notice.alarm_id, error)
        Notice.objects.filter(pk=notice.pk).update(error=str(error), not_before=after(wait))
        return False
    Notice.objects.filter(pk=notice.pk).update(sent_at=Now(), error="")
    return True


def _deliver(notice: Notice) -> bool:
    """Give the notice to its target. False: there is no such target any more. Raises `NotSent`."""
    if notice.target == EMAIL:
        return _mail(notice) if settings.ALARM_EMAILS else False
    urls = {digest(url): url for url in (*settings.ALARM_URLS, *settings.ALARM_ESCALATION_URLS)}
    return _apprise(urls[notice.target], notice) if notice.target in urls else False


def _mail(notice: Notice) -> bool:
    alarm = notice.alarm
    thread = f"<alarm-{alarm.uid}@streamhub.invalid>"
    own = f"<alarm-{alarm.uid}-{notice.event}@streamhub.invalid>"
    headers = {"Message-ID": own} if notice.event != Event.OPENED else {"Message-ID": thread}
    if notice.event != Event.OPENED:
        headers |= {"In-Reply-To": thread, "References": thread}
    message = EmailMessage(
        subject(notice), body(notice), settings.ALARM_EMAIL_FROM, settings.ALARM_EMAILS, headers=headers
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"the mail server: {type(error).__name__}: {error}") from error
    return True


def _apprise(url: str, notice: Notice) -> bool:
    import apprise  # takes half a second, and only this job needs it

    kinds = {
        Event.OPENED: apprise.NotifyType.WARNING,
        Event.ESCALATED: apprise.NotifyType.FAILURE,
        Event.RESOLVED: apprise.NotifyType.SUCCESS,
    }
    target = apprise.Apprise()
    if not target.add(url):
        raise NotSent("apprise does not know this kind of URL; correct it in the settings")
    kind = url.partition(":")[0]
    if not target.notify(body(notice), subject(notice), kinds[Event(notice.event)]):
        raise NotSent(f"the target of the {kind} URL did not take it; the log of the worker says why")
    return True
