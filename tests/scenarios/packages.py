"""Our packages, as the import contracts in pyproject.toml name them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: tuple[str, ...] = tuple(sorted(PROJECT["tool"]["importlinter"]["root_packages"]))
# What production holds.
PRODUCT = tuple(package for package in PACKAGES if package not in ("devstack", "emulator"))
