"""Names that Django derives of the models and columns of this app, marked for translation."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

MODEL_NAMES = (
    _("breakout"),
    _("breakouts"),
    _("channel"),
    _("channel class"),
    _("channels"),
    _("curtain raised"),
    _("encoding profile"),
    _("input type"),
    _("record"),
    _("security group"),
    _("security groups"),
    _("usage status"),
)
