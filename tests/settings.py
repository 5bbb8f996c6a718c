"""Settings of the test suite: the product's own, on a scratch database and an embedded AWS."""

import os
import tempfile

os.environ.setdefault("STREAMHUB_VAR_DIR", tempfile.mkdtemp(prefix="streamhub-tests-"))

from streamhub.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
