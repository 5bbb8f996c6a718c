"""The emulator against botocore's service models: it refuses what they forbid and answers as they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import emulator
from emulator import codec, conformance
from emulator.base import Refusal
from emulator.codec import AwsRequest
from emulator.faults import refusal
from emulator.server import Handle
from emulator.shapes import violations
from streamhub.aws.iam_actions import ACTIONS
from tests.emulator.clients import ClientFactory, Refused, distribution_config
from tests.scenarios import models


def operation(name: str) -> Any:
    """The model of an operation that the product calls: `service:Operation`."""
    service, _, wanted = name.partition(":")
    model = codec.load(service)
    assert model is not None
    named = (model.operation_model(name) for name in model.operation_names)
    return next(each for each in named if codec.boto_name(each) == wanted)


def found(name: str, params: dict[str, Any]) -> list[str]:
    """The violations of a request, as AWS words them."""
    return [str(violation) for violation in violations(operation(name).input_shape, params)]


def channel(**changes: Any) -> dict[str, Any]:
    return {"Name": "a", "InputAttachments": [{"InputId": "1", **changes}]}


@pytest.mark.parametrize(
    ("name", "params", "constraint"),
    [
        ("medialive:CreateChannel", {"ChannelClass": "DOUBLE"}, "'channelClass' failed .* enum value set"),
        (
            "medialive:CreateChannel",
            channel(InputSettings={"FilterStrength": 9}),
            r"inputAttachments.1.member.inputSettings.filterStrength.*value less than or equal to 5, not 9",
        ),
        ("medialive:CreateChannel", {"LastWords": "x"}, "'lastWords' .* not in the model"),
        ("medialive:DescribeChannel", {}, "Value null at 'channelId' .* must not be null"),
        ("medialive:ListChannels", {"MaxResults": "ten"}, "must be of type integer"),
        ("medialive:ListChannels", {"MaxResults": True}, "must be of type integer"),
        ("mediapackage:ListChannels", {"MaxResults": 1001}, "less than or equal to 1000"),
        (
            "cloudwatch:GetMetricData",
            {"MetricDataQueries": [{"Id": "a" * 256}], "StartTime": "2026-01-01", "EndTime": "2026-01-02"},
            "length less than or equal to 255, not 256",
        ),
        ("cloudfront:ListTagsForResource", {"Resource": "arn:aws:s3:::bucket"}, "regular expression pattern"),
    ],
    ids=["enum", "range", "unknown", "required", "type", "truth value", "page", "length", "pattern"],
)
def test_what_a_model_forbids_is_found(name: str, params: dict[str, Any], constraint: str) -> None:
    (sentence,) = found(name, params)
    assert re.search(constraint, sentence), sentence


@pytest.mark.parametrize("key", ["é à", "日本", "_.:/=+-@", "a\u00a0b", "١٢"])
def test_the_letters_digits_and_spaces_of_every_script_are_taken_in_a_tag(key: str) -> None:
    tagged = {"DistributionConfig": distribution_config(), "Tags": {"Items": [{"Key": key, "Value": key}]}}
    assert found("cloudfront:CreateDistributionWithTags", {"DistributionConfigWithTags": tagged}) == []


@pytest.mark.parametrize(
    ("service", "method", "params", "code", "status"),
    [
        ("medialive", "create_input", {"Type": "CARRIER_PIGEON"}, "BadRequestException", 400),
        ("mediapackage", "list_channels", {"MaxResults": 5000}, "UnprocessableEntityException", 422),
        (
            "cloudwatch",
            "get_metric_data",
            {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1, "ScanBy": "Any"},
            "ValidationError",
            400,
        ),
    ],
    ids=["medialive", "mediapackage", "cloudwatch"],
)
def test_each_service_refuses_in_its_own_way(
    aws: Handle,
    client: ClientFactory,
    service: str,
    method: str,
    params: dict[str, Any],
    code: str,
    status: int,
) -> None:
    with Refused(code, status) as refusal:
        getattr(client(service), method)(**params)
    assert "1 validation error detected" in refusal.message
    assert sum(aws.control.counts()["illegal"].values()) == 1


def test_a_missing_field_is_refused_by_cloudfront_as_bad_xml() -> None:
    config = {name: value for name, value in distribution_config().items() if name != "Enabled"}
    params = {"DistributionConfigWithTags": {"DistributionConfig": config, "Tags": {}}}
    name = "cloudfront:CreateDistributionWithTags"
    call = AwsRequest("cloudfront", "CreateDistributionWithTags", params, operation(name))
    with pytest.raises(Refusal, match=r"MalformedXML.*distributionConfig\.enabled"):
        conformance.refuse_illegal(call)


def test_a_response_outside_of_the_model_is_noted(
    aws: Handle, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        aws.world.services["sts"], "get_caller_identity", lambda params: {"Account": 1, "Kind": "user"}
    )
    aws.aws.account._methods.clear()
    client("sts").get_caller_identity()
    assert [line.partition("at ")[2] for line in models.found] == [
        "'kind' failed to satisfy constraint: Member is not in the model",
        "'account' failed to satisfy constraint: Member must be of type string",
    ]
    models.found.clear()


def test_an_error_code_that_is_in_no_model_is_noted(
    aws: Handle, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(params: dict[str, Any]) -> None:
        raise Refusal("NoSuchThing", "There is none.")

    monkeypatch.setattr(aws.world.services["sts"], "get_caller_identity", refuse)
    aws.aws.account._methods.clear()
    with pytest.raises(ClientError):
        client("sts").get_caller_identity()
    assert models.found == ["error of sts:GetCallerIdentity: NoSuchThing is not in the model"]
    models.found.clear()


# -- error codes

# Errors of the control API, which is not AWS's.
CONTROL = {
    "UnknownConsoleAction",
    "InvalidConsoleParameters",
    "NoSuchAudience",
    "NoSuchDomain",
    "AccountReset",
}


def codes_in_the_source() -> set[str]:
    """Every error code that a Refusal of the emulator names in so many words."""
    codes = set()
    for path in Path(emulator.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    codes.add(first.value)
    return codes


def test_every_error_code_in_the_source_is_in_a_model_or_has_a_source() -> None:
    modelled = {code for name in ACTIONS for code in conformance.codes_of(operation(name))}
    listed = {code for _service, code in conformance.OTHER_CODES}
    assert len(codes_in_the_source()) > 20
    assert codes_in_the_source() - modelled - listed - CONTROL == set()


def test_every_listed_code_has_a_source_and_is_missing_in_a_model() -> None:
    for (service, code), source in conformance.OTHER_CODES.items():
        assert source
        models_of = [operation(name) for name in ACTIONS if service in ("*", name.partition(":")[0])]
        assert not all(code in conformance.codes_of(model) for model in models_of), (service, code)


@pytest.mark.parametrize("kind", ["throttle", "error500", "access_denied"])
def test_the_code_of_a_fault_is_in_a_model_or_has_a_source(kind: str) -> None:
    for name in ACTIONS:
        service, _, wanted = name.partition(":")
        call = AwsRequest(service, wanted, {}, operation(name))
        conformance.check_error(call, refusal(kind, call).code)
    assert models.found == []
