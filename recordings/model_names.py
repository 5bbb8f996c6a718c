"""Names that Django derives of the models and columns of this app, marked for translation."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

MODEL_NAMES = (
    _("recording"),
    _("recordings"),
)
