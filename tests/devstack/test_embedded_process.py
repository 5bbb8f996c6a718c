"""`manage.py embedded` and `ProcessSet`: how they start, and what is left when they end or are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import broker
from devstack.demo.stack import _take_folder
from devstack.ports import HOST, free_port, is_free, usual_port
from devstack.processes import ProcessFailed, ProcessSet, clean_environment
from emulator.control import Control


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[ProcessSet]:
    with ProcessSet(tmp_path, {}) as started:
        yield started


def test_it_writes_its_addresses_and_removes_them_at_the_end(processes: ProcessSet) -> None:
    processes.start_embedded(0.01)
    addresses = processes.wait_embedded()
    assert Control(addresses["aws_endpoint"]).status()["scale"] == 0.01
    assert broker.answers(addresses["broker_url"])
    processes.stop_all()
    assert processes.addresses() is None
    assert not broker.answers(addresses["broker_url"])


def test_a_second_process_for_the_folder_is_refused_and_leaves_the_first_alone(processes: ProcessSet) -> None:
    processes.start_embedded(0.01)
    addresses = processes.wait_embedded()
    with pytest.raises(ProcessFailed, match=r"An embedded AWS already serves"):
        processes.run("embedded")
    assert processes.addresses() == addresses


def test_if_it_is_killed_its_broker_ends_and_it_can_be_started_again(processes: ProcessSet) -> None:
    processes.start_embedded(0.01)
    first = processes.wait_embedded()
    os.kill(int(first["pid"]), signal.SIGKILL)
    processes.running.pop("embedded").popen.wait()
    processes.wait(lambda: not broker.answers(first["broker_url"]), "the broker is gone", 5)
    processes.start_embedded(0.01)
    processes.wait(lambda: (processes.addresses() or first)["pid"] != first["pid"], "it is restarted", 20)
    assert processes.addresses()["aws_endpoint"] == first["aws_endpoint"]


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "streamhub.wsgi"),
        ("celery", "-A", "streamhub", "worker"),
        ("celery", "-A", "streamhub", "beat"),
    ],
)
def test_without_it_nothing_starts_and_the_message_says_what_to_run(tmp_path: Path, command: tuple) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={
            **clean_environment(),
            "STREAMHUB_VAR_DIR": str(tmp_path),
            "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4
    assert "cannot start: The embedded AWS is not running. Start it with `manage.py embedded`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_that_ends_is_reported_with_the_end_of_its_log(processes: ProcessSet) -> None:
    processes.start("mistaken", "manage.py", "no_such_command")
    with pytest.raises(ProcessFailed, match="Unknown command"):
        processes.wait(lambda: False, "never", 20)
    processes.running.clear()


def test_a_second_demo_takes_another_folder(tmp_path: Path) -> None:
    first, lock = _take_folder(tmp_path)
    second, other = _take_folder(tmp_path)
    assert (first.name, second.name) == ("demo", "demo-2")
    os.close(lock)
    (first / "left over").touch()
    again, lock = _take_folder(tmp_path)
    assert again == first
    assert not list(again.iterdir())
    os.close(lock)
    os.close(other)


def test_ports_are_the_same_each_time_and_replaced_when_taken(tmp_path: Path) -> None:
    port = usual_port(tmp_path, "aws")
    assert usual_port(tmp_path, "aws") == port != usual_port(tmp_path, "broker")
    import socket

    with socket.create_server((HOST, 0)) as taken:
        busy = taken.getsockname()[1]
        assert not is_free(busy)
        assert free_port(busy) != busy


def test_variables_of_this_process_do_not_configure_a_process_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://production/streamhub")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("STREAMHUB_AWS", "live")
    clean = clean_environment()
    assert not {"DATABASE_URL", "AWS_PROFILE", "STREAMHUB_AWS"} & clean.keys()
    assert "PATH" in clean
