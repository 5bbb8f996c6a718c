"""The site with the dummy API instead of the real one."""

from django.urls import path

from streamhub import urls as site
from tests.access.dummy import api

urlpatterns = [path("api/v1/", api.urls), *site.urlpatterns]

handler400 = site.handler400
handler403 = site.handler403
handler404 = site.handler404
handler500 = site.handler500
