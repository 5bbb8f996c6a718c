"""Each mistake in the settings is one sentence that says what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
import pytest

from emulator.server import EmbeddedAws
from streamhub import startup, variables
from tests.scenarios.keys import pem

KEY = "an-example-of-fifty-characters-0123456789-abcdefgh"

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:cdn-AbCdEf"
ROLE = "arn:aws:iam::111122223333:role/MediaPackageSecrets"


@pytest.fixture(autouse=True)
def _no_earlier_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "mistakes", [])


@pytest.fixture
def live(settings: Any) -> Any:
    settings.STREAMHUB_AWS = "live"
    settings.MEDIALIVE_ROLE_ARN = "arn:aws:iam::111122223333:role/MediaLive"
    settings.CELERY_BROKER_URL = "redis://redis:6379/0"
    return settings


@pytest.mark.parametrize("url", ["redis://a", "rediss://a", "sentinel://a:1;sentinel://b:2"])
def test_right_live_settings_have_no_mistakes(live: Any, url: str) -> None:
    live.CELERY_BROKER_URL = url
    assert list(startup.mistakes()) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STREAMHUB_AWS", "prod", "STREAMHUB_AWS='prod' is unknown"),
        ("STREAMHUB_ENVIRONMENT", "two words", "STREAMHUB_ENVIRONMENT='two words' cannot mark"),
        ("STREAMHUB_ENVIRONMENT", "x" * 33, "use 1 to 32 letters"),
        ("AWS_REGION", "us-west-1", "AWS_REGION='us-west-1' has no MediaLive. Choose one of ap-"),
        ("AWS_REGION", "eu-central-9", "has no MediaLive and no MediaPackage"),
        ("MEDIALIVE_ROLE_ARN", "", "needs MEDIALIVE_ROLE_ARN"),
        ("CELERY_BROKER_URL", "", "needs CELERY_BROKER_URL"),
        ("CELERY_BROKER_URL", "amqp://rabbit", "CELERY_BROKER_URL is not a Redis URL"),
        ("CELERY_BROKER_URL", "memory://", "must be a Redis"),
        ("ALARM_EMAILS", ["anna@example.com"], "ALARM_EMAILS needs EMAIL_URL"),
        ("ALARM_URLS", ["slack"], "ALARM_URLS holds something that is not a URL"),
        ("ALARM_ESCALATION_URLS", ["boss"], "ALARM_ESCALATION_URLS holds something that is not a URL"),
        ("HEARTBEAT_URL", "ftp://example.com", "HEARTBEAT_URL is not an http or https URL"),
        ("DEBUG", True, "DEBUG=on shows settings and code"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS=* lets any name pass"),
        ("TRUSTED_PROXIES", ["proxy"], "TRUSTED_PROXIES holds 'proxy'"),
        ("OIDC_SERVER_URL", "http://id.example.com", "OIDC_SERVER_URL is not the https address"),
        ("OIDC_CLIENT_ID", "", "OIDC_SERVER_URL needs OIDC_CLIENT_ID"),
        ("OIDC_GROUP_MAP", {}, "OIDC_SERVER_URL needs OIDC_GROUP_MAP"),
        ("MEDIAPACKAGE_CDN_SECRET_ARN", SECRET, "belong together"),
        ("MEDIAPACKAGE_CDN_ROLE_ARN", ROLE, "belong together"),
        ("CONSOLE_URL", "streamhub.example.com", "CONSOLE_URL is not an http or https URL"),
    ],
)
def test_each_mistake_is_one_sentence(live: Any, name: str, value: str, expected: str) -> None:
    if name.startswith("OIDC"):
        live.OIDC_SERVER_URL = "https://id.example.com"
        live.OIDC_CLIENT_ID, live.OIDC_GROUP_MAP = "streamhub", {"sso-ops": "operator"}
    setattr(live, name, value)
    (sentence,) = startup.mistakes()
    assert expected in sentence
    assert [error.msg for error in startup.check_settings()] == [sentence]


@pytest.mark.parametrize(
    ("name", "value"), [("MEDIAPACKAGE_CDN_SECRET_ARN", "cdn"), ("MEDIAPACKAGE_CDN_ROLE_ARN", "Secrets")]
)
def test_a_closed_origin_needs_two_arns(live: Any, name: str, value: str) -> None:
    live.MEDIAPACKAGE_CDN_SECRET_ARN, live.MEDIAPACKAGE_CDN_ROLE_ARN = SECRET, ROLE
    assert list(startup.mistakes()) == []
    setattr(live, name, value)
    (sentence,) = startup.mistakes()
    assert sentence.startswith(f"{name} is not an ARN")


@pytest.mark.parametrize(("text", "taken"), [("1", True), ("32", True), ("33", False), ("0", False)])
def test_a_number_with_an_upper_bound(monkeypatch: pytest.MonkeyPatch, text: str, taken: bool) -> None:
    monkeypatch.setenv("WIDEST_CIDR_PREFIX", text)
    read = variables.whole(environ.Env(), "WIDEST_CIDR_PREFIX", 16, unit="bits", most=32)
    assert read == (int(text) if taken else 16)
    assert len(variables.mistakes) == (not taken)
    assert taken or "a whole number of bits, 1 to 32" in variables.mistakes[0]


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "soon", "", "٣"])
def test_periods_are_whole_seconds_of_one_or_more(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SWEEP_SECONDS", text)
    assert variables.whole(environ.Env(), "SWEEP_SECONDS", 5) == 5
    assert variables.mistakes == [
        f"SWEEP_SECONDS={text!r} is not valid: write a whole number of seconds, 1 or more."
    ]


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://host/name", "postgres://host:port/name", "postgres://host", "sqlite://"]
)
def test_a_broken_database_url_never_falls_back_to_another_database(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    config = variables.database(environ.Env(), "DATABASE_URL", "sqlite:////tmp/default.sqlite3")
    assert config == variables.NO_DATABASE
    assert "DATABASE_URL is not a database" in variables.mistakes[0]


def test_an_invalid_flag_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "flase")
    assert variables.flag(environ.Env(), "DEBUG", False) is False
    assert variables.mistakes


@pytest.mark.parametrize(
    ("key", "live", "mistaken"),
    [
        ("", True, 1),
        ("short", True, 1),
        (KEY[:49], True, 1),
        ("k" * 50, True, 1),
        ("0123456789" * 6, True, 1),
        ("django-insecure-" + KEY, True, 1),
        (KEY, True, 0),
        ("", False, 0),
    ],
)
def test_live_needs_a_secret_key_and_embedded_stores_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, key: str, live: bool, mistaken: int
) -> None:
    monkeypatch.setenv("SECRET_KEY", key)
    first = variables.secret_key(environ.Env(), tmp_path / "secret_key", live=live)
    assert first == key or not key
    assert len(variables.mistakes) == mistaken
    if not live:
        assert variables.secret_key(environ.Env(), tmp_path / "secret_key", live=live) == first


def read(monkeypatch: pytest.MonkeyPatch, path: Path, text: str) -> environ.Env:
    """The environment after the file was read, with variables that nothing else has."""
    monkeypatch.setattr(variables.Environment, "ENVIRON", {})
    path.write_text(text)
    env = variables.Environment()
    variables.read_file(env, "STREAMHUB_ENV_FILE", path)
    return env


def test_a_value_that_begins_with_a_dollar_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the password of an administrator or a random key may. It is not the name of another variable."""
    env = read(monkeypatch, tmp_path / "env", f"ADMIN_PASSWORD=$ecret of mine\nSECRET_KEY=${KEY}\n")
    assert env.str("ADMIN_PASSWORD", default="") == "$ecret of mine"
    assert variables.secret_key(env, tmp_path / "secret_key", live=True) == f"${KEY}"
    assert variables.mistakes == []


