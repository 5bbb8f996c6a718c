"""Drills: `python -m tests.drills.run [NAME ...]`.

A drill is a module of this folder with a `TITLE` and a function `drill(world)`. Each has a world of its own.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import shutil
import tempfile
import time
import traceback
from pathlib import Path
from types import ModuleType

import tests.drills
from tests.drills.world import World, new_world


def drills() -> dict[str, ModuleType]:
    """The drills by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.drills.__path__))
    modules = {name: importlib.import_module(f"tests.drills.{name}") for name in names if name != "run"}
    return {name: module for name, module in modules.items() if hasattr(module, "drill")}


def main() -> int:
    known = drills()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)} (all)")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"There is no drill {unknown[0]}. There are {', '.join(known)}.")
    wrong = [name for name in names or known if not play(name, known[name])]
    print(
        f"{len(names or known)} drills, {len(wrong)} of them wrong{': ' if wrong else ''}{', '.join(wrong)}"
    )
    return 1 if wrong else 0


def play(name: str, module: ModuleType) -> bool:
    """Play one drill in a new world and print its figures. Whether nothing was wrong."""
    print(f"--- {name}: {module.TITLE}", flush=True)
    folder, began = Path(tempfile.mkdtemp(prefix="streamhub-drill-")), time.monotonic()
    with new_world(folder) as world:
        try:
            module.drill(world)
        except Exception as error:  # noqa: BLE001  the next drill is played all the same
            traceback.print_exc()
            world.check(False, f"the drill broke: {error!r}")
    report(world, time.monotonic() - began)
    if world.wrong:
        print(f"The logs are in {folder / 'logs'}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return not world.wrong


def report(world: World, seconds: float) -> None:
    for what, value in world.figures.items():
        print(f"  {what}: {value}")
    print(f"  {len(world.wrong)} wrong, in {seconds:.0f} s")


if __name__ == "__main__":
    raise SystemExit(main())
