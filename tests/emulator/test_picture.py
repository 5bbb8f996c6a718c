"""The picture that players get: playlists that move with the clock, and segments that can be decoded."""

from __future__ import annotations

import re
import time
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import pytest

import emulator
from emulator import picture
from emulator.hls import Change, Feed, Packager, Rendition
from emulator.server import Handle
from tests.emulator.clients import ClientFactory

from .stack import Stack, make_stack

HD = Rendition("1080p", 5_128_000, 1920, 1080)
FOLDER = Path(emulator.__file__).parent / "picture"
START = 1_700_000_016.0  # a loop begins then
assert START % picture.LOOP_SECONDS == 0


@pytest.fixture
def stack(aws: Handle, client: ClientFactory) -> Stack:
    stack = make_stack(aws, client)
    stack.start()
    return stack


def packager(changes: list[tuple[float, str]], seconds: int = 6, window: int = 60) -> Packager:
    hls = {
        "SegmentDurationSeconds": seconds,
        "PlaylistWindowSeconds": window,
        "ProgramDateTimeIntervalSeconds": 60,
    }
    return Packager(Feed([Change(*change) for change in changes], [HD]), "index", hls)


def playlist(packager: Packager, now: float) -> str:
    file = packager.file("index_1.m3u8", now)
    assert file is not None
    return file.body.decode()


def tag(text: str, name: str) -> int:
    match = re.search(rf"#EXT-X-{name}:(\d+)", text)
    assert match
    return int(match[1])


def segments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.endswith(".ts")]


def discontinuities(text: str) -> list[int]:
    """The places in the list of segments that a discontinuity precedes."""
    found, place = [], 0
    for line in text.splitlines():
        if line == "#EXT-X-DISCONTINUITY":
            found.append(place)
        place += line.endswith(".ts")
    return found


# -- over HTTP, as a player


def test_a_player_finds_its_way_from_the_url_to_a_segment(stack: Stack) -> None:
    control = stack.aws.control
    status, master = control.play(stack.url)
    assert status == 200
    assert 'NAME="1080p"' in master
    assert "RESOLUTION=1920x1080" in master
    variants = [line for line in master.splitlines() if not line.startswith("#")]
    assert variants == [f"index_{number}.m3u8" for number in range(1, 5)]
    status, listed = control.play(urljoin(stack.url, variants[0]))
    assert status == 200
    for name in segments(listed):
        status, content = control.fetch(urljoin(stack.url, name))
        assert (status, content[:1], len(content) % 188) == (200, b"\x47", 0)


def test_the_playlist_moves_with_the_clock(stack: Stack) -> None:
    url = urljoin(stack.url, "index_1.m3u8")
    before = stack.aws.control.play(url)[1]
    stack.aws.world.clock._now = lambda: time.time() + 120
    after = stack.aws.control.play(url)[1]
    assert tag(after, "MEDIA-SEQUENCE") > tag(before, "MEDIA-SEQUENCE")
    assert not set(segments(before)) & set(segments(after))


def test_there_is_nothing_before_the_start_and_after_the_stop(aws: Handle, client: ClientFactory) -> None:
    stack = make_stack(aws, client)
    urls = [urljoin(stack.url, name) for name in ("index.m3u8", "index_1.m3u8")]
    assert [aws.control.play(url)[0] for url in urls] == [404, 404]
    aws.control.advance(100)  # the edges forget the errors
    stack.start()
    assert [aws.control.play(url)[0] for url in urls] == [200, 200]
    urls.append(urljoin(stack.url, segments(aws.control.play(urls[1])[1])[-1]))
    stack.stop()
    assert [aws.control.play(url)[0] for url in urls] == [404, 404, 404]


@pytest.mark.parametrize(
    "name",
    ["other.m3u8", "index_0.m3u8", "index_5.m3u8", "index_1.ts", "_1.m3u8", "index_1_1.m3u8", "index_1_1.ts"],
)
def test_what_is_not_listed_is_not_found(stack: Stack, name: str) -> None:
    assert stack.aws.control.play(urljoin(stack.url, name))[0] == 404


def test_what_players_get_is_counted_by_cloudfront_and_mediapackage(stack: Stack) -> None:
    control = stack.aws.control
    files = [stack.url, urljoin(stack.url, "index_1.m3u8"), urljoin(stack.url, "none.ts")]
    sizes = [len(control.fetch(url)[1]) for url in files]
    truth = control.truth(stack.distribution_id)
    assert (truth["bytes"], truth["requests"]) == (sum(sizes), 3)
    control.fetch(stack.endpoint_url)
    assert control.truth(stack.distribution_id) == truth  # past CloudFront
    egress = stack.aws.run(
        lambda: stack.aws.world.services["cloudwatch"].traffic.of("AWS/MediaPackage", "main").total()[1]  # type: ignore[attr-defined]
    )
    assert egress == 2 * sizes[0] + sizes[1]


def test_a_browser_names_the_host_in_the_path(stack: Stack) -> None:
    host_and_path = stack.url.removeprefix("https://")
    aws = stack.aws
    with urllib.request.urlopen(f"{aws.url}/_players/{host_and_path}") as answer:
        assert answer.read() == aws.control.fetch(stack.url)[1]


