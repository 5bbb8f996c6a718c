"""The HTTP API of channels and breakouts (docs/api.md). It calls the same services as the admin."""

from channels_app.api import schedule  # noqa: F401  it adds its calls to both
from channels_app.api.breakouts import router as breakouts_router
from channels_app.api.channels import router as channels_router

__all__ = ["breakouts_router", "channels_router"]
