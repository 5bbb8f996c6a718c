"""Signed cookies on an alias: who plays with them, for which domain they are, and from which sites (CORS)."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from channels_app import cookies, services
from channels_app.models import Breakout
from channels_app.playback_link import breakout_playback
from channels_app.readiness import Check, readiness
from distributions.models import HeadersPolicy, ViewerKey
from distributions.tasks import observe_viewer_keys
from streamhub import playback_settings
from tests.scenarios import alias, signed, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.prepared import begin_with
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
ALL, DENIED = [200, 200, 200], [403]
SITE = "https://www.example.com"
POLICY = "11112222-0000-4000-8000-000000000001"


@pytest.fixture
def show(world: WorldUnderTest, settings: Any) -> Breakout:
    """A protected show on an alias."""
    alias.want(settings)
    signed.trust(settings)
    begin_with(world, _prepared)
    return stage.breakout()


def _prepared(world: WorldUnderTest) -> None:
    alias.make(world)
    signed._prepared(world)
    world.settle(until=alias.serves)


def policy(world: WorldUnderTest, settings: Any, origins: list[str], **options: Any) -> None:
    """A policy of the house, on the distribution."""
    world.control.console("cloudfront", "create_header_policy", Id=POLICY, origins=origins, **options)
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    settings.PLAYBACK_ORIGINS = [SITE]


def check(row: Breakout) -> Check | None:
    return next((each for each in readiness(row).checks if each.name == "playback_origins"), None)


# --- who plays -------------------------------------------------------------------------------


def test_playlists_and_segments_play_with_the_cookies_and_none_without(
    world: WorldUnderTest, show: Breakout
) -> None:
    link = breakout_playback(show, who=TESTER)
    assert urlsplit(link.url).hostname == alias.ALIAS
    assert link.cookies is not None
    assert sorted(link.cookies) == ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"]
    assert signed.plays(world, link.url, cookies=dict(link.cookies)) == ALL
    assert signed.plays(world, link.url, link.query) == ALL
    assert signed.plays(world, link.url) == DENIED
    for name in link.cookies:
        fewer = {key: value for key, value in link.cookies.items() if key != name}
        assert signed.plays(world, link.url, cookies=fewer) == DENIED


def test_the_cookies_are_for_this_host_and_folder_only(world: WorldUnderTest, show: Breakout) -> None:
    link = breakout_playback(show, who=TESTER)
    own = link.url.replace(alias.ALIAS, stage.distribution().domain_name)
    assert signed.plays(world, own, cookies=dict(link.cookies or {})) == DENIED


def test_without_its_alias_a_show_has_no_cookies(world: WorldUnderTest, settings: Any) -> None:
    row = signed.signed_show(world, settings)
    link = breakout_playback(row, who=TESTER)
    assert (link.cookies, link.cookie_domain, link.protected) == (None, None, True)


# --- for which domain ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origins", "domain"),
    [
        ([], "live.example.com"),
        ([SITE], "example.com"),
        (["https://watch.live.example.com"], "live.example.com"),
        ([SITE, "https://watch.live.example.com:8443"], "example.com"),
        (["https://event.example.org"], "live.example.com"),
        (["https://another.com", SITE], "example.com"),
    ],
    ids=["none", "site", "below", "both", "elsewhere", "one_elsewhere"],
)
def test_the_cookie_domain_is_what_alias_and_sites_share(
    settings: Any, origins: list[str], domain: str
) -> None:
    settings.CLOUDFRONT_ALIAS_DOMAIN = alias.DOMAIN
    settings.PLAYBACK_ORIGINS = origins
    assert cookies.cookie_domain(f"https://{alias.ALIAS}/out/v1/a/index.m3u8") == domain
    assert cookies.cookie_domain("https://d111111abcdef8.cloudfront.net/out/v1/a/index.m3u8") is None


# --- from which sites ------------------------------------------------------------------------


def answered(world: WorldUnderTest, url: str, given: dict[str, str], origin: str) -> dict[str, str]:
    """The CORS headers of the answer to a page of this origin."""
    parts, at = urlsplit(url), urlsplit(world.session.target.endpoint_url or "")
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=10)
    cookie = "; ".join(f"{name}={value}" for name, value in given.items())
    headers = {
        "Host": parts.hostname or "",
        "Cookie": cookie,
        "Origin": origin,
        "X-Forwarded-Proto": "https",
        "CloudFront-Forwarded-Proto": "https",
    }
    connection.request("GET", parts.path, headers=headers)
    response = connection.getresponse()
    response.read()
    found = {name.lower(): value for name, value in response.getheaders()}
    connection.close()
    return {name: value for name, value in found.items() if name.startswith("access-control-allow")}


def test_a_page_of_a_named_site_may_send_cookies_and_no_other(
    world: WorldUnderTest, settings: Any, show: Breakout
) -> None:
    policy(world, settings, [SITE])
    services.breakout_stop(show, who=TESTER)
    world.settle(until=lambda: stage.state_is("completed"))
    services.channel_apply_settings(stage.channel(), who=TESTER)
    world.settle(until=lambda: not services.settings_differing(stage.channel()) and alias.serves())
    again = services.breakout_create(stage.channel(), "again", who=TESTER)
    services.breakout_start(again, who=TESTER)
    world.settle(until=lambda: Breakout.objects.get(pk=again.pk).state == "running")
    services.breakout_curtain(again, True, who=TESTER)
    link = breakout_playback(again, who=TESTER)
    given = dict(link.cookies or {})
    allowed = answered(world, link.url, given, SITE)
    assert allowed["access-control-allow-origin"] == SITE
    assert allowed["access-control-allow-credentials"] == "true"
    assert answered(world, link.url, given, "https://evil.example.org") == {}


@pytest.mark.parametrize(
    ("origins", "options", "words"),
    [
        (["https://other.example.com"], {}, f"does not name {SITE}"),
        ([SITE], {"credentials": False}, "does not allow credentials"),
        ([SITE], {"override": False}, "does not override"),
        ([SITE, "https://other.example.com"], {}, ""),
    ],
    ids=["not_named", "no_credentials", "no_override", "fits"],
)
def test_the_readiness_says_what_the_policy_lacks(
    world: WorldUnderTest,
    settings: Any,
    show: Breakout,
    origins: list[str],
    options: dict[str, bool],
    words: str,
) -> None:
    policy(world, settings, origins, **options)
    found = check(show)
    assert found is not None
    assert found.ok is None  # nobody has looked yet
    observe_viewer_keys()
    found = check(show)
    assert found is not None
    assert (found.ok, words in found.detail) == (not words, True)


def test_a_policy_that_cannot_be_read_is_not_known(
    world: WorldUnderTest, settings: Any, show: Breakout
) -> None:
    policy(world, settings, [SITE])
    observe_viewer_keys()
    world.control.fault("cloudfront:GetResponseHeadersPolicy", "access_denied", times=None)
    observe_viewer_keys()
    found = check(show)
    assert found is not None
    assert (found.ok, "not authorized" in found.detail) == (None, True)
    world.control.clear_faults()
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = "no-such-policy"
    observe_viewer_keys()
    assert HeadersPolicy.objects.get().problem == "CloudFront has no such policy."


def test_without_sites_there_is_nothing_to_check(world: WorldUnderTest, show: Breakout) -> None:
    observe_viewer_keys()
    assert check(show) is None
    assert "cloudfront:GetResponseHeadersPolicy" not in world.counts()


# --- Prepare ---------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were sent to the broker."""
    names: list[str] = []
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda task, *_given: names.append(str(task)))
    return names


