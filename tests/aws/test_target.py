"""The AWS target: embedded unless live is chosen, and embedded only on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamhub.aws.target import broker_url, check_loopback, resolve_target
from streamhub.errors import EmbeddedNotRunning, Misconfigured

RUNNING = {
    "aws_endpoint": "http://127.0.0.1:4566",
    "broker_url": "redis://127.0.0.1:6390/0",
    "pid": os.getpid(),
}


@pytest.fixture
def addresses(settings: Any, tmp_path: Path) -> Any:
    """Writes the embedded process's address file. The settings are embedded mode without a broker URL."""
    settings.STREAMHUB_AWS = "embedded"
    settings.STREAMHUB_ENVIRONMENT = "test"
    settings.AWS_REGION = "eu-central-1"
    settings.CELERY_BROKER_URL = ""
    settings.EMBEDDED_ADDRESSES = tmp_path / "embedded.json"

    def write(**changed: Any) -> None:
        settings.EMBEDDED_ADDRESSES.write_text(json.dumps(RUNNING | changed))

    return write


def test_embedded_mode_has_an_explicit_endpoint_and_fake_credentials(addresses: Any) -> None:
    addresses()
    target = resolve_target()
    assert target.embedded
    assert (target.endpoint_url, target.region, target.environment) == (
        "http://127.0.0.1:4566",
        "eu-central-1",
        "test",
    )
    assert target.credentials is not None
    assert target.rate_factor > 1


def test_the_secret_is_not_in_the_repr(addresses: Any) -> None:
    addresses()
    target = resolve_target()
    assert target.credentials is not None
    assert target.credentials.secret_access_key not in repr(target)


def test_without_an_embedded_process_the_error_says_what_to_run(addresses: Any) -> None:
    with pytest.raises(EmbeddedNotRunning, match=r"manage.py embedded.*make demo.*STREAMHUB_AWS=live"):
        resolve_target()


def test_an_embedded_process_that_died_is_not_running(addresses: Any) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    addresses(pid=process.pid)
    with pytest.raises(EmbeddedNotRunning, match="has stopped"):
        resolve_target()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pid": 1}', '{"aws_endpoint": "x", "broker_url": "y", "pid": "z"}']
)
def test_an_unreadable_address_file_is_not_a_running_process(
    addresses: Any, settings: Any, text: str
) -> None:
    settings.EMBEDDED_ADDRESSES.write_text(text)
    with pytest.raises(EmbeddedNotRunning, match=r"embedded\.json .* is not usable"):
        resolve_target()


@pytest.mark.parametrize("pid", [0, -1])
def test_a_process_group_id_is_not_a_process_id(addresses: Any, pid: int) -> None:
    addresses(pid=pid)
    with pytest.raises(EmbeddedNotRunning):
        resolve_target()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://cloudfront.amazonaws.com",
        "http://10.0.0.5:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "",
        "localhost:4566",
    ],
)
def test_an_embedded_endpoint_on_another_machine_is_refused(addresses: Any, endpoint: str) -> None:
    addresses(aws_endpoint=endpoint)
    with pytest.raises(Misconfigured, match="must be on this machine"):
        resolve_target()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.8.9.1", "http://localhost:4566", "http://[::1]:1/x"]
)
def test_every_loopback_address_is_accepted(url: str) -> None:
    check_loopback(url)


def test_live_leaves_endpoint_and_credentials_to_boto3(settings: Any) -> None:
    settings.STREAMHUB_AWS = "live"
    target = resolve_target()
    assert (target.mode, target.endpoint_url, target.credentials, target.rate_factor) == (
        "live",
        None,
        None,
        1.0,
    )


def test_an_unknown_mode_is_refused_with_a_sentence(settings: Any) -> None:
    settings.STREAMHUB_AWS = "aws"
    with pytest.raises(Misconfigured, match="write `embedded` or `live`"):
        resolve_target()


@pytest.mark.parametrize("environment", ["", "a b", "x:y", "ü", "e" * 33])
def test_an_environment_that_cannot_be_part_of_a_mark_is_refused(settings: Any, environment: str) -> None:
    settings.STREAMHUB_ENVIRONMENT = environment
    with pytest.raises(Misconfigured, match="STREAMHUB_ENVIRONMENT"):
        resolve_target()


def test_the_broker_is_the_embedded_one_unless_another_is_configured(addresses: Any, settings: Any) -> None:
    addresses()
    assert broker_url() == "redis://127.0.0.1:6390/0"
    settings.CELERY_BROKER_URL = "redis://broker:6379/1"
    assert broker_url() == "redis://broker:6379/1"
