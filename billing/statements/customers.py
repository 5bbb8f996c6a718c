"""Who the customers are."""

from __future__ import annotations

from django.conf import settings

from billing.statement_rows import Statement
from channels_app.models import Breakout


def customers_known() -> list[str]:
    """Everybody of whom there may be something to state, by name.

    Who has a breakout; who has a statement, which may have to be taken back, because the shows were given to
    somebody else or the name was corrected; and who has what no breakout explains.
    """
    names = {settings.UNATTRIBUTED_CUSTOMER}
    for model in (Breakout, Statement):
        rows = model._default_manager.exclude(customer="").order_by()
        names.update(rows.values_list("customer", flat=True).distinct())
    return sorted(names - {""})


def customer_known(name: str) -> bool:
    """Whether the name is one of `customers_known`."""
    models = (Breakout, Statement)
    return name == settings.UNATTRIBUTED_CUSTOMER or any(
        model._default_manager.filter(customer=name).exists() for model in models
    )
