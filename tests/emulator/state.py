"""The complete state of objects as plain values that can be compared."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import random
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import emulator
from emulator.account import Account
from emulator.base import Service, World
from emulator.server import EmbeddedAws

BORDERS = (EmbeddedAws, Account, World, Service)
PLAIN = (str, bytes, int, float, bool, type(None), datetime)


class _Walk:
    """Walks objects. A repeated object becomes the number of its first occurrence, so that cycles end."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # keeps the objects alive, so that ids stay unique

    def state(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, BORDERS):
            return type(value).__name__
        if id(value) in self._seen:
            return f"#{self._seen[id(value)]}"
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)
        return self._first_time(value)

    def _first_time(self, value: Any) -> Any:
        if isinstance(value, type | types.ModuleType | types.FunctionType | types.BuiltinFunctionType):
            return repr(value.__name__)
        if isinstance(value, types.MethodType):
            return value.__qualname__
        if isinstance(value, random.Random):
            return value.getstate()
        parts: list[Any] = [type(value).__name__]
        if isinstance(value, Mapping):
            parts += [[self.state(key), self.state(part)] for key, part in value.items()]
        elif isinstance(value, set | frozenset):
            parts += sorted(repr(part) for part in value)
        elif hasattr(value, "__iter__") and hasattr(value, "__len__"):
            parts += [self.state(part) for part in value]
        attributes = _attributes(value)
        if not attributes and len(parts) == 1:
            parts.append(repr(value) if "0x" not in repr(value) else "")
        return parts + [[name, self.state(part)] for name, part in attributes.items()]


def _attributes(value: Any) -> dict[str, Any]:
    slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
    return {
        **{name: getattr(value, name) for name in sorted(slots) if hasattr(value, name)},
        **getattr(value, "__dict__", {}),
    }


def state_of(value: Any) -> Any:
    """The complete state of a value, without objects of the classes in `BORDERS`."""
    return _Walk().state(value)


def states_of(aws: EmbeddedAws) -> dict[str, Any]:
    """The state by attribute of the server, the account, the world and each service."""
    account, world = aws.account, aws.world
    owners: list[tuple[str, Any]] = [("server", aws), ("account", account), ("world", world)]
    owners += world.services.items()
    return {
        f"{name}.{key}": state_of(attribute)
        for name, owner in owners
        for key, attribute in _attributes(owner).items()
        if not isinstance(attribute, BORDERS)
    }


def module_states() -> dict[str, Any]:
    """The state of the emulator's modules and classes, without functions and classes."""
    states = {}
    for info in pkgutil.walk_packages(emulator.__path__, "emulator."):
        module = importlib.import_module(info.name)
        classes = [member for member in vars(module).values() if isinstance(member, type)]
        for owner in [module, *(member for member in classes if member.__module__ == info.name)]:
            for key, member in vars(owner).items():
                if not key.startswith("__") and isinstance(member, dict | list | set | itertools.count):
                    states[f"{info.name}:{owner.__name__}.{key}"] = state_of(member)
    return states
