"""Settings of the test suite: the product's own, on a scratch database and an embedded AWS."""

import os
import tempfile

os.environ.setdefault("STREAMHUB_VAR_DIR", tempfile.mkdtemp(prefix="streamhub-tests-"))

from streamhub.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, because threads do not wait for locks in a shared in-memory database.
    DATABASES["default"]["TEST"] = {"NAME": os.environ["STREAMHUB_VAR_DIR"] + "/test.sqlite3"}  # noqa: F405
