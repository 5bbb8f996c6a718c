"""Production holds neither the emulator nor the devstack: the product runs in a copy without them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.packages import PRODUCT, ROOT

LIVE = {
    "STREAMHUB_AWS": "live",
    "SECRET_KEY": "an-example-of-fifty-characters-0123456789-abcdefgh",
    "ALLOWED_HOSTS": "streamhub.example.com",
    "MEDIALIVE_ROLE_ARN": "arn:aws:iam::111122223333:role/MediaLive",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
}
# Imports every module of the product where the packages named first are not installed.
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))  # importing one of these raises ImportError
import django
django.setup()
for name in sys.argv[2:]:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        importlib.import_module(module.name)
print("all loaded")
"""


def only_in_devstack() -> set[str]:
    """The packages that requirements-devstack.in asks for and the product lacks, as Python imports them."""
    return _packages("requirements-devstack.in") - _packages("requirements.txt")


def _packages(file: str) -> set[str]:
    text = (ROOT / file).read_text()
    return {name.replace("-", "_") for name in re.findall(r"^([a-z][a-z0-9-]*)", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies, as far as it is Python."""
    copy = tmp_path_factory.mktemp("image")
    shutil.copy(ROOT / "manage.py", copy)
    for package in PRODUCT:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(image: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PYTHONPATH": str(image),
        "DJANGO_SETTINGS_MODULE": "streamhub.settings",
        "STREAMHUB_ENV_FILE": "/dev/null",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=image,
        env={**own, "STREAMHUB_VAR_DIR": str(image / "var"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_of_the_product_loads_without_the_devstack(image: Path) -> None:
    missing = only_in_devstack() | {"devstack", "emulator"}
    done = run(image, "-c", IMPORT_ALL, ",".join(missing), *PRODUCT, **LIVE)
    assert (done.returncode, done.stdout) == (0, "all loaded\n"), done.stderr


def test_the_commands_of_the_devstack_are_not_there(image: Path) -> None:
    done = run(image, "manage.py", "help", "--commands", **LIVE)
    commands = set(done.stdout.split())
    assert "bootstrap" in commands
    assert commands & {"demo", "embedded"} == set()


def test_the_image_leaves_them_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"emulator", "devstack", "tests"} <= set(ignored)
    assert "requirements-devstack" not in (ROOT / "Dockerfile").read_text()