# -- the playlist


def test_the_window_holds_a_minute_of_whole_segments() -> None:
    text = playlist(packager([(START, "pattern")]), START + 600)
    assert tag(text, "TARGETDURATION") == 6
    assert re.findall(r"#EXTINF:([\d.]+),", text) == ["6.000"] * 10


def test_a_new_playlist_has_three_segments_and_grows() -> None:
    package = packager([(START, "pattern")])
    assert [len(segments(playlist(package, START + age))) for age in (0, 5, 6, 12, 200)] == [3, 3, 4, 5, 10]


def test_a_segment_is_listed_once_it_is_complete_and_stays_for_a_while() -> None:
    package = packager([(START, "pattern")])
    name = segments(playlist(package, START + 6))[-1]
    assert package.file(name, START + 5.9) is None
    assert name not in playlist(package, START + 5.9)
    assert package.file(name, START + 60) is not None
    assert name not in playlist(package, START + 90)
    assert package.file(name, START + 90) is not None
    assert package.file(name, START + 180) is None


def test_a_segment_never_changes() -> None:
    package = packager([(START, "pattern"), (START + 30, "black")])
    name = segments(playlist(package, START + 24))[-1]
    first, later = package.file(name, START + 24), package.file(name, START + 60)
    assert first == later
    assert first is not None


@pytest.mark.parametrize(("seconds", "lengths"), [(1, {2}), (4, {4}), (6, {6}), (10, {10, 4}), (30, {24})])
def test_segments_are_whole_pieces_and_end_with_the_loop(seconds: int, lengths: set[int]) -> None:
    text = playlist(packager([(START, "pattern")], seconds), START + 600)
    assert {int(float(length)) for length in re.findall(r"#EXTINF:([\d.]+),", text)} == lengths


def test_the_content_of_a_loop_is_all_of_it() -> None:
    package = packager([(START, "pattern")], seconds=10)
    names = segments(playlist(package, START + 48))[-3:]
    parts = [package.file(name, START + 48) for name in names]
    assert b"".join(part.body for part in parts if part) == (FOLDER / "pattern.ts").read_bytes()


# -- discontinuities


def test_the_timestamps_begin_again_with_each_loop() -> None:
    package = packager([(START, "pattern")])
    text = playlist(package, START + 600)
    assert discontinuities(text) == [2, 6]  # a loop has four segments
    first = int(segments(text)[0].split("_")[2].partition(".")[0])
    assert (first + 2) % 4 == 0


def test_the_discontinuity_sequence_counts_what_has_left_the_playlist() -> None:
    package = packager([(START, "pattern"), (START + 33, "black"), (START + 63, "pattern")])
    known: dict[str, int] = {}
    for age in range(0, 240):
        text = playlist(package, START + age)
        places, number = discontinuities(text), tag(text, "DISCONTINUITY-SEQUENCE")
        for place, name in enumerate(segments(text)):
            number += place in places
            assert known.setdefault(name, number) == number, (age, name)
    assert sorted(set(known.values())) == list(range(max(known.values()) + 1))


def test_without_an_input_the_picture_is_black_from_the_next_segment_on() -> None:
    package = packager([(START, "pattern"), (START + 33, "black"), (START + 63, "pattern")])
    text = playlist(package, START + 84)
    bodies = [package.file(name, START + 84) for name in segments(text)]
    pattern = (FOLDER / "pattern.ts").read_bytes()
    seen = ["picture" if body and body.body in pattern else "black" for body in bodies]
    # 24 to 36, then black to 66, then picture to 84
    assert seen == ["picture"] * 2 + ["black"] * 5 + ["picture"] * 3
    assert discontinuities(text) == [0, 2, 4, 7, 8]


def test_a_loss_at_the_border_of_two_segments_is_a_discontinuity_too() -> None:
    text = playlist(packager([(START, "pattern"), (START + 36, "black")]), START + 48)
    # A loop begins at 24, black at 36.
    starts = [START + 48 - 6 * (len(segments(text)) - place) for place in discontinuities(text)]
    assert starts[-2:] == [START + 24, START + 36]


def test_a_run_without_an_input_is_black_from_its_start() -> None:
    package = packager([(START, "black")])
    file = package.file(segments(playlist(package, START))[0], START)
    assert file is not None
    assert file.body in (FOLDER / "black.ts").read_bytes()


# -- the material

LOOPS = [picture.named(name) for name in picture.LOOPS]


def test_the_files_are_small_and_whole() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= 1_000_000
    for loop in LOOPS:
        assert len(loop.pieces) * picture.PIECE_SECONDS == picture.LOOP_SECONDS
        assert all(still[:3] == b"\xff\xd8\xff" for still in loop.stills)
    assert len(picture.pattern().stills) == len(picture.pattern().pieces)


def test_every_piece_begins_with_a_keyframe_of_the_codec_that_playlists_name() -> None:
    for loop in LOOPS:
        for piece in loop.pieces:
            at = piece.index(b"\x00\x00\x01\x67")  # a sequence parameter set: profile, constraints, level
            assert picture.CODECS.startswith("avc1." + piece[at + 4 : at + 7].hex().upper())
            assert b"\x00\x00\x01\x65" in piece  # an IDR picture
