"""`manage.py demo` (or `make demo`): all processes on this machine, a tour, then yours to try."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devstack.demo import tour, verdict
from devstack.demo.api import Api, ApiError
from devstack.demo.screen import Screen
from devstack.demo.stack import DemoStack, NoFolder
from devstack.demo.steps import STEPS
from devstack.processes import ProcessFailed
from emulator.control import Control


class Command(BaseCommand):
    help = "Start StreamHub on an embedded AWS, take a tour, keep serving until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exit", action="store_true", help="end after the tour; exit code 0 if all held")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        screen = Screen()
        try:
            house = DemoStack(settings.VAR_DIR)
        except NoFolder as error:
            raise CommandError(str(error)) from error
        held = False
        try:
            held = self._run(house, screen, keep_serving=not options["exit"])
        except KeyboardInterrupt:
            screen.say()
        except (ProcessFailed, tour.TourFailed, ApiError) as error:
            held = False
            screen.say(f"\nThe demo failed: {error}\nThe logs are in {house.folder / 'logs'}.")
        finally:
            _stop(house, screen)
        if not held:
            raise SystemExit(1)

    def _run(self, house: DemoStack, screen: Screen, *, keep_serving: bool) -> bool:
        """The whole demo; whether every promise held (a Ctrl-C after the tour takes nothing back)."""
        _bring_up(house, screen)
        held = _take_tour(house, screen)
        if keep_serving:
            screen.say(
                f"\nStill serving {house.url}/admin/ (admin, {house.password}). Ctrl-C stops everything."
            )
            _serve(house)
        return held


def _bring_up(house: DemoStack, screen: Screen) -> None:
    screen.title("StreamHub starts")
    with screen.step("Embedded AWS and broker, a fresh database, an API token") as step:
        house.prepare()
        step.result = str(house.folder)
    with screen.step("Web, worker, beat") as step:
        house.start()
        step.result = house.url
    screen.say(f"\n   Admin      {house.url}/admin/   user admin, password {house.password}")
    screen.say(f"   API        {house.url}/api/v1/docs")
    screen.say(f"   API token  {house.token}")
    screen.say(f"   AWS        {house.aws_url}   (embedded; no real account can be reached)")


def _take_tour(house: DemoStack, screen: Screen) -> bool:
    api, control = Api(house.url, house.token), Control(house.aws_url)
    on_tour = tour.Tour(api, control, screen, house.processes.check)
    screen.title("The tour: one channel's life, and a show on it")
    for step in STEPS:
        step(on_tour)
    lines = verdict.verdict(on_tour)
    screen.say()
    screen.show(verdict.calls_of(control.counts()))
    screen.show(verdict.table_of(lines))
    return all(line.held for line in lines)


def _serve(house: DemoStack) -> None:
    """Until somebody interrupts; raises ProcessFailed if a process ends by itself."""
    try:
        while True:
            house.processes.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def _stop(house: DemoStack, screen: Screen) -> None:
    """In order, and without being interrupted: an impatient second Ctrl-C leaves no orphans."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with screen.step("Every process is stopped"):
        house.stop()


def _interrupt(*_about: object) -> NoReturn:
    raise KeyboardInterrupt
