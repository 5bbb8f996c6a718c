from __future__ import annotations

import re

import pytest

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture
def description(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(description):
    return [
        (method, path, details)
        for path, methods in description["paths"].items()
        for method, details in methods.items()
    ]


def problems(details) -> list[str]:
    statuses = [status for status in details["responses"] if status >= "400"]
    assert all(details["responses"][status]["content"] == PROBLEM for status in statuses)
    return sorted(statuses)


def test_every_problem_of_every_operation_is_described(description):
    paths = description["paths"]
    every = {"400", "401", "403", "408", "414", "415", "429", "431", "503"}
    changing = every | {"409", "411", "413", "422"}
    assert set(problems(paths["/api/v1/groups"]["get"])) == every | {"422"}
    assert set(problems(paths["/api/v1/groups"]["post"])) == changing
    assert set(problems(paths["/api/v1/groups/{group_id}"]["get"])) == every | {"404"}
    assert set(problems(paths["/api/v1/groups/{group_id}"]["delete"])) == changing | {"404"}


def test_the_key_is_an_optional_header_of_operations_that_change_something(description):
    for method, _, details in operations(description):
        keys = [p for p in details["parameters"] if p["name"] == "Idempotency-Key"]
        assert len(keys) == (method in ("post", "delete"))
        assert not any(key["required"] for key in keys)


def test_the_documented_pattern_of_a_key_allows_at_most_255_characters(description):
    parameters = description["paths"]["/api/v1/groups"]["post"]["parameters"]
    (pattern,) = (p["schema"]["pattern"] for p in parameters if p["name"] == "Idempotency-Key")
    assert re.fullmatch(pattern, "x" * 255)
    assert not re.fullmatch(pattern, "x" * 256)


def test_operations_name_the_bearer_token_and_its_scope(description):
    scheme = description["components"]["securitySchemes"]["Bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    paths = description["paths"]
    assert paths["/api/v1/groups"]["post"]["security"] == [{"Bearer": ["channels:write"]}]
    assert paths["/api/v1/groups/whoami"]["get"]["security"] == [{"Bearer": []}]


def test_bodies_forbid_unknown_fields_and_times_have_their_format(description):
    schema = description["components"]["schemas"]["GroupIn"]
    assert schema["additionalProperties"] is False
    (moment,) = [kind for kind in schema["properties"]["starts_at"]["anyOf"] if kind["type"] == "string"]
    assert moment["format"] == "date-time"
    assert re.search(moment["pattern"], "2026-11-22T18:30:00Z")
    assert not re.search(moment["pattern"], "0001-01-01T00:00:00+14:00")


def test_all_references_exist(description):
    wanted = set(re.findall(r"#/components/schemas/([^\"']+)", str(description)))
    assert "Problem" in wanted
    assert wanted <= description["components"]["schemas"].keys()


def test_the_docs_page_needs_no_internet_and_no_token(client):
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "swagger" in page
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)


def test_the_real_api_is_described(client, settings):
    settings.ROOT_URLCONF = "streamhub.urls"
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"200", "422", "503"} == paths["/api/v1/readyz"]["get"]["responses"].keys()
    assert "security" not in paths["/api/v1/livez"]["get"]
