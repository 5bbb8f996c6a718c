"""StreamHub's processes on this machine, which the demo and tests start, stop and kill.

Each process has its own session, so that Ctrl-C reaches only the starter, which then stops them in order:
first the processes that create work, last the ones that others need. If the starter is killed, the kernel
ends the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.orphans import die_with_parent

ROOT = Path(__file__).resolve().parent.parent

EMBEDDED, WEB, WORKER, BEAT = "embedded", "web", "worker", "beat"
# The parts of `/readyz` that say that every process is at work. Others are about clocks, jobs and AWS.
AT_WORK = ("database", "broker", "worker", "beat")
# The order of stopping.
_STOPPING = (BEAT, WEB, WORKER, EMBEDDED)
STOP_SECONDS = 20.0


class ProcessFailed(Exception):
    """A process ended or did not become ready; the message has the end of its log."""


@dataclass
class Running:
    """One started process. `name` is its kind, with a number if there can be several."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def kind(self) -> str:
        return self.name.partition("-")[0]

    def last_words(self, lines: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])


def clean_environment() -> dict[str, str]:
    """This process's environment without variables that configure StreamHub or AWS, and without `.env`."""
    example = (ROOT / ".env.example").read_text()
    ours = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    kept = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("AWS_")}
    return {**kept, "STREAMHUB_ENV_FILE": os.devnull}


class ProcessSet:
    """The processes of one StreamHub, configured only by `environment`.

    The children inherit the file descriptors `keep_open` (a lock that must outlive the starter).
    """

    def __init__(self, folder: Path, environment: dict[str, str], keep_open: tuple[int, ...] = ()) -> None:
        self.folder = folder
        self.environment = {
            **clean_environment(),
            "DJANGO_SETTINGS_MODULE": "streamhub.settings",
            "STREAMHUB_VAR_DIR": str(folder),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._keep_open = keep_open
        # Where the code is that the next process runs.
        self.root = ROOT
        # Words before the command of a process (`worker-1`) or a kind: {"beat": ["faketime", "-f", "+5m"]}.
        self.prefix: dict[str, list[str]] = {}
        self.running: dict[str, Running] = {}
        self.port = 0
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    # --- the processes ---------------------------------------------------------------------

    def start_embedded(self, scale: float) -> None:
        self.start(EMBEDDED, "manage.py", "embedded", "--scale", str(scale), "--parent", str(os.getpid()))

    def start_web(self, port: int, workers: int = 2, threads: int = 4) -> None:
        self.port = port
        size = ("--workers", str(workers), "--threads", str(threads))
        quiet = ("--no-control-socket", "--log-level", "warning")
        self.start(WEB, "-m", "gunicorn", "streamhub.wsgi", "--bind", f"127.0.0.1:{port}", *size, *quiet)

    def start_worker(self, number: int = 1, concurrency: int = 4, queues: tuple[str, ...] = ()) -> None:
        """Start a worker. `queues`: the only ones that it serves; none: all."""
        # Workers with the same node name would disturb each other, so the name is unique to this set.
        node = f"worker{number}-{os.getpid()}@%h"
        size = ("--concurrency", str(concurrency), "--hostname", node)
        served = ("--queues", ",".join(queues)) if queues else ()
        self.start(f"{WORKER}-{number}", "-m", "celery", "-A", "streamhub", "worker", *size, *served)

    def start_beat(self) -> None:
        pidfile = ("--pidfile", "")
        self.start(BEAT, "-m", "celery", "-A", "streamhub", "beat", *pidfile)

    def start(self, name: str, *arguments: str) -> Running:
        """Start one process under a name; its output goes to `logs/<name>.log`.

        On Linux it ends with the thread that calls this, so call it from the main thread.
        """
        log = self.folder / "logs" / f"{name}.log"
        prefix = self.prefix.get(name) or self.prefix.get(name.partition("-")[0], [])
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [*prefix, sys.executable, *arguments],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self._keep_open,
                preexec_fn=die_with_parent(),
            )
        self.running[name] = Running(name, popen, log)
        return self.running[name]

    def run(self, *arguments: str, timeout: float = 120) -> str:
        """Run a command of `manage.py` and return its output. Raises ProcessFailed."""
        return self.python("manage.py", *arguments, timeout=timeout)

    def python(self, *arguments: str, timeout: float) -> str:
        """Run Python with the processes' environment and return its output. Raises ProcessFailed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            preexec_fn=die_with_parent(),
            pass_fds=self._keep_open,
            check=False,
        )
        if done.returncode:
            raise ProcessFailed(f"`{' '.join(arguments[:2])}` failed: {done.stderr.strip()[-1000:]}")
        return done.stdout

    # --- waiting ---------------------------------------------------------------------------

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def addresses(self) -> dict[str, str] | None:
        """The addresses that the embedded process wrote, or None if the file does not exist yet."""
        with contextlib.suppress(OSError, ValueError):
            addresses: dict[str, str] = json.loads((self.folder / "embedded.json").read_text())
            return addresses
        return None

    def wait_embedded(self, timeout: float = 30) -> dict[str, str]:
        self.wait(lambda: self.addresses() is not None, "the embedded AWS answers", timeout)
        return self.addresses() or {}

    def wait_ready(self, *parts: str, timeout: float = 60) -> None:
        """Wait until `/readyz` reports these parts ready (by default all of them)."""

        def ready() -> bool:
            ok = readiness(self.web_url)
            return bool(ok) and all(good for part, good in ok.items() if part in parts or not parts)

        self.wait(ready, "StreamHub is ready", timeout)

    def wait(self, until: Callable[[], bool], condition: str, timeout: float) -> None:
        """Wait until `until()` is true. Raises ProcessFailed if a process ends meanwhile, or on a timeout."""
        deadline = time.monotonic() + timeout
        while not until():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"Timed out after {timeout:.0f} s; waited until {condition}. {self._all_last_words()}"
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ProcessFailed if a process that should run has ended."""
        for process in self.running.values():
            if process.popen.poll() is not None:
                raise ProcessFailed(
                    f"{process.name} ended with {process.popen.returncode}; it wrote:\n{process.last_words()}"
                )

    def _all_last_words(self) -> str:
        return "\n".join(f"[{process.name}] {process.last_words(2)}" for process in self.running.values())

    # --- ending ----------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """Kill the process and all its children at once."""
        process = self.running.pop(name)
        _signal_group(process.popen, signal.SIGKILL)
        process.popen.wait()

    def stop(self, *names: str, timeout: float = STOP_SECONDS) -> None:
        """Terminate these processes together; kill what is left after the timeout."""
        ending = [self.running.pop(name) for name in names]
        for process in ending:
            process.popen.terminate()
        deadline = time.monotonic() + timeout
        for process in ending:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(max(0.0, deadline - time.monotonic()))
            # Kill the rest of the session: the process if it did not end in time, and its children.
            _signal_group(process.popen, signal.SIGKILL)
            process.popen.wait()

    def stop_all(self) -> None:
        for kind in _STOPPING:
            self.stop(*[name for name, process in self.running.items() if process.kind == kind])

    def __enter__(self) -> ProcessSet:
        return self

    def __exit__(self, *_about: object) -> None:
        self.stop_all()


def _signal_group(popen: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)


def readiness(url: str) -> dict[str, bool]:
    """`/readyz`'s result for each part; empty while web does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=3) as answer:  # noqa: S310  our own address
            report = json.load(answer)
    except urllib.error.HTTPError as error:
        report = json.load(error) if error.code == 503 else {"checks": []}
    except (OSError, ValueError):
        return {}
    return {check["name"]: check["ok"] for check in report["checks"]}
