"""When a request is whole, and who waits in a lane."""

from __future__ import annotations

import pytest

from streamhub.arrivals import MOST_BYTES, Arrival, Lane, arrival

FORM = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HT", Arrival.COMING),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", Arrival.COMING),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Arrival.WHOLE),
        (FORM, Arrival.COMING),
        (FORM + b"abc", Arrival.COMING),
        (FORM + b"abcd", Arrival.WHOLE),
        (FORM + b"abcdGET / HT", Arrival.WHOLE),
        (FORM.replace(b"Content-Length: 4", b"content-length:4 "), Arrival.COMING),
        (FORM.replace(b" 4\r\n", b" 99999\r\n"), Arrival.LARGE),
        (FORM.replace(b" 4\r\n", b" 4\r\nExpect: 100-continue\r\n"), Arrival.LARGE),
        (FORM.replace(b" 4\r\n", b" 4\r\nExpect: 100-continue\r\n") + b"abcd", Arrival.WHOLE),
        (FORM.replace(b" 4\r\n", b" many\r\n"), Arrival.WHOLE),
        (FORM.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"), Arrival.WHOLE),
        (FORM.replace(b"Host: x", b"X-Content-Length: 9"), Arrival.COMING),
        (b"x" * (MOST_BYTES - 1), Arrival.COMING),
        (b"x" * MOST_BYTES, Arrival.LARGE),
    ],
)
def test_how_much_has_come(data: bytes, expected: Arrival) -> None:
    assert arrival(data) == expected


def test_a_lane_lets_in_as_many_as_it_may_and_then_in_order() -> None:
    lane = Lane[str](2)
    assert [lane.enter(name) for name in "abcd"] == [True, True, False, False]
    assert lane.leave("a") == "c"
    assert lane.leave("b") == "d"
    assert lane.leave("c") is None
    assert lane.enter("e")
    assert not lane.enter("f")


def test_who_is_not_in_a_lane_leaves_no_place() -> None:
    lane = Lane[str](1)
    assert lane.enter("a")
    assert not lane.enter("b")
    assert lane.leave("b") is None
    assert lane.leave("x") is None
    assert lane.leave("a") == "b"


def test_who_gave_up_is_not_let_in() -> None:
    lane = Lane[str](1)
    assert lane.enter("a")
    assert not lane.enter("b")
    assert lane.give_up("b")
    assert not lane.give_up("a")
    assert lane.leave("a") is None
