"""The names of the encoding profiles, for services and forms (which do not reach into `streamhub.aws`).

A test keeps them equal to `streamhub.aws.encoding.PROFILES`.
"""

PROFILE_NAMES = ("1080p", "720p", "480p")
