"""The import contracts can fail: each kind of forbidden import, added to a copy of the tree, breaks one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenarios.packages import PACKAGES, ROOT


@dataclass(frozen=True)
class Plant:
    """A forbidden import: its module, what it imports, and the contract that forbids it."""

    importer: str
    imported: str
    contract: str

    @property
    def path(self) -> str:
        return self.importer.replace(".", "/")


PLANTS = [
    Plant("channels_app.models.breakout", "channels_app.services", "Layers of channels_app"),
    Plant("channels_app.services.breakout", "channels_app.driver", "Layers of channels_app"),
    Plant("channels_app.admin.channel", "channels_app.driver", "Layers of channels_app"),
    Plant("channels_app.api.channels", "channels_app.admin", "Layers of channels_app"),
    Plant("channels_app.guards.channel", "channels_app.services", "Layers of channels_app"),
    Plant("channels_app.decide.channel", "channels_app.guards", "Layers of channels_app"),
    Plant("channels_app.driver.channel", "channels_app.tasks", "Layers of channels_app"),
    Plant("distributions.services", "distributions.driver", "Layers of distributions"),
    Plant("distributions.models", "distributions.services", "Layers of distributions"),
    Plant("distributions.admin", "distributions.reaper", "Layers of distributions"),
    Plant("billing.ledger", "billing.breakout_usage", "Layers of billing"),
    Plant("recordings.models", "recordings.listing", "Layers of recordings"),
    Plant("drift.compare", "drift.resolutions", "Layers of drift"),
    Plant("streamhub.errors", "streamhub.lifecycle", "Layers of streamhub"),
    Plant("streamhub.access.services", "streamhub.aws.session", "Layers of streamhub"),
    Plant("distributions.owners", "channels_app.models", "Packages import one way"),
    Plant("channels_app.readiness", "billing.breakout_usage", "Packages import one way"),
    Plant("recordings.listing", "drift.models", "Packages import one way"),
    Plant("streamhub.console.navigation", "distributions.models", "Packages import one way"),
    Plant(
        "channels_app.readiness", "streamhub.aws.session", "Only drivers, collectors and commands talk to AWS"
    ),
    Plant(
        "channels_app.admin.breakout",
        "streamhub.aws.session",
        "Only drivers, collectors and commands talk to AWS",
    ),
    Plant("billing.ledger", "streamhub.aws.cloudwatch", "Only drivers, collectors and commands talk to AWS"),
    Plant("streamhub.lifecycle.claim", "streamhub.aws.paging", "The life cycle does not know AWS"),
    Plant("distributions.driver.observing", "boto3", "boto3 stays in streamhub.aws"),
    Plant("streamhub.health", "botocore", "boto3 stays in streamhub.aws"),
    Plant("streamhub.startup", "devstack.ports", "The product knows neither emulator nor devstack"),
    Plant("channels_app.driver.parts", "emulator.base", "The product knows neither emulator nor devstack"),
    Plant("emulator.base", "streamhub.errors", "The emulator knows nothing of the product"),
    Plant(
        "distributions.decide",
        "django",
        "Decisions and guards are functions of values: no query, no clock, no Django",
    ),
]
NEW_MODULES = {
    "billing/new_room.py": "Layers of billing",
    "channels_app/new_room.py": "Layers of channels_app",
    "distributions/new_room.py": "Layers of distributions",
    "drift/new_room/__init__.py": "Layers of drift",
    "recordings/new_room.py": "Layers of recordings",
    "streamhub/new_room.py": "Layers of streamhub",
}


def check_contracts(tree: Path) -> tuple[int, str]:
    """The exit code and the output of `lint-imports` in a folder."""
    run = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", run, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def broken(printed: str) -> dict[str, str]:
    """The output for each broken contract, joined to one line."""
    details = printed.partition("Broken contracts")[2]
    _, *parts = re.split(r"\n([^\n]+)\n-+\n", details)
    names = (name.strip() for name in parts[::2])
    return dict(zip(names, (re.sub(r"\s+", " ", text) for text in parts[1::2]), strict=True))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code and its contracts."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def broken_contracts(tree: Path) -> dict[str, str]:
    """The output of the contracts for the copy with all forbidden imports."""
    code, printed = check_contracts(tree)
    assert code == 0, printed
    for plant in PLANTS:
        file = tree / f"{plant.path}.py"
        file = file if file.exists() else tree / plant.path / "__init__.py"
        file.write_text(f"{file.read_text()}\n\nimport {plant.imported}\n")
    for path in NEW_MODULES:
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).touch()
    code, printed = check_contracts(tree)
    assert code != 0
    return broken(printed)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.importer}-imports-{plant.imported}")
def test_each_forbidden_import_breaks_its_contract(plant: Plant, broken_contracts: dict[str, str]) -> None:
    assert f"{plant.importer} -> {plant.imported}" in broken_contracts[plant.contract]


@pytest.mark.parametrize("path", NEW_MODULES)
def test_a_module_outside_the_layers_breaks_the_contract_of_its_app(
    path: str, broken_contracts: dict[str, str]
) -> None:
    assert "new_room" in broken_contracts[NEW_MODULES[path]]
