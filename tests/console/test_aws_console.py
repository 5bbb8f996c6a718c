"""Links to AWS's own console."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios import rows


@pytest.mark.django_db
def test_ids_lead_to_awss_console_on_a_live_account_only(superuser: Any, settings: Any) -> None:
    distribution = rows.distribution(aws_distribution_id="E1ABC")
    channel = rows.channel(ml_channel_id="1234567", distribution=distribution)
    page = f"/admin/channels_app/channel/{channel.pk}/change/"
    assert "console.aws.amazon.com" not in superuser.get(page).content.decode()
    settings.STREAMHUB_AWS, settings.AWS_REGION = "live", "eu-north-1"
    shown = superuser.get(page).content.decode()
    assert (
        "https://eu-north-1.console.aws.amazon.com/medialive/home?region=eu-north-1#/channels/1234567"
        in shown
    )
    assert "https://console.aws.amazon.com/cloudfront/v4/home#/distributions/E1ABC" in shown
