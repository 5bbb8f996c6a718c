"""Settings of the test suite: the product's own, on a scratch database and an embedded AWS."""

import gc
import os
import tempfile

# Looking for garbage among all that Django, botocore and moto import takes a tenth of the suite's time.
gc.set_threshold(50_000, 20, 50)

os.environ.setdefault("STREAMHUB_VAR_DIR", tempfile.mkdtemp(prefix="streamhub-tests-"))

from streamhub.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, because threads do not wait for locks in a shared in-memory database.
    DATABASES["default"]["TEST"] = {"NAME": os.environ["STREAMHUB_VAR_DIR"] + "/test.sqlite3"}  # noqa: F405
