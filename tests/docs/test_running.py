"""Every documented way to run has a supervisor, and the page about it names what there is."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.packages import ROOT

PAGE = (ROOT / "docs" / "running.md").read_text()
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def test_there_is_a_unit_for_web_workers_and_beat() -> None:
    assert [path.name for path in UNITS] == [
        "streamhub-beat.service",
        "streamhub-urgent.service",
        "streamhub-web.service",
        "streamhub-worker@.service",
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_starts_each_process_again_for_ever(path: Path) -> None:
    parsed = unit(path)
    assert parsed["Service"]["Restart"] == "always"
    assert parsed["Unit"]["StartLimitIntervalSec"] == "0"
    assert parsed["Service"]["RestartPreventExitStatus"] == "4", "a settings mistake"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_each_unit_runs_a_command_that_the_readme_names(path: Path) -> None:
    words = unit(path)["Service"]["ExecStart"].split()
    program = Path(words[0]).name
    command = " ".join([program, *(words[1:2] if program == "gunicorn" else words[1:4])])
    assert f"`{command}`" in (ROOT / "README.md").read_text()


def test_both_ways_start_a_worker_for_urgent_steps_beside_the_one_for_all() -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    target = (ROOT / "deploy" / "systemd" / "streamhub.target").read_text()
    started = [unit(path) for path in UNITS if path.name.replace("@", "@1") in target]
    commands = [" ".join(service.get("command", [])) for service in services.values()]
    for ways in (commands, [each["Service"]["ExecStart"] for each in started]):
        workers = [command for command in ways if "-A streamhub worker" in command]
        assert sorted("--queues urgent" in command for command in workers) == [False, True]


def test_docker_starts_each_process_again() -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    once = {name for name, service in services.items() if service["restart"] != "unless-stopped"}
    assert once == {"migrate"}


def test_the_page_has_the_figures_of_every_drill() -> None:
    drills = {
        path.stem for path in (ROOT / "tests" / "drills").glob("*.py") if "def drill(" in path.read_text()
    }
    assert drills
    assert {name for name in drills if f"| `{name}` |" not in PAGE} == set()
