"""Whether MediaLive can write recordings, asked of AWS without writing anything.

The bucket is listed by one key (ListObjectsV2: it exists, and StreamHub can read recordings), and IAM
simulates `s3:PutObject` for MediaLive's role. The simulation does not know the bucket's own policy, so a
bucket that refuses the role shows only when a show is over, as an error of its recordings.
"""

from __future__ import annotations

from django.conf import settings

from channels_app.models import Channel, RecordingBucket
from channels_app.models.channel import Desired
from streamhub.aws.iam import ALLOWED, Iam
from streamhub.aws.s3 import S3
from streamhub.aws.session import AwsSession, current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError, NotFound, NotSent, Refused
from streamhub.lifecycle.lease import JobRun

ACTION = "s3:PutObject"
Finding = tuple[bool | None, str]


def check_recording_bucket(run: JobRun) -> None:
    """One run. Makes no call while no channel records or no bucket is set."""
    name = settings.RECORDING_BUCKET
    if not name or not Channel.objects.filter(record=True).exclude(desired=Desired.DELETED).exists():
        run.say("no channel records")
        return
    writable, detail = found(current_session(), name, settings.MEDIALIVE_ROLE_ARN)
    values = {"writable": writable, "detail": detail, "checked_at": database_now()}
    RecordingBucket.objects.update_or_create(name=name, defaults=values)
    run.say(detail)


def found(session: AwsSession, name: str, role: str) -> Finding:
    """Whether the role can write to the bucket (None: could not be read), and a sentence with the fix."""
    try:
        S3(session).readable(name)
    except NotFound:
        return False, f"There is no bucket {name}. Create it, or correct RECORDING_BUCKET."
    except (AwsError, NotSent) as error:
        return None, f"The bucket {name} could not be read: {error}"
    if not role:
        return False, "MEDIALIVE_ROLE_ARN is not set, so MediaLive has no role to write with."
    try:
        decision = Iam(session).simulated(role, ACTION, f"arn:aws:s3:::{name}/*").decision
    except Refused as error:
        return False, f"IAM does not know MediaLive's role {role}: {error}. Correct MEDIALIVE_ROLE_ARN."
    except (AwsError, NotSent) as error:
        return None, f"Whether MediaLive may write to {name} could not be read: {error}"
    if decision == ALLOWED:
        return True, f"MediaLive's role may write to {name}."
    how = "a policy denies it" if decision == "explicitDeny" else "no policy allows it"
    return False, f"MediaLive's role {role} may not write to {name} ({ACTION}): {how}. Correct its policy."
