"""What goes wrong in the night: its cause, its end, and what a page must say meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator import picture
from tests.night.house import House

ROOM, LIVE, DASHBOARD, LATE_ROOM = "control room", "Live now", "dashboard", "control room of the late show"
SHOWN = (ROOM, LIVE, DASHBOARD)
AWS_BAR, OWN_BAR, GREEN_BAR = 60.0, 45.0, 180.0  # seconds
NO_ACCESS = "access_denied"


@dataclass(frozen=True)
class Misfortune:
    """One thing that goes wrong.

    `named`: what each page says, a regular expression. `button`: what it offers or tells to do. `bar`: the
    seconds until the last page is red. `pages`: which of the open ones must be.
    """

    name: str
    title: str
    cause: Callable[[House], None]
    end: Callable[[House], None]
    named: str
    button: str
    bar: float = AWS_BAR
    pages: tuple[str, ...] = SHOWN


def _plug(house: House) -> None:
    house.medialive("plug", id=house.input_ids(house.main)[0])


def _unplug(house: House) -> None:
    house.medialive("unplug", id=house.input_ids(house.main)[0])


def _second_url(house: House) -> None:
    house.medialive("push", url=house.row(house.main, "input_urls")[0][1])


def _other_key(house: House) -> None:
    """The encoder of the main hall has the stream key of the late hall."""
    _unplug(house)
    house.medialive("push", url=house.row(house.late, "input_urls")[0][0])


def _black(house: House) -> None:
    assert "black" in picture.SENT
    house.medialive("show", id=house.input_ids(house.main)[0], picture="black")


def _pattern(house: House) -> None:
    house.medialive("show", id=house.input_ids(house.main)[0], picture="pattern")


def _late_start(house: House) -> None:
    house.late_show = house.begin(house.late, "Late show")


def _refuse_start(house: House) -> None:
    house.faults.append(house.control.fault("medialive:StartChannel", NO_ACCESS, times=None))
    _late_start(house)


def _throttle_start(house: House) -> None:
    house.faults.append(house.control.fault("medialive:StartChannel", "throttle", times=None))
    _late_start(house)


def _quota_start(house: House) -> None:
    error = {
        "code": "TooManyRequestsException",
        "message": "Resource limit exceeded: this account may have 2 running channels in this region.",
        "status": 429,
    }
    house.faults.append(house.control.fault("medialive:StartChannel", "refuse", times=None, error=error))
    _late_start(house)


def _late_goes_on(house: House) -> None:
    for fault in house.faults:
        house.control.clear_faults(fault)
    house.faults.clear()
    house.wait(lambda: house.breakout(house.late_show)["state"] == "running", "the late show is on air", 400)
    house.finish(house.late_show)
    house.wait(lambda: house.channel(house.late)["state"] == "idle", "the late hall is idle")


def _throttle_everything(house: House) -> None:
    house.faults.append(house.control.fault("medialive:*", "throttle", times=None))


def _clear_faults(house: House) -> None:
    for fault in house.faults:
        house.control.clear_faults(fault)
    house.faults.clear()


def _delete_distribution(house: House) -> None:
    house.control.console("cloudfront", "delete", Id=house.distribution(house.main), force=True)


def _disable_distribution(house: House) -> None:
    house.control.console("cloudfront", "disable", Id=house.distribution(house.main))


def _nothing(_house: House) -> None:
    """StreamHub ends it by itself."""


NOTHING_ARRIVES = r"Nothing arrives at the first URL"
LATE = (LIVE, DASHBOARD, LATE_ROOM)
MISFORTUNES = (
    Misfortune("encoder-unplugged", "encoder unplugged", _unplug, _plug, NOTHING_ARRIVES, "encoder"),
    Misfortune("second-url", "encoder pushes to the second URL", _second_url, _plug, NOTHING_ARRIVES, "URL"),
    Misfortune(
        "other-key", "encoder has another channel's key", _other_key, _plug, NOTHING_ARRIVES, "key|URL"
    ),
    Misfortune("black", "encoder sends black", _black, _pattern, r"(?i)black", "encoder|camera|picture"),
    Misfortune(
        "start-refused",
        "start refused: StreamHub lost a permission",
        _refuse_start,
        _late_goes_on,
        r"not authorized to perform: medialive:StartChannel",
        "permission|policy|role",
        pages=LATE,
    ),
    Misfortune(
        "start-quota",
        "start refused by a quota",
        _quota_start,
        _late_goes_on,
        r"Resource limit exceeded",
        "Service Quotas",
        pages=LATE,
    ),
    Misfortune(
        "start-throttled",
        "StartChannel throttled",
        _throttle_start,
        _late_goes_on,
        r"Rate exceeded",
        "(tries|sent) again by itself",
        pages=LATE,
    ),
    Misfortune(
        "distribution-deleted",
        "distribution deleted in the console",
        _delete_distribution,
        _nothing,
        r"(?i)(is gone from CloudFront|does not exist|deleted outside|was deleted)",
        "(?i)StreamHub|URL",
    ),
    Misfortune(
        "distribution-disabled",
        "distribution disabled in the console",
        _disable_distribution,
        _nothing,
        r"(?i)disabled outside",
        "(?i)StreamHub",
    ),
    Misfortune(
        "aws-throttled",
        "MediaLive throttled altogether",
        _throttle_everything,
        _clear_faults,
        r"(?i)MediaLive (cannot|could not) be read|not readable|Rate exceeded",
        "(?i)keeps trying|tries again|health",
        bar=90.0,
    ),
    Misfortune(
        "worker-dead",
        "all workers killed",
        lambda house: house.kill_workers(),
        lambda house: house.start_workers(),
        r"No worker is alive",
        r"(?i)restart the workers",
        OWN_BAR,
    ),
    Misfortune(
        "beat-dead",
        "beat killed",
        lambda house: house.processes.kill("beat"),
        lambda house: house.processes.start_beat(),
        r"Beat is silent",
        r"(?i)restart beat",
        OWN_BAR,
    ),
    Misfortune(
        "broker-away",
        "Redis killed",
        lambda house: house.broker.kill(),
        lambda house: house.broker.start(),
        r"The broker does not answer",
        r"(?i)start redis",
        OWN_BAR,
    ),
)
