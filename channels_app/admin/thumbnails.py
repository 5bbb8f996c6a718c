"""The bytes of a channel's thumbnail, for staff who may see the channel."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from channels_app.models import PipelineStill
from streamhub.console.object_pages import ObjectPages


def image(admin: ObjectPages, request: HttpRequest, object_id: int, pipeline: int) -> HttpResponse:
    """The last still of a pipeline: 304 if the browser has it, 204 if there is none."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if admin.found(request, object_id) is None:
        raise Http404(_("The channel is deleted."))
    still = PipelineStill.objects.defer("body").filter(channel_id=object_id, pipeline=pipeline).first()
    if still is None:
        return HttpResponse(status=204)
    etag = f'"{still.digest}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(bytes(still.body), content_type=still.content_type)
        response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response
