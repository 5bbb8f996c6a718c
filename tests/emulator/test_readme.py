"""The emulator's README is complete."""

from __future__ import annotations

import re
from pathlib import Path

import emulator
from emulator.control_routes import ControlRoutes
from emulator.server import EmbeddedAws

README = (Path(emulator.__file__).parent / "README.md").read_text()


def test_the_readme_lists_every_route_of_the_control_api() -> None:
    assert set(re.findall(r"`((?:GET|POST) [a-z/]+)`", README)) == set(ControlRoutes(EmbeddedAws()).routes)
