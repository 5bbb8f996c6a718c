"""`python -m tests.bench.stale_rows N`: stale distributions, on AWS and in the database.

Each is made disabled, as it is when the reaper finds it; the rows are what StreamHub would have written.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

import django

django.setup()

from distributions.driver.marks import spec_of  # noqa: E402
from distributions.driver.observing import facts_of  # noqa: E402
from distributions.models import Desired, Distribution, State  # noqa: E402
from streamhub.aws.cloudfront import CloudFront  # noqa: E402
from streamhub.aws.session import AwsSession  # noqa: E402
from streamhub.aws.target import resolve_target  # noqa: E402
from streamhub.lifecycle.models import Priority, new_uid  # noqa: E402

ORIGIN = "https://origin.example.com/out/v1/index.m3u8"


def main(count: int) -> None:
    cloudfront = CloudFront(AwsSession(resolve_target()))

    def made(number: int) -> Distribution:
        row = Distribution(uid=new_uid(), origin_url=ORIGIN, owner_label=f"stage {number}")
        info = cloudfront.create(replace(spec_of(row), enabled=False))
        row.aws_distribution_id = info.id
        for name, value in facts_of(info).items():
            setattr(row, name, value)
        row.state, row.desired, row.attached = State.DISABLED, Desired.DELETED, False
        row.own_etag, row.priority, row.status = row.etag, Priority.DELETE, "Deployed"
        return row

    with ThreadPoolExecutor(8) as threads:
        Distribution.objects.bulk_create(threads.map(made, range(count)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
