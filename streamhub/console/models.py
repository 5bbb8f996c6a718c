"""PersonalView: a list's filters under a name, of one person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from streamhub.name_columns import visible

NAME_MAX = 40
QUERY_MAX = 2000


class PersonalView(models.Model):
    """`model` is the list ("app.model"), `query` its address after the question mark."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=100)
    name = models.CharField(max_length=NAME_MAX)
    query = models.CharField(max_length=QUERY_MAX)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "model", "name"], name="personal_view_name_unique"),
            *visible("name", "personal_view_name_visible"),
        ]

    def __str__(self) -> str:
        return self.name
