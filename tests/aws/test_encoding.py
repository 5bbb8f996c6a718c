"""The encoding profiles, and MediaLive's settings for them."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.validate import ParamValidator

from channels_app.profiles import BILLED_PROFILES, PROFILE_OUTPUTS
from streamhub.aws.encoding import PROFILES, EncodingProfile, encoder_settings

EVERY = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


@EVERY
@pytest.mark.parametrize("archive", [False, True])
def test_botocores_model_accepts_the_settings(profile: EncodingProfile, archive: bool) -> None:
    model = botocore.session.get_session().get_service_model("medialive")
    report = ParamValidator().validate(encoder_settings(profile, archive), model.shape_for("EncoderSettings"))
    assert not report.has_errors(), report.generate_report()


def test_services_and_forms_have_the_same_profiles_and_outputs() -> None:
    assert {name: len(profile.rungs) for name, profile in PROFILES.items()} == PROFILE_OUTPUTS


@EVERY
def test_what_is_billed_of_a_profile_is_what_is_sent(profile: EncodingProfile) -> None:
    billed = BILLED_PROFILES[profile.name]
    assert billed.outputs == tuple((rung.height, rung.max_bitrate) for rung in profile.rungs)
    assert billed.frames == profile.frames_per_second
    assert f"MAX_{billed.input_mbits}_MBPS" == profile.input_bitrate
    sound = profile.audio.bitrate * len(profile.rungs)
    assert billed.bits_a_second == sum(rung.max_bitrate for rung in profile.rungs) + sound


def test_the_default_ladder() -> None:
    assert [rung.height for rung in PROFILES["1080p"].rungs] == [1080, 720, 480, 240]


@EVERY
def test_rungs_descend_and_have_even_sizes(profile: EncodingProfile) -> None:
    heights = [rung.height for rung in profile.rungs]
    bitrates = [rung.max_bitrate for rung in profile.rungs]
    assert heights == sorted(heights, reverse=True)
    assert bitrates == sorted(bitrates, reverse=True)
    assert all(rung.width % 2 == 0 and rung.height % 2 == 0 for rung in profile.rungs)


@EVERY
def test_keyframes_are_at_the_same_places_in_all_rungs(profile: EncodingProfile) -> None:
    for video in encoder_settings(profile, archive=False)["VideoDescriptions"]:
        h264 = video["CodecSettings"]["H264Settings"]
        assert (h264["GopSize"], h264["GopSizeUnits"], h264["SceneChangeDetect"]) == (
            2.0,
            "SECONDS",
            "DISABLED",
        )


@EVERY
def test_all_rungs_have_the_profiles_frame_rate_or_that_of_the_source(profile: EncodingProfile) -> None:
    wanted: dict[str, object] = {"FramerateControl": "INITIALIZE_FROM_SOURCE"}
    if frames := profile.frames_per_second:
        wanted = {
            "FramerateControl": "SPECIFIED",
            "FramerateNumerator": frames,
            "FramerateDenominator": 1,
        }
    for video in encoder_settings(profile, archive=False)["VideoDescriptions"]:
        h264 = video["CodecSettings"]["H264Settings"]
        assert {name: value for name, value in h264.items() if name.startswith("Framerate")} == wanted


def test_the_frame_rates_of_the_names() -> None:
    named = {name: profile.frames_per_second for name, profile in PROFILES.items()}
    assert named["1080p"] is None
    assert [named[f"720p{frames}"] for frames in (25, 30, 50, 60)] == [25, 30, 50, 60]


def test_fast_profiles_have_more_bits_and_a_larger_input() -> None:
    assert PROFILES["1080p60"].rungs[0].max_bitrate == PROFILES["1080p30"].rungs[0].max_bitrate * 3 // 2
    classes = {name: profile.input_bitrate for name, profile in PROFILES.items()}
    assert {name for name, most in classes.items() if most == "MAX_10_MBPS"} == {
        "720p",
        "480p",
        "720p25",
        "720p30",
    }


@EVERY
@pytest.mark.parametrize("archive", [False, True])
def test_outputs_use_every_description_and_only_those(profile: EncodingProfile, archive: bool) -> None:
    settings = encoder_settings(profile, archive)
    outputs = [output for group in settings["OutputGroups"] for output in group["Outputs"]]
    assert {output["VideoDescriptionName"] for output in outputs} == {
        each["Name"] for each in settings["VideoDescriptions"]
    }
    assert {name for output in outputs for name in output["AudioDescriptionNames"]} == {
        each["Name"] for each in settings["AudioDescriptions"]
    }
    assert len({output["OutputName"] for output in outputs}) == len(outputs)


@EVERY
def test_a_recording_shares_the_best_rungs_encode(profile: EncodingProfile) -> None:
    plain, archived = encoder_settings(profile, archive=False), encoder_settings(profile, archive=True)
    assert archived["VideoDescriptions"] == plain["VideoDescriptions"]
    assert len(archived["OutputGroups"]) == len(plain["OutputGroups"]) + 1
    (output,) = archived["OutputGroups"][-1]["Outputs"]
    assert output["VideoDescriptionName"] == plain["VideoDescriptions"][0]["Name"]
    assert "M2tsSettings" in output["OutputSettings"]["ArchiveOutputSettings"]["ContainerSettings"]


@EVERY
def test_audio_is_aac_at_48_khz(profile: EncodingProfile) -> None:
    for audio in encoder_settings(profile, archive=False)["AudioDescriptions"]:
        assert audio["CodecSettings"]["AacSettings"]["SampleRate"] == 48_000
