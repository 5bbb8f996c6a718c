"""Who the customers are, and what they had by month and day."""

from __future__ import annotations

from channels_app.models import Breakout


def customers_known() -> list[str]:
    """The customers of all breakouts, by name."""
    rows = Breakout.objects.exclude(customer="").order_by("customer")
    return list(rows.values_list("customer", flat=True).distinct())