def test_prepare_has_the_job_of_the_keys_look_now(
    show: Breakout, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    ViewerKey.objects.update(observed_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        services.breakout_prepare(show, who=TESTER)
    assert "distributions.observe_viewer_keys" in sent


# --- settings --------------------------------------------------------------------------------

GOOD = {**alias.SETTINGS, "PLAYBACK_ORIGINS": [SITE], "CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID": POLICY}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"CLOUDFRONT_CERTIFICATE_ARN": ""}, "belong together"),
        ({"CLOUDFRONT_ALIAS_DOMAIN": "Live_example"}, "is not a domain"),
        ({"CLOUDFRONT_ALIAS_DOMAIN": "*.example.com"}, "is not a domain"),
        ({"CLOUDFRONT_CERTIFICATE_ARN": "arn:aws:acm:eu-west-1:111122223333:certificate/a"}, "in us-east-1"),
        ({"ROUTE53_ZONE_ID": "example.com"}, "ROUTE53_ZONE_ID is not"),
        ({"CLOUDFRONT_ALIAS_DOMAIN": "", "CLOUDFRONT_CERTIFICATE_ARN": ""}, "ROUTE53_ZONE_ID needs"),
        ({"PLAYBACK_ORIGINS": ["www.example.com"]}, "'www.example.com'"),
        ({"PLAYBACK_ORIGINS": [f"{SITE}/live"]}, "write origins"),
        (
            {"CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID": "60669652-455b-4ae9-85a4-c4c02393f86c"},
            "a policy of yours",
        ),
    ],
    ids=["good", "half", "underscore", "star", "region", "zone", "zone_alone", "host", "path", "managed"],
)
def test_a_wrong_setting_is_told_in_a_sentence(settings: Any, changes: dict[str, Any], words: str) -> None:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    told = list(playback_settings.mistakes())
    assert (told == []) if not words else any(words in sentence for sentence in told), told
