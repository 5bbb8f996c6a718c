"""What was created a moment ago is unknown to those that refer to it, for as long as a test sets."""

from __future__ import annotations

import pytest

from emulator.medialive import MediaLive
from emulator.mediapackage import MediaPackage
from tests.emulator.medialive.resources import ROLE, group, pass_time, push_input, refused, settings


def lag(ml: MediaLive, name: str, seconds: float = 60) -> None:
    setattr(ml.world.durations, name, (seconds, seconds))


def package(ml: MediaLive) -> MediaPackage:
    service = ml.world.services["mediapackage"]
    assert isinstance(service, MediaPackage)
    return service


def destination(package_id: str) -> list[dict[str, object]]:
    return [{"Id": "package", "MediaPackageSettings": [{"ChannelId": package_id}]}]


def test_a_new_mediapackage_channel_is_422_in_medialive_for_some_time(ml: MediaLive) -> None:
    lag(ml, "mediapackage_channel_unknown_to_medialive")
    package(ml).create_channel({"Id": "new"})
    key = push_input(ml)["Id"]
    request = settings(key, Destinations=[*destination("new"), *settings(key)["Destinations"][1:]])
    pass_time(ml, 59)
    with refused("UnprocessableEntityException", 422) as caught:
        ml.create_channel(request)
    assert "MediaPackage channel ID is invalid" in caught.value.message
    assert caught.value.illegal is False
    pass_time(ml, 2)
    assert ml.create_channel(request)


def test_a_new_mediapackage_channel_is_404_for_an_endpoint_for_some_time(ml: MediaLive) -> None:
    lag(ml, "mediapackage_channel_unknown_to_endpoints")
    package(ml).create_channel({"Id": "new"})
    request = {"Id": "endpoint", "ChannelId": "new", "HlsPackage": {}}
    with refused("NotFoundException", 404):
        package(ml).create_origin_endpoint(request)
    pass_time(ml, 61)
    assert package(ml).create_origin_endpoint(request)


def test_a_new_input_is_422_for_a_channel_for_some_time(ml: MediaLive) -> None:
    lag(ml, "medialive_input_unknown_to_channels")
    key = push_input(ml)["Id"]
    with refused("UnprocessableEntityException", 422):
        ml.create_channel(settings(key))
    pass_time(ml, 61)
    assert ml.create_channel(settings(key))


def test_a_new_security_group_is_400_for_an_input_for_some_time(ml: MediaLive) -> None:
    lag(ml, "medialive_group_unknown_to_inputs")
    key = group(ml)
    with refused("BadRequestException", 400):
        push_input(ml, InputSecurityGroups=[key])
    pass_time(ml, 61)
    assert push_input(ml, InputSecurityGroups=[key])


def test_a_role_that_is_not_propagated_is_400_for_an_input_too(ml: MediaLive) -> None:
    ml.console("role_not_propagated", {"calls": 1})
    with refused("BadRequestException", 400) as caught:
        push_input(ml, RoleArn=ROLE)
    assert "Please make sure the role exists" in caught.value.message
    assert push_input(ml, RoleArn=ROLE)


@pytest.mark.parametrize("denied", [True, False])
def test_a_missing_permission_to_pass_the_role_is_422(ml: MediaLive, denied: bool) -> None:
    ml.console("deny_pass_role", {"denied": denied})
    key = push_input(ml)["Id"]
    if not denied:
        assert ml.create_channel(settings(key))
        return
    with refused("UnprocessableEntityException", 422) as caught:
        ml.create_channel(settings(key))
    assert "iam:PassRole" in caught.value.message
