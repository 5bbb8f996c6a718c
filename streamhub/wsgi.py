"""WSGI entry point: `gunicorn streamhub.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamhub.settings")

application = get_wsgi_application()
