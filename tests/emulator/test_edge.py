"""CloudFront's edges: aliases, protocols, methods, custom headers, cached errors. Closed origins."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.base import ACCOUNT_ID
from emulator.server import Handle
from tests.emulator.clients import ClientFactory, Refused, change_distribution

from .stack import Stack, make_stack

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/Secrets"


@pytest.fixture
def stack(aws: Handle, client: ClientFactory) -> Stack:
    return make_stack(aws, client)


def ask(aws: Handle, method: str, url: str, **headers: str) -> http.client.HTTPResponse:
    """One request as a player sends it."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=5)
    connection.request(
        method, parts.path, headers={"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme, **headers}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def cloudfront(stack: Stack) -> Any:
    return stack.client("cloudfront")


# -- who is asked, and how


def test_an_alias_plays_as_the_domain_does(stack: Stack) -> None:
    stack.start()
    control = stack.aws.control
    alias = stack.url.replace(stack.domain, "live.example.com")
    arn = control.console("cloudfront", "import_certificate", names=["*.example.com"])["Arn"]
    change_distribution(
        cloudfront(stack),
        stack.distribution_id,
        Aliases={"Quantity": 1, "Items": ["live.example.com"]},
        ViewerCertificate={
            "ACMCertificateArn": arn,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    )
    assert control.play(alias)[0] == control.play(stack.url)[0] == 200


def test_http_is_redirected_to_https(stack: Stack) -> None:
    stack.start()
    answer = ask(stack.aws, "GET", stack.url.replace("https:", "http:"))
    assert (answer.status, answer.headers["Location"]) == (301, stack.url)


def behaviour(stack: Stack, **changes: Any) -> dict[str, Any]:
    config = cloudfront(stack).get_distribution_config(Id=stack.distribution_id)["DistributionConfig"]
    return {"DefaultCacheBehavior": {**config["DefaultCacheBehavior"], **changes}}


def test_https_only_refuses_http(stack: Stack) -> None:
    change_distribution(
        cloudfront(stack), stack.distribution_id, **behaviour(stack, ViewerProtocolPolicy="https-only")
    )
    assert ask(stack.aws, "GET", stack.url.replace("https:", "http:")).status == 403


def test_only_allowed_methods_are_answered(stack: Stack) -> None:
    stack.start()
    assert ask(stack.aws, "HEAD", stack.url).status == 200
    assert ask(stack.aws, "POST", stack.url).status == 403


def test_a_path_pattern_chooses_the_behaviour(aws: Handle, client: ClientFactory) -> None:
    stack = make_stack(aws, client)
    stack.start()
    closed = {
        **behaviour(stack, ViewerProtocolPolicy="https-only")["DefaultCacheBehavior"],
        "PathPattern": "/out/v?/*",
    }
    change_distribution(
        cloudfront(stack), stack.distribution_id, CacheBehaviors={"Quantity": 1, "Items": [closed]}
    )
    insecure = stack.url.replace("https:", "http:")
    assert ask(aws, "GET", insecure).status == 403
    assert ask(aws, "GET", insecure.replace("/out/v1/", "/in/")).status == 301


# -- other sites


SIMPLE_CORS = "60669652-455b-4ae9-85a4-c4c02393f86c"
WITH_PREFLIGHT = "5cc3b908-e619-4b99-88e5-2cf7f45965bd"
SECURITY = "67f7725c-6f97-4210-82d7-5512b31e9d03"
ALLOWED = "Access-Control-Allow-Origin"


def with_policy(stack: Stack, policy: str) -> None:
    changed = behaviour(stack, ResponseHeadersPolicyId=policy)
    change_distribution(cloudfront(stack), stack.distribution_id, **changed)


def test_mediapackage_lets_every_site_read_its_files(stack: Stack) -> None:
    stack.start()
    for url in (stack.url, stack.endpoint_url):
        assert ask(stack.aws, "GET", url, Origin="https://admin.example.com").headers[ALLOWED] == "*"
        assert ALLOWED not in ask(stack.aws, "GET", url).headers


@pytest.mark.parametrize(
    ("policy", "exposed"), [(SIMPLE_CORS, None), (WITH_PREFLIGHT, "*")], ids=["simple", "preflight"]
)
def test_a_response_headers_policy_lets_other_sites_read_errors_too(
    stack: Stack, policy: str, exposed: str | None
) -> None:
    with_policy(stack, policy)
    answer = ask(stack.aws, "GET", stack.url, Origin="https://admin.example.com")
    assert (answer.status, answer.headers[ALLOWED]) == (404, "*")
    assert answer.headers.get("Access-Control-Expose-Headers") == exposed
    assert ALLOWED not in ask(stack.aws, "GET", stack.url).headers


def test_without_such_a_policy_errors_cannot_be_read(stack: Stack) -> None:
    assert ALLOWED not in ask(stack.aws, "GET", stack.url, Origin="https://a.example").headers
    with_policy(stack, SECURITY)
    assert ALLOWED not in ask(stack.aws, "GET", stack.url, Origin="https://a.example").headers


def test_what_is_disabled_has_no_policy(stack: Stack) -> None:
    with_policy(stack, SIMPLE_CORS)
    stack.aws.control.console("cloudfront", "disable", Id=stack.distribution_id)
    answer = ask(stack.aws, "GET", stack.url, Origin="https://a.example")
    assert (answer.status, ALLOWED in answer.headers) == (403, False)


# -- errors stay in the cache


def error_responses(*codes: int, seconds: int) -> dict[str, Any]:
    items = [{"ErrorCode": code, "ErrorCachingMinTTL": seconds} for code in codes]
    return {"CustomErrorResponses": {"Quantity": len(items), "Items": items}}


@pytest.mark.parametrize(
    ("responses", "seconds"),
    [(error_responses(404, seconds=60), 60), ({"CustomErrorResponses": {"Quantity": 0}}, 10)],
    ids=["set", "default"],
)
def test_an_error_of_the_origin_is_served_for_its_ttl(
    stack: Stack, responses: dict[str, Any], seconds: int
) -> None:
    change_distribution(cloudfront(stack), stack.distribution_id, **responses)
    stack.aws.control.durations(medialive_start=0)
    assert stack.aws.control.play(stack.url)[0] == 404
    stack.client("medialive").start_channel(ChannelId=stack.channel_id)
    stack.aws.control.advance(seconds - 2)
    assert stack.aws.control.play(stack.url)[0] == 404
    assert ask(stack.aws, "GET", stack.url).headers["X-Cache"] == "Error from cloudfront"
    stack.aws.control.advance(2)
    assert stack.aws.control.play(stack.url)[0] == 200


def test_the_products_distribution_forgets_an_error_after_a_second(stack: Stack) -> None:
    stack.aws.control.durations(medialive_start=0)
    assert stack.aws.control.play(stack.url)[0] == 404
    stack.client("medialive").start_channel(ChannelId=stack.channel_id)
    stack.aws.control.advance(1)
    assert stack.aws.control.play(stack.url)[0] == 200


def test_an_error_is_kept_for_its_own_path(stack: Stack) -> None:
    stack.start()
    assert stack.aws.control.play(stack.url + ".bak")[0] == 404
    assert stack.aws.control.play(stack.url)[0] == 200


# -- the origin


def close(stack: Stack, header: str | None) -> str:
    """A second endpoint, with CDN authorization; its URL. CloudFront sends `header` to the origin."""
    secret = stack.aws.control.console("mediapackage", "put_secret", value="first")["arn"]
    endpoint = stack.client("mediapackage").create_origin_endpoint(
        Id="closed",
        ChannelId=stack.package_id,
        HlsPackage={},
        Authorization={"CdnIdentifierSecret": secret, "SecretsRoleArn": ROLE},
    )
    send(stack, header)
    return str(endpoint["Url"])


def send(stack: Stack, header: str | None) -> None:
    """Let CloudFront send this CDN identifier to the origin, or none."""
    config = cloudfront(stack).get_distribution_config(Id=stack.distribution_id)["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    items = [{"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": header}] if header else []
    headers = {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}
    change_distribution(
        cloudfront(stack),
        stack.distribution_id,
        Origins={"Quantity": 1, "Items": [{**origin, "CustomHeaders": headers}]},
    )


def through(stack: Stack, url: str) -> int:
    """What a viewer gets of an endpoint through CloudFront."""
    return int(stack.aws.control.play(f"https://{stack.domain}{urlsplit(url).path}")[0])


def test_an_open_origin_can_be_read_past_cloudfront(stack: Stack) -> None:
    stack.start()
    assert stack.aws.control.play(stack.endpoint_url)[0] == 200


@pytest.mark.parametrize(("header", "status"), [("first", 200), ("guessed", 403), (None, 403)])
def test_a_closed_origin_answers_cloudfront_with_the_right_header_only(
    stack: Stack, header: str | None, status: int
) -> None:
    stack.start()
    url = close(stack, header)
    assert through(stack, url) == status
    assert stack.aws.control.play(url)[0] == 403
    assert stack.aws.control.play(url, headers={"X-MediaPackage-CDNIdentifier": "first"})[0] == 200


def test_a_viewers_own_header_does_not_open_the_origin(stack: Stack) -> None:
    stack.start()
    path = urlsplit(close(stack, None)).path
    forged = {"X-MediaPackage-CDNIdentifier": "first"}
    assert stack.aws.control.play(f"https://{stack.domain}{path}", headers=forged)[0] == 403


def test_a_header_that_the_endpoint_does_not_expect_is_404(stack: Stack) -> None:
    stack.start()
    assert through(stack, stack.endpoint_url) == 200
    send(stack, "first")
    assert through(stack, stack.endpoint_url) == 404


def test_the_value_before_a_rotation_is_taken_once_more(stack: Stack) -> None:
    stack.start()
    url = close(stack, "first")
    secret = stack.client("mediapackage").describe_origin_endpoint(Id="closed")["Authorization"]
    for value, status in (("second", 200), ("third", 403)):
        stack.aws.control.console(
            "mediapackage", "put_secret", arn=secret["CdnIdentifierSecret"], value=value
        )
        stack.aws.control.advance(601)  # until MediaPackage has noticed
        assert through(stack, url) == status


def test_an_endpoint_needs_a_secret_and_a_role_that_exist(stack: Stack) -> None:
    secret = stack.aws.control.console("mediapackage", "put_secret", value="first")["arn"]
    for wrong in (
        {"CdnIdentifierSecret": secret + "x", "SecretsRoleArn": ROLE},
        {"CdnIdentifierSecret": secret, "SecretsRoleArn": "Secrets"},
    ):
        with Refused("UnprocessableEntityException", 422):
            stack.client("mediapackage").create_origin_endpoint(
                Id="closed", ChannelId=stack.package_id, HlsPackage={}, Authorization=wrong
            )
