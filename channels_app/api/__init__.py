"""The HTTP API of channels and breakouts (API.md); verbs are the services'."""

from channels_app.api.channels import router as channels_router

__all__ = ["channels_router"]
