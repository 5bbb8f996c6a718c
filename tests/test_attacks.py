"""The attacks of docs/security.md: each names one test, and counts as held up only if that ran and passed."""

from __future__ import annotations

import pytest

from tests.attacks import HELD, NOT_TRIED, PAGE, SUCCEEDED, Attack, attacks, files_of, outcomes, verdict

ATTACK = Attack("a try", "refused", ("test_one", "test_two"))


def test_each_attack_names_tests_that_there_are() -> None:
    table = attacks(PAGE.read_text())
    assert len(table) > 30
    assert all(attack.tests and attack.outcome for attack in table)
    assert files_of({name: None for attack in table for name in attack.tests})


def test_a_name_that_no_test_has_is_said() -> None:
    with pytest.raises(LookupError, match="test_of_nothing"):
        files_of(["test_of_nothing"])


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"test_one": {HELD}, "test_two": {HELD}}, HELD),
        ({"test_one": {HELD}, "test_two": {HELD, SUCCEEDED}}, SUCCEEDED),
        ({"test_one": {HELD}, "test_two": {HELD, NOT_TRIED}}, NOT_TRIED),
        ({"test_one": {HELD}}, NOT_TRIED),
        ({}, NOT_TRIED),
    ],
    ids=["all passed", "a case failed", "a case was skipped", "one did not run", "none ran"],
)
def test_an_attack_is_held_up_if_each_of_its_tests_passed(ends: dict[str, set[str]], expected: str) -> None:
    assert verdict(ATTACK, ends) == expected


def test_how_cases_ended_is_read_from_pytests_report() -> None:
    report = (
        '<testsuites><testsuite><testcase name="test_a[x]"/><testcase name="test_a[y]"><failure/></testcase>'
        '<testcase name="test_b"><skipped/></testcase><testcase name="test_c"><error/></testcase>'
        "</testsuite></testsuites>"
    )
    assert outcomes(report) == {"test_a": {HELD, SUCCEEDED}, "test_b": {NOT_TRIED}, "test_c": {SUCCEEDED}}