def test_names_are_separated_by_commas_or_spaces_or_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = read(monkeypatch, tmp_path / "env", "ALLOWED_HOSTS=a.example.com, b.example.com c.example.com\n")
    assert variables.names(env, "ALLOWED_HOSTS") == ["a.example.com", "b.example.com", "c.example.com"]


def test_a_line_that_cannot_be_read_is_a_mistake_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "# comment\n  # indented\n\nexport LOG_LEVEL=DEBUG\nMAX_CHANNELS = 5\nDEBUG=off\n"
    env = read(monkeypatch, tmp_path / "env", text)
    assert variables.mistakes == [
        f"{tmp_path / 'env'}, line 5: write NAME=value, without spaces around the `=`."
    ]
    assert (env.str("LOG_LEVEL", default=""), env.str("DEBUG", default="")) == ("DEBUG", "off")
    assert not caplog.records


def test_a_file_of_variables_that_cannot_be_read_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without it the process would run with defaults, on another database."""
    env = read(monkeypatch, tmp_path / "env", "")
    variables.read_file(env, "STREAMHUB_ENV_FILE", tmp_path / "absent")
    assert variables.mistakes == []
    variables.read_file(env, "STREAMHUB_ENV_FILE", tmp_path)
    (unreadable,) = variables.mistakes
    assert f"{tmp_path} cannot be read" in unreadable
    monkeypatch.setitem(env.ENVIRON, "STREAMHUB_ENV_FILE", str(tmp_path / "absent"))
    variables.read_file(env, "STREAMHUB_ENV_FILE", tmp_path / "env")
    assert "No such file" in variables.mistakes[1]


KEYS = {
    "CLOUDFRONT_KEY_GROUP_ID": "group",
    "CLOUDFRONT_PUBLIC_KEY_ID": "K1",
    "CLOUDFRONT_PRIVATE_KEY": pem(0),
    "CLOUDFRONT_PUBLIC_KEY_ID_NEXT": "K2",
    "CLOUDFRONT_PRIVATE_KEY_NEXT": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:next-AbCdEf",
}


def test_right_keys_have_no_mistakes(live: Any) -> None:
    for name, value in KEYS.items():
        setattr(live, name, value)
    assert list(startup.mistakes()) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CLOUDFRONT_PUBLIC_KEY_ID", "", "CLOUDFRONT_PRIVATE_KEY and CLOUDFRONT_PUBLIC_KEY_ID go together"),
        ("CLOUDFRONT_PRIVATE_KEY", "", "CLOUDFRONT_PRIVATE_KEY and CLOUDFRONT_PUBLIC_KEY_ID go together"),
        ("CLOUDFRONT_PRIVATE_KEY_NEXT", "", "CLOUDFRONT_PRIVATE_KEY_NEXT and CLOUDFRONT_PUBLIC_KEY_ID_NEXT"),
        ("CLOUDFRONT_KEY_GROUP_ID", "", "CLOUDFRONT_PRIVATE_KEY needs CLOUDFRONT_KEY_GROUP_ID"),
        ("CLOUDFRONT_PUBLIC_KEY_ID_NEXT", "K1", "CLOUDFRONT_PUBLIC_KEY_ID_NEXT is the present key's id"),
        ("CLOUDFRONT_PRIVATE_KEY", "s3cret", "CLOUDFRONT_PRIVATE_KEY cannot sign: it is not a private key"),
    ],
)
def test_keys_that_could_sign_for_nobody_are_one_sentence(
    live: Any, name: str, value: str, expected: str
) -> None:
    for each, right in KEYS.items():
        setattr(live, each, right)
    setattr(live, name, value)
    (sentence,) = startup.mistakes()
    assert expected in sentence
    assert "s3cret" not in sentence


def test_a_process_with_a_mistake_does_not_start(live: Any, capsys: pytest.CaptureFixture[str]) -> None:
    live.CELERY_BROKER_URL = ""
    with pytest.raises(SystemExit) as end:
        startup.start("worker")
    assert end.value.code == startup.EXIT_CODE
    output = capsys.readouterr().err
    assert output.startswith("StreamHub's worker cannot start: STREAMHUB_AWS=live needs CELERY_BROKER_URL")
    assert output.count("\n") == 1


def test_the_start_logs_which_aws_is_used(
    live: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws = EmbeddedAws(scale=0).start_in_thread()
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    live.STREAMHUB_ENVIRONMENT = "production"
    live.CELERY_BROKER_URL = "redis://:geheim@redis:6379/0"
    try:
        startup.start("web")
    finally:
        aws.stop()
    for part in (
        "LIVE",
        "account 111122223333",
        "region eu-central-1",
        "environment production",
        "redis:6379",
    ):
        assert part in caplog.text
    assert "geheim" not in caplog.text


@pytest.mark.parametrize("on", [True, False])
def test_plain_http_is_said_at_the_start(
    live: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, on: bool
) -> None:
    monkeypatch.setattr(startup, "_account", lambda: "111122223333")
    live.STREAMHUB_PLAIN_HTTP = on
    startup.announce("web")
    assert ("STREAMHUB_PLAIN_HTTP=on: passwords, cookies and tokens" in caplog.text) is on


def test_a_process_starts_when_aws_does_not_answer(
    live: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    startup.start("web")
    assert "account unknown" in caplog.text


@pytest.mark.parametrize("url", ["smtp.example.com", "smtp+tls://host:port", "gopher://example.com"])
def test_a_wrong_mail_server_is_a_sentence(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert variables.mail(environ.Env(), "EMAIL_URL") == {}
    assert len(variables.mistakes) == 1
    assert "EMAIL_URL is not an address of a mail server" in variables.mistakes[0]


def test_a_right_mail_server_gives_djangos_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://anna:secret@mail.example.com:587")
    found = variables.mail(environ.Env(), "EMAIL_URL")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == (
        "mail.example.com",
        587,
        True,
    )
    assert variables.mistakes == []
