"""`manage.py demo` (or `make demo`): start all processes, take a tour, then keep serving."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devstack.demo import picture, tour, verdict
from devstack.demo.api import Api, ApiError
from devstack.demo.screen import Screen
from devstack.demo.stack import DemoStack, NoFolder
from devstack.demo.steps import STEPS
from devstack.processes import ProcessFailed
from emulator.control import Control


class Command(BaseCommand):
    help = "Start StreamHub on an embedded AWS, take a tour, then keep serving until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--exit", action="store_true", help="end after the tour, with exit code 0 if every promise held"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        screen = Screen()
        try:
            stack = DemoStack(settings.VAR_DIR)
        except NoFolder as error:
            raise CommandError(str(error)) from error
        held = False
        try:
            held = self._run(stack, screen, keep_serving=not options["exit"])
        except KeyboardInterrupt:
            screen.say()
        except (ProcessFailed, tour.TourFailed, ApiError) as error:
            held = False
            screen.say(f"\nThe demo failed: {error}\nThe logs are in {stack.folder / 'logs'}.")
        finally:
            _stop(stack, screen)
        if not held:
            raise SystemExit(1)

    def _run(self, stack: DemoStack, screen: Screen, *, keep_serving: bool) -> bool:
        """Run the whole demo; returns whether every promise held, also after a later Ctrl-C."""
        _start(stack, screen)
        present_tour = tour.Tour(
            Api(stack.url, stack.token), Control(stack.aws_url), screen, stack.processes.check
        )
        held = _take_tour(present_tour, screen)
        if keep_serving:
            screen.say()
            page = picture.on_air(present_tour)
            screen.say(f"\nSee the picture move: press Play on {stack.url}{page}")
            screen.say(f"User admin, password {stack.password}. Press Ctrl-C to stop everything.")
            _serve(stack)
        return held


def _start(stack: DemoStack, screen: Screen) -> None:
    screen.title("StreamHub starts")
    with screen.step("Start the embedded AWS and broker, create a database and an API token") as step:
        stack.prepare()
        step.result = str(stack.folder)
    with screen.step("Start web, worker and beat") as step:
        stack.start()
        step.result = stack.url
    screen.say(f"\n   Admin      {stack.url}/admin/   user admin, password {stack.password}")
    screen.say(f"   API        {stack.url}/api/v1/docs")
    screen.say(f"   API token  {stack.token}")
    screen.say(f"   AWS        {stack.aws_url}   (embedded; no real account can be reached)")


def _take_tour(present_tour: tour.Tour, screen: Screen) -> bool:
    screen.title("The tour: one channel's life, and a show on it")
    for step in STEPS:
        step(present_tour)
    promises = verdict.verdict(present_tour)
    screen.say()
    screen.show(verdict.calls_of(present_tour.control.counts()))
    screen.show(verdict.table_of(promises))
    return all(promise.held for promise in promises)


def _serve(stack: DemoStack) -> None:
    """Wait for Ctrl-C. Raises ProcessFailed if a process ends by itself."""
    try:
        while True:
            stack.processes.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def _stop(stack: DemoStack, screen: Screen) -> None:
    """Stop all processes. Further signals are ignored, so that a second Ctrl-C leaves no orphans."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with screen.step("Stop all processes"):
        stack.stop()


def _interrupt(*_about: object) -> NoReturn:
    raise KeyboardInterrupt
