"""The names of the encoding profiles, for services and forms, which may not import `streamhub.aws`.

A test compares them with `streamhub.aws.encoding.PROFILES`.
"""

# Name -> number of video outputs, which MediaLive bills for each pipeline.
PROFILE_OUTPUTS = {"1080p": 4, "720p": 3, "480p": 2}
PROFILE_NAMES = tuple(PROFILE_OUTPUTS)
