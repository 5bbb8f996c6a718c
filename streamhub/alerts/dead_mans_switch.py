"""The dead man's switch: a URL elsewhere that is called only while alarms can be seen and sent.

If StreamHub, its workers, its database or its way to people is down, the calls stop, and the service behind
the URL tells people. So a call must mean that this way works.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from streamhub.alerts.delivery import unsent
from streamhub.alerts.jobs import CHECK_ALARMS
from streamhub.lifecycle.job_health import NOT_WELL, all_jobs
from streamhub.lifecycle.lease import JobRun

TIMEOUT = 5  # seconds
# Notices that wait for longer than this are stuck.
STUCK_AFTER = timedelta(minutes=5)


def call(run: JobRun) -> bool:
    """Call HEARTBEAT_URL if all is well enough. Returns whether it was called and answered."""
    if not settings.HEARTBEAT_URL:
        run.say(_("no HEARTBEAT_URL is set"))
        return False
    reason = not_well_enough()
    if reason:
        run.fall_short(_("not called: %(reason)s") % {"reason": reason})
        return False
    try:
        with urllib.request.urlopen(settings.HEARTBEAT_URL, timeout=TIMEOUT) as answer:  # noqa: S310  checked at the start
            run.say(_("called: %(status)s") % {"status": answer.status})
    except (OSError, ValueError) as error:
        run.fall_short(_("HEARTBEAT_URL did not answer: %(name)s") % {"name": type(error).__name__})
        return False
    return True


def not_well_enough() -> str:
    """Why alarms would not reach people now, or ""."""
    for job in all_jobs():
        if job.name == CHECK_ALARMS.name and job.word in NOT_WELL:
            return _("the job %(name)s is %(word)s") % {"name": job.name, "word": job.word}
    stuck = unsent().filter(created_at__lt=Now() - STUCK_AFTER).count()
    return (
        _("%(stuck)s notices could not be sent for %(seconds)s minutes")
        % {"stuck": stuck, "seconds": STUCK_AFTER.seconds // 60}
        if stuck
        else ""
    )
