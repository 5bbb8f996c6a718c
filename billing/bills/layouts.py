"""The two layouts of AWS's bill, by their columns ("Data Exports table dictionary"): values only.

A column has several names where versions of a layout differ; the first that a file has counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from billing.bill_rows import Unexplained

USAGE = "usage"


@dataclass(frozen=True, eq=False)
class Layout:
    """`columns`: what each figure is called. `optional`: figures without which a bill can be read."""

    name: str
    sign: str  # a column that only this layout has
    columns: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]
    optional: frozenset[str] = frozenset({"operation", "quantity"})

    def missing(self, found: Collection[str]) -> list[str]:
        """The columns that a bill of this layout must have and that this one has not."""
        return [
            " or ".join(names)
            for figure, names in self.columns.items()
            if figure not in self.optional and not set(names) & set(found)
        ]

    def column(self, figure: str, found: Collection[str]) -> str | None:
        return next((name for name in self.columns[figure] if name in found), None)


CUR = Layout(
    "CUR 2.0",
    "line_item_line_item_type",
    {
        "month": ("bill_billing_period_start_date",),
        "currency": ("line_item_currency_code",),
        "kind": ("line_item_line_item_type",),
        "service": ("line_item_product_code",),
        "usage_type": ("line_item_usage_type",),
        "operation": ("line_item_operation",),
        "resource": ("line_item_resource_id",),
        "start": ("line_item_usage_start_date",),
        "end": ("line_item_usage_end_date",),
        "quantity": ("line_item_usage_amount",),
        "cost": ("line_item_unblended_cost",),
    },
    {
        "Usage": USAGE,
        "DiscountedUsage": USAGE,
        "SavingsPlanCoveredUsage": USAGE,
        "SavingsPlanNegation": Unexplained.DISCOUNT,
        "BundledDiscount": Unexplained.DISCOUNT,
        "EdpDiscount": Unexplained.DISCOUNT,
        "PrivateRateDiscount": Unexplained.DISCOUNT,
        "RiVolumeDiscount": Unexplained.DISCOUNT,
        "SppDiscount": Unexplained.DISCOUNT,
        "Discount": Unexplained.DISCOUNT,
        "Credit": Unexplained.CREDIT,
        "Refund": Unexplained.REFUND,
        "Tax": Unexplained.TAX,
        "Fee": Unexplained.FEE,
        "RIFee": Unexplained.FEE,
        "SavingsPlanRecurringFee": Unexplained.FEE,
        "SavingsPlanUpfrontFee": Unexplained.FEE,
    },
)
FOCUS = Layout(
    "FOCUS 1.x",
    "ChargeCategory",
    {
        "month": ("BillingPeriodStart",),
        "currency": ("BillingCurrency",),
        "kind": ("ChargeCategory",),
        "service": ("x_ServiceCode",),
        "usage_type": ("x_UsageType", "SkuMeter"),
        "operation": ("x_Operation",),
        "resource": ("ResourceId",),
        "start": ("ChargePeriodStart",),
        "end": ("ChargePeriodEnd",),
        "quantity": ("ConsumedQuantity",),
        "cost": ("BilledCost",),
    },
    {
        "Usage": USAGE,
        "Purchase": Unexplained.FEE,
        "Tax": Unexplained.TAX,
        "Credit": Unexplained.CREDIT,
        "Adjustment": Unexplained.REFUND,
    },
)
LAYOUTS = (CUR, FOCUS)


def layout_of(found: Collection[str]) -> Layout | None:
    """The layout that has these columns; None if it is neither."""
    for layout in LAYOUTS:
        known = {name for names in layout.columns.values() for name in names}
        if layout.sign in found or len(known & set(found)) > len(layout.columns) // 2:
            return layout
    return None
