"""What stays shown beside a refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from distributions.models import Distribution
from streamhub.lifecycle import refusals


@pytest.mark.parametrize(
    ("shown", "attempts", "kept"),
    [
        ("", 1, False),
        ("price_class_refused", 1, False),
        ("tags_refused", 1, True),
        # What this step met at its last attempt, such as a conflict: it is over if the step ends well now.
        ("Conflict", 2, False),
    ],
)
def test_a_step_keeps_what_is_shown_of_another_matter(shown: str, attempts: int, kept: bool) -> None:
    claim: Any = SimpleNamespace(row=Distribution(error_code=shown, attempts=attempts), keep_error=None)
    refusals.keep_others(claim, "price_class_refused")
    assert claim.keep_error is kept


def test_a_throttle_that_took_its_turn_in_the_line_again_is_no_other_matter() -> None:
    """It counted as no attempt, so the number of attempts does not tell it from another matter."""
    row = Distribution(error_code="ThrottlingException", error_operation="cloudfront:X", attempts=1)
    claim: Any = SimpleNamespace(row=row, keep_error=False)
    refusals.keep_others(claim, "price_class_refused")
    assert claim.keep_error is False


def test_what_was_kept_before_stays_kept() -> None:
    claim: Any = SimpleNamespace(row=Distribution(error_code="handed_over", attempts=2), keep_error=True)
    refusals.keep_others(claim, "price_class_refused")
    assert claim.keep_error is True
