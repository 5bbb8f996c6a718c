"""The verbs of statements on their pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.statement_rows import Statement
from billing.statements import guards, services
from streamhub.console.forms import ConsoleForm
from streamhub.console.verbs import Verb


class VoidForm(ConsoleForm):
    reason = forms.CharField(
        max_length=services.REASON_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Why it is void, for the customer and for who reads the books. It is kept for ever."),
    )


def _refusal(verb: str) -> Any:
    return lambda row, _situation: guards.refusal(verb, row.state, row.at_work)


def _issue_refusal(row: Statement, _situation: Any) -> str | None:
    if refused := guards.refusal("issue", row.state, row.at_work):
        return refused
    return " ".join(row.missing) or None


VERBS = (
    Verb(
        name="issue",
        label=_("Issue"),
        icon="verified",
        permission="billing.issue_statement",
        run=lambda row, who: services.statement_issue(row, who=who),
        refusal=_issue_refusal,
        consequences=lambda row: [
            gettext("It gets the next number, and states %(total)s %(currency)s in %(lines_count)s lines.")
            % {"total": f"{row.total:,}", "currency": row.currency, "lines_count": f"{row.lines_count:,}"},
            gettext(
                "From then on nothing of it can be changed, by nobody. What comes late is on the next one."
            ),
        ],
        done=_("it is issued."),
        primary=True,
        irreversible=True,
        bulk=False,
        order=10,
    ),
    Verb(
        name="recompute",
        label=_("Recompute"),
        icon="calculate",
        permission="billing.change_statement",
        run=lambda row, who: services.statement_recompute(row, who=who),
        refusal=_refusal("recompute"),
        consequences=lambda row: [gettext("Its lines are worked out again, from the ledger as it is now.")],
        done=_("it is worked out again."),
        bulk=False,
        order=20,
    ),
    Verb(
        name="discard",
        label=_("Discard"),
        icon="delete",
        permission="billing.delete_statement",
        run=lambda row, who: services.statement_discard(row, who=who),
        refusal=_refusal("discard"),
        consequences=lambda row: [gettext("The draft is deleted. It can be worked out again at any time.")],
        done=_("the draft is discarded."),
        danger=True,
        bulk=False,
        order=30,
    ),
    Verb(
        name="void",
        label=_("Void"),
        icon="block",
        permission="billing.void_statement",
        run=lambda row, who, reason="": services.statement_void(row, reason, who=who),
        refusal=_refusal("void"),
        consequences=lambda row: [
            gettext("Statement %(number)s counts no more. It is kept, with its number and your reason.")
            % {"number": row.number},
            gettext("It states %(total)s %(currency)s in %(lines_count)s lines.")
            % {"total": f"{row.total:,}", "currency": row.currency, "lines_count": f"{row.lines_count:,}"},
            gettext("All of that goes into the next draft again."),
            gettext("Tell the customer: who has it on paper does not know."),
        ],
        done=_("it is void."),
        danger=True,
        irreversible=True,
        bulk=False,
        form=VoidForm,
        order=40,
    ),
)
