"""The bad night: `python -m tests.night.run [NAME ...]`. Figures and screenshots go to `var/night`."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.night import on_air
from tests.night.house import House, open_house
from tests.night.misfortunes import GREEN_BAR, LATE_ROOM, MISFORTUNES, Misfortune
from tests.night.pages import Desk, desk

FOLDER = Path(__file__).parents[2] / "var" / "night"
GIVEN_UP = 150.0  # seconds, after which a page is taken for never red
OTHER_EYES = ("encoder-unplugged", "worker-dead", "aws-throttled")


@dataclass
class Played:
    """One misfortune as it went: seconds until each page was red, and until it was green after the end."""

    name: str
    title: str
    bar: float
    red: dict[str, float] = field(default_factory=dict)
    green: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    known = {each.name: each for each in MISFORTUNES}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}, picture (all)")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in (*known, on_air.NAME)]:
        parser.error(f"There is no misfortune {unknown[0]}.")
    chosen = [each for each in MISFORTUNES if not names or each.name in names]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with open_house(FOLDER / "processes") as house, desk(house.processes.web_url, FOLDER) as pages:
        pages.open("control room", room(house.show))
        pages.open("Live now", "/admin/live/")
        pages.open("dashboard", "/admin/")
        played = [play(each, house, pages) for each in chosen]
        seen = on_air.play(house, pages) if not names or on_air.NAME in names else []
    write(played, seen)
    wrong = [sentence for each in played for sentence in each.wrong]
    wrong += [f"{each.what}: {each.picture}" for each in seen if not each.as_it_should]
    print((FOLDER / "report.md").read_text())
    print(f"{len(wrong)} wrong" + "".join(f"\n  {sentence}" for sentence in wrong))
    return 1 if wrong else 0


def room(breakout: str) -> str:
    return f"/admin/channels_app/breakout/{breakout}/control/"


def play(misfortune: Misfortune, house: House, pages: Desk) -> Played:
    """Cause it, wait until each page says so, end it, and wait until none does."""
    played = Played(misfortune.name, misfortune.title, misfortune.bar)
    shown = [name for name in misfortune.pages if name != LATE_ROOM]
    for name in shown:
        if re.search(misfortune.named, pages.says(name)):
            played.wrong.append(f"{misfortune.name}: {name} is red before")
        pages.shoot(name, f"{misfortune.name}-{_file(name)}-before")
    began = time.monotonic()
    misfortune.cause(house)
    if LATE_ROOM in misfortune.pages:
        pages.open(LATE_ROOM, room(house.late_show))
    played.red = until(
        lambda name: bool(re.search(misfortune.named, pages.says(name))), misfortune.pages, began
    )
    for name in misfortune.pages:
        if name not in played.red:
            played.wrong.append(f"{misfortune.name}: {name} was never red")
        elif played.red[name] > misfortune.bar:
            played.wrong.append(f"{misfortune.name}: {name} was red after {played.red[name]:.0f} s")
        elif not re.search(misfortune.button, pages.says(name)):
            played.wrong.append(f"{misfortune.name}: {name} does not say what to do")
        pages.shoot(name, f"{misfortune.name}-{_file(name)}-after")
        if misfortune.name in OTHER_EYES:
            pages.shoot_other_eyes(name, f"{misfortune.name}-{_file(name)}-after")
    began = time.monotonic()
    misfortune.end(house)
    played.green = until(
        lambda name: not re.search(misfortune.named, pages.says(name)), misfortune.pages, began, GREEN_BAR
    )
    for name in misfortune.pages:
        if name not in played.green:
            played.wrong.append(f"{misfortune.name}: {name} was not green again within {GREEN_BAR:.0f} s")
            pages.shoot(name, f"{misfortune.name}-{_file(name)}-still")
    print(f"{misfortune.name}: red {_row(played.red)}; green {_row(played.green)}", flush=True)
    return played


def until(
    true: Callable[[str], bool], names: tuple[str, ...], began: float, given_up: float = GIVEN_UP
) -> dict[str, float]:
    """The seconds since `began` until it was true of each name; a name of which it never was is left out."""
    found: dict[str, float] = {}
    while len(found) < len(names) and time.monotonic() - began < given_up:
        for name in names:
            if name not in found and true(name):
                found[name] = round(time.monotonic() - began, 1)
        time.sleep(0.2)
    return found


def write(played: list[Played], seen: list[on_air.Seen]) -> None:
    """`report.json` and `report.md`."""
    report = {"misfortunes": [asdict(each) for each in played], "pictures": [asdict(each) for each in seen]}
    (FOLDER / "report.json").write_text(json.dumps(report, indent=1))
    lines = ["| misfortune | red after | bar | green again after |", "|---|---|---|---|"]
    lines += [
        f"| {each.title} | {_row(each.red)} | {each.bar:.0f} s | {_row(each.green)} |" for each in played
    ]
    lines += ["", "| what happens | the picture | after |", "|---|---|---|"] if seen else []
    lines += [f"| {each.what} | {each.picture} | {each.seconds:.0f} s |" for each in seen]
    (FOLDER / "report.md").write_text("\n".join(lines) + "\n")


def _row(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()) or "never"


def _file(name: str) -> str:
    return name.lower().replace(" ", "-")


if __name__ == "__main__":
    raise SystemExit(main())
