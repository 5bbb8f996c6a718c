"""Look whether the response headers policy lets the pages of PLAYBACK_ORIGINS play with cookies.

The policy is the house's: StreamHub reads it and says what it lacks.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models.functions import Now

from distributions.models import HeadersPolicy
from streamhub.aws.response_headers import cors_policy
from streamhub.aws.session import current_session
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun


def observe(run: JobRun) -> None:
    """A part of the keys' job: one call, if origins are set. What could not be read is said on the row."""
    id, origins = settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID, settings.PLAYBACK_ORIGINS
    HeadersPolicy.objects.exclude(policy_id=id).delete()
    if not origins:
        return
    row = HeadersPolicy.objects.get_or_create(policy_id=id)[0]
    try:
        problem = problem_now(id, origins)
    except AwsError as error:
        HeadersPolicy.objects.filter(pk=row.pk).update(read_problem=str(error))
        run.fall_short(str(error))
        return
    HeadersPolicy.objects.filter(pk=row.pk).update(problem=problem, read_problem="", observed_at=Now())
    if problem:
        run.say(f"response headers policy {id}: {problem}")


def problem_now(id: str, origins: list[str]) -> str:
    """Why pages of these origins cannot play with cookies, in a sentence; "": they can. Raises AwsError."""
    policy = cors_policy(current_session(), id)
    return "CloudFront has no such policy." if policy is None else policy.problem_with(origins)
