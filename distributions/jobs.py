"""The periodic jobs of distributions."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

DELETE_STALE_DISTRIBUTIONS = PeriodicJob(
    "delete_stale_distributions",
    TaskName.DELETE_STALE_DISTRIBUTIONS,
    lambda: settings.REAPER_SECONDS,
    purpose=_("delete stale distributions from AWS and from the database"),
    lease_seconds=180,
)
OBSERVE_MEDIAMANAGER = PeriodicJob(
    "observe_mediamanager",
    TaskName.OBSERVE_MEDIAMANAGER,
    lambda: settings.FULL_OBSERVE_SECONDS,
    purpose=_("check the MediaManager distribution"),
)
WATCH_ROTATION = PeriodicJob(
    "watch_rotation",
    TaskName.WATCH_ROTATION,
    lambda: settings.FULL_OBSERVE_SECONDS,
    purpose=_("notice a rotation of the secret of closed origins"),
)

OBSERVE_VIEWER_KEYS = PeriodicJob(
    "observe_viewer_keys",
    TaskName.OBSERVE_VIEWER_KEYS,
    lambda: settings.FULL_OBSERVE_SECONDS,
    purpose=_("check the keys that sign for viewers, and the policy for pages with cookies"),
)

PERIODIC_JOBS = (DELETE_STALE_DISTRIBUTIONS, OBSERVE_MEDIAMANAGER, OBSERVE_VIEWER_KEYS, WATCH_ROTATION)
