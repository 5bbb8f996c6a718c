"""StreamHub's whole set of processes on this machine: started, stopped and killed by the demo and by tests.

Each process has a session of its own, so that Ctrl-C reaches only whoever started the set, which then
stops them in order: first those that make work, last those that are leaned on. If the starter is
killed, the kernel tells each of them to end.
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
# The order of stopping.
_STOPPING = (BEAT, WEB, WORKER, EMBEDDED)
STOP_SECONDS = 20.0


class ProcessFailed(Exception):
    """A process ended, or did not become ready; the sentence says which and what it wrote last."""


@dataclass
class Running:
    """One started process. `name` is its kind, with a number if there are several."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def kind(self) -> str:
        return self.name.partition("-")[0]

    def last_words(self, lines: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that configures StreamHub or AWS, `.env` included."""
    example = (ROOT / ".env.example").read_text()
    ours = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    kept = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("AWS_")}
    return {**kept, "STREAMHUB_ENV_FILE": os.devnull}


class ProcessSet:
    """The processes of one StreamHub, configured by `environment` and by nothing else.

    `keep_open` are file descriptors that the children inherit (a lock that must outlive the starter).
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

    def start_worker(self, number: int = 1, concurrency: int = 4) -> None:
        # A name of its own for each set: workers of the same name would take each other for themselves.
        node = f"worker{number}-{os.getpid()}@%h"
        size = ("--concurrency", str(concurrency), "--hostname", node)
        self.start(f"{WORKER}-{number}", "-m", "celery", "-A", "streamhub", "worker", *size)

    def start_beat(self) -> None:
        pidfile = ("--pidfile", "")
        self.start(BEAT, "-m", "celery", "-A", "streamhub", "beat", *pidfile)

    def start(self, name: str, *arguments: str) -> Running:
        """Start one process under a name; its output goes to `logs/<name>.log`.

        It ends with the thread that calls this (Linux counts threads): start from the main one.
        """
        log = self.folder / "logs" / f"{name}.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
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
        """Run a command of `manage.py` to its end; what it printed. Raises ProcessFailed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
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
            raise ProcessFailed(f"`manage.py {arguments[0]}` failed: {done.stderr.strip()[-1000:]}")
        return done.stdout

    # --- waiting ---------------------------------------------------------------------------

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def addresses(self) -> dict[str, str] | None:
        """What the embedded process wrote about itself, once it is there."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, str] = json.loads((self.folder / "embedded.json").read_text())
            return found
        return None

    def wait_embedded(self, timeout: float = 30) -> dict[str, str]:
        self.wait(lambda: self.addresses() is not None, "the embedded AWS answers", timeout)
        return self.addresses() or {}

    def wait_ready(self, *parts: str, timeout: float = 60) -> None:
        """Until `/readyz` says so of these parts (all of database, broker, worker, beat if none is named)."""

        def ready() -> bool:
            ok = readiness(self.web_url)
            return bool(ok) and all(good for part, good in ok.items() if part in parts or not parts)

        self.wait(ready, "StreamHub is ready", timeout)

    def wait(self, until: Callable[[], bool], what: str, timeout: float) -> None:
        """Raises ProcessFailed if a process ends meanwhile, or if it takes too long."""
        deadline = time.monotonic() + timeout
        while not until():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"Not so after {timeout:.0f} s: {what}. {self._all_last_words()}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ProcessFailed if a process that should run has ended."""
        for each in self.running.values():
            if each.popen.poll() is not None:
                raise ProcessFailed(
                    f"{each.name} ended with {each.popen.returncode}; it wrote:\n{each.last_words()}"
                )

    def _all_last_words(self) -> str:
        return "\n".join(f"[{each.name}] {each.last_words(2)}" for each in self.running.values())

    # --- ending ----------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """As if the power went: the process and all its children, at once."""
        each = self.running.pop(name)
        _signal_group(each.popen, signal.SIGKILL)
        each.popen.wait()

    def stop(self, *names: str, timeout: float = STOP_SECONDS) -> None:
        """Ask these processes to end, all at once, and see to it that they did."""
        ending = [self.running.pop(name) for name in names]
        for each in ending:
            each.popen.terminate()
        deadline = time.monotonic() + timeout
        for each in ending:
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.popen.wait(max(0.0, deadline - time.monotonic()))
            # What is left of its session: children of one that did not end in time, or that crashed.
            _signal_group(each.popen, signal.SIGKILL)
            each.popen.wait()

    def stop_all(self) -> None:
        for kind in _STOPPING:
            self.stop(*[name for name, each in self.running.items() if each.kind == kind])

    def __enter__(self) -> ProcessSet:
        return self

    def __exit__(self, *_about: object) -> None:
        self.stop_all()


def _signal_group(popen: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)


def readiness(url: str) -> dict[str, bool]:
    """What `/readyz` says of each part; nothing while web does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=3) as answer:  # noqa: S310  our own address
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        said = json.load(error) if error.code == 503 else {"checks": []}
    except (OSError, ValueError):
        return {}
    return {check["name"]: check["ok"] for check in said["checks"]}
