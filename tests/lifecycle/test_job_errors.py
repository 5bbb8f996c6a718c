"""AWS errors in periodic jobs: the job's row has the error, and the next run does the work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app import services
from channels_app.models import Channel, SecurityGroup
from channels_app.tasks import release_unused_security_groups
from distributions.models import Distribution
from distributions.services import distribution_detach
from distributions.tasks import delete_stale_distributions
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job, Listing
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

KINDS = ("throttle", "access_denied", "cut_before")


def job_error(name: str) -> str:
    return Job.objects.get(name=name).error


@pytest.mark.parametrize("kind", KINDS)
def test_the_reaper_stores_its_error_and_deletes_in_the_next_run(world: WorldUnderTest, kind: str) -> None:
    services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    distribution_detach(Distribution.objects.get(), who=TESTER)
    world.settle()
    # The last list is too old to trust its ETags, and so are the rows.
    long_ago = database_now() - timedelta(hours=1)
    Listing.objects.update(listed_at=long_ago)
    Distribution.objects.update(observed_at=long_ago)
    world.control.fault("cloudfront:ListDistributions", kind, times=None)
    delete_stale_distributions()
    assert "cloudfront:ListDistributions" in job_error("delete_stale_distributions")
    world.control.clear_faults()
    delete_stale_distributions()
    assert job_error("delete_stale_distributions") == ""
    world.settle()
    assert not Distribution.objects.exists()
    assert Channel.objects.get().state == "idle"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unused_security_group_is_deleted_after_the_fault(world: WorldUnderTest, kind: str) -> None:
    SecurityGroup.objects.create(cidrs="203.0.113.7/32", create_sent_at=timezone.now())
    world.control.fault("medialive:ListInputSecurityGroups", kind, times=None)
    release_unused_security_groups()
    assert job_error("release_unused_security_groups") == ""
    world.step_all()
    assert SecurityGroup.objects.get().error_code
    world.control.clear_faults()
    world.settle()
    assert not SecurityGroup.objects.exists()
