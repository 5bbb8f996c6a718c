"""The encoding profiles by name, for services and forms (which do not reach into `streamhub.aws`).

A test keeps them equal to `streamhub.aws.encoding.PROFILES`.
"""

# Name -> how many video outputs it makes: what MediaLive bills, for each pipeline.
PROFILE_OUTPUTS = {"1080p": 4, "720p": 3, "480p": 2}
PROFILE_NAMES = tuple(PROFILE_OUTPUTS)
