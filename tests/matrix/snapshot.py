"""An embedded AWS that can be frozen and thawed again and again, each time as a fork at the same address.

The fork that serves can be frozen once more, between two calls, and then serves in forks of its own.
"""

from __future__ import annotations

import gc
import multiprocessing as mp
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection

from botocore.model import ListShape, MapShape, Shape, StructureShape

from emulator.account import SERVICES
from emulator.codec import load, parse_request
from emulator.server import EmbeddedAws, Handle


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


def no_garbage_collection() -> None:
    """For processes that fork and that end soon: looking for garbage copies most of the shared memory."""
    gc.disable()
    gc.freeze()


class FrozenAws:
    """A process that holds an account. After `freeze` only its forks answer requests.

    Each `thaw` ends the previous fork and restores the account as it was at `freeze`. `hold` freezes that
    fork as it is by then; each `branch` serves a new fork of it, until `end_branches`.
    """

    def __init__(self) -> None:
        context = mp.get_context("fork")
        self._pipe, holder = context.Pipe()
        self._fork_pipe, fork = context.Pipe()
        self._process = context.Process(target=_hold, args=(holder, fork), daemon=True)
        self._process.start()
        holder.close()
        fork.close()
        self.url: str = self._pipe.recv()

    def freeze(self) -> None:
        """Stop answering until `thaw`."""
        _ask(self._pipe, "freeze")

    def thaw(self) -> None:
        """Answer again with the frozen account; returns once the fork listens."""
        _ask(self._pipe, "serve")

    def hold(self) -> None:
        """Stop answering until `branch`. Any process that has this object may ask for it."""
        _ask(self._fork_pipe, "freeze")

    def branch(self) -> None:
        """Answer again with the account as it was at `hold`."""
        _ask(self._fork_pipe, "serve")

    def end_branches(self) -> None:
        """End the last branch, also after a worker that died while it asked."""
        self._fork_pipe.send("end")
        while self._fork_pipe.recv() != "end":
            pass

    def close(self) -> None:
        """End the process and its forks."""
        _ask(self._pipe, "end")
        self._process.terminate()
        self._process.join()


def _ask(pipe: Connection, command: str) -> None:
    pipe.send(command)
    if pipe.recv() != command:
        raise RuntimeError(f"the embedded AWS did not {command}")


def _hold(pipe: Connection, fork_pipe: Connection) -> None:
    """The process that holds the account; its forks take commands from `fork_pipe`."""
    aws = EmbeddedAws(scale=0.0)
    serving = aws.start_in_thread()
    pipe.send(serving.url)
    _obey(pipe, serving, int(serving.url.rpartition(":")[2]), fork_pipe)


def _obey(pipe: Connection, serving: Handle, port: int, fork_pipe: Connection | None = None) -> None:
    """Carry out commands until the parent is gone: `freeze` (stop serving), `serve` (in a fork), `end` it."""
    parent, fork = os.getppid(), 0
    while os.getppid() == parent:
        if not pipe.poll(0.5):
            continue
        command = pipe.recv()
        if command == "freeze":
            # Stop the thread first: a fork of a process with threads may inherit held locks.
            serving.stop()
            no_garbage_collection()
        else:
            _kill(fork)
            fork = _fork(serving.aws, port, fork_pipe) if command == "serve" else 0
        pipe.send(command)


def _fork(aws: EmbeddedAws, port: int, pipe: Connection | None) -> int:
    """Fork a copy that serves the account as it is now; its process id, once it listens."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            serving = aws.start_in_thread(port)
            os.write(writer, b"!")
            os.close(writer)
            _obey(pipe, serving, port) if pipe else _end_with_parent()
        finally:
            os._exit(0)
    os.close(writer)
    listening = os.read(reader, 1)
    os.close(reader)
    if not listening:
        raise RuntimeError(f"the embedded AWS could not listen on port {port} again")
    return pid


def _end_with_parent() -> None:
    """Serve until killed, or until the parent is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        signal.sigtimedwait([], 0.5)


def _kill(pid: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
