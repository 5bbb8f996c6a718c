"""The site's URLs: the admin, the API and the health checks."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from ninja import Router

from billing.api import router as usage_router
from billing.costs.api import router as costs_router
from billing.statements.api import router as statements_router
from channels_app.api import breakouts_router, channels_router
from distributions.api import router as distributions_router
from distributions.reaper_api import router as reaper_router
from streamhub import health
from streamhub.access import problems
from streamhub.access.api import make_api
from streamhub.access.auth import scope
from streamhub.alerts.api import make_router as make_alarms_router
from streamhub.console.login import login
from streamhub.quotas.api import make_router as make_quotas_router

# The apps' operations. Several routers may share a prefix.
ROUTERS: tuple[tuple[str, Router], ...] = (
    ("", health.router),
    ("/channels", channels_router),
    ("/breakouts", breakouts_router),
    ("/breakouts", usage_router),
    ("/distributions", distributions_router),
    ("/reaper", reaper_router),
    ("/alarms", make_alarms_router(read=scope("channels:read"), write=scope("channels:write"))),
    ("/costs", costs_router),
    ("/statements", statements_router),
    ("/quotas", make_quotas_router(read=scope("channels:read"))),
)

api = make_api()
for prefix, router in ROUTERS:
    api.add_router(prefix, router)

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    # The same address as `admin:login`, under the name that allauth looks for.
    path("admin/login/", login, name="account_login"),
    path("admin/account/", include("streamhub.signin.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    re_path(r"^api(/|$)", problems.unknown_path),
]

handler400 = problems.handler400
handler403 = problems.handler403
handler404 = problems.handler404
handler500 = problems.handler500
