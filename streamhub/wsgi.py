"""WSGI entry point: `gunicorn streamhub.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from streamhub.charset import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

application = utf8_only(get_wsgi_application())

from streamhub import startup  # noqa: E402  needs Django to be set up
from streamhub.aws import signing_keys  # noqa: E402
from streamhub.lifecycle import clocks  # noqa: E402

startup.start("web")
clocks.report_in_background(clocks.WEB)
signing_keys.read_in_background()
