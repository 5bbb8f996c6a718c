"""An embedded AWS that can be frozen and thawed again and again, each time as a fork at the same address."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection

from botocore.model import ListShape, MapShape, Shape, StructureShape

from emulator.account import SERVICES
from emulator.codec import load, parse_request
from emulator.server import EmbeddedAws


def load_models() -> None:
    """Build moto's routers and resolve the shapes of all services, so that each fork has them.

    Both are built when first used, and each fork began without them: most of the embedded AWS's time.
    """
    for name in [*(kind.name for kind in SERVICES), "s3"]:
        scope = f"AWS4-HMAC-SHA256 Credential=A/20200101/eu-central-1/{name}/aws4_request"
        parse_request("GET", "/none", {"Authorization": scope}, b"")
        if model := load(name):
            for operation in model.operation_names:
                _resolve(model.operation_model(operation).input_shape)
                _resolve(model.operation_model(operation).output_shape)


def _resolve(shape: Shape | None, inside: tuple[str, ...] = ()) -> None:
    """Read the members of a shape, down to those that repeat; botocore keeps what was read."""
    if shape is None or shape.name in inside:
        return
    if isinstance(shape, StructureShape):
        members = list(shape.members.values())
    elif isinstance(shape, ListShape):
        members = [shape.member]
    elif isinstance(shape, MapShape):
        members = [shape.key, shape.value]
    else:
        members = []
    for member in members:
        _resolve(member, (*inside, shape.name))


class FrozenAws:
    """A process that holds an account. After `freeze` only its forks answer requests.

    Each `thaw` ends the previous fork and restores the account as it was at `freeze`.
    """

    def __init__(self) -> None:
        context = mp.get_context("fork")
        self._pipe, child_end = context.Pipe()
        self._process = context.Process(target=_hold, args=(child_end,), daemon=True)
        self._process.start()
        child_end.close()
        self.url: str = self._pipe.recv()

    def freeze(self) -> None:
        """Stop answering until `thaw`."""
        self._ask("freeze")

    def thaw(self) -> None:
        """Answer again with the frozen account; returns once the fork listens."""
        self._ask("thaw")

    def close(self) -> None:
        """End the process and its fork."""
        self._ask("end")
        self._process.join()

    def _ask(self, command: str) -> None:
        self._pipe.send(command)
        if self._pipe.recv() != command:
            raise RuntimeError(f"the embedded AWS did not {command}")


def _hold(pipe: Connection) -> None:
    """The process: carries out commands until `end`, or until its parent is gone."""
    aws = EmbeddedAws(scale=0.0)
    serving = aws.start_in_thread()
    port = int(serving.url.rpartition(":")[2])
    pipe.send(serving.url)
    fork = 0
    with suppress(EOFError):
        while (command := pipe.recv()) != "end":
            if command == "freeze":
                # Stop the thread first: a fork of a process with threads may inherit held locks.
                serving.stop()
            else:
                _kill(fork)
                fork = _fork(aws, port)
            pipe.send(command)
        _kill(fork)
        pipe.send("end")
    _kill(fork)


def _fork(aws: EmbeddedAws, port: int) -> int:
    """Fork a copy that serves the account as it is now; its process id, once it listens."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            aws.start_in_thread(port)
            os.write(writer, b"!")
            os.close(writer)
            _end_with_parent(reader)
        finally:
            os._exit(0)
    os.close(writer)
    listening = os.read(reader, 1)
    os.close(reader)
    if not listening:
        raise RuntimeError(f"the embedded AWS could not listen on port {port} again")
    return pid


def _end_with_parent(reader: int) -> None:
    """Serve until killed, or until the parent is gone."""
    os.close(reader)
    parent = os.getppid()
    while os.getppid() == parent:
        signal.sigtimedwait([], 0.5)


def _kill(pid: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
