"""MediaLive's validation of a channel's settings.

Pure functions: they take the settings and two lookup functions, and yield (element path, message).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from emulator.medialive.records import Params

SettingsError = tuple[str, str]
DESTINATION_KINDS = ("Settings", "MediaPackageSettings", "MultiplexSettings", "SrtSettings")
DESCRIPTIONS = {
    "VideoDescriptions": ("VideoDescriptionName", "Video description"),
    "AudioDescriptions": ("AudioDescriptionNames", "Audio description"),
    "CaptionDescriptions": ("CaptionDescriptionNames", "Caption description"),
}


def settings_errors(
    config: Params,
    input_error: Callable[[str, str], str | None],
    package_exists: Callable[[str], bool],
) -> list[SettingsError]:
    """All errors in a channel's `config`.

    `input_error(input_id, channel_class)` returns why an input cannot be attached, or None.
    """
    channel_class = config["ChannelClass"]
    pipelines = 2 if channel_class == "STANDARD" else 1
    return [
        *_attachment_errors(config.get("InputAttachments") or [], channel_class, input_error),
        *_destination_errors(config.get("Destinations") or [], pipelines, package_exists),
        *_encoder_errors(config.get("EncoderSettings") or {}, config.get("Destinations") or []),
    ]


def _attachment_errors(
    attachments: list[Params], channel_class: str, input_error: Callable[[str, str], str | None]
) -> Iterator[SettingsError]:
    if not attachments:
        yield "inputAttachments", "At least one input attachment is required"
    for number, attachment in enumerate(attachments):
        if error := input_error(attachment.get("InputId") or "", channel_class):
            yield f"inputAttachments[{number}].inputId", error
        yield from _failover_errors(f"inputAttachments[{number}]", attachment, attachments)
    for key in ("InputId", "InputAttachmentName"):
        yield from _duplicate_errors("inputAttachments", (attachment.get(key) for attachment in attachments))


def _failover_errors(path: str, attachment: Params, attachments: list[Params]) -> Iterator[SettingsError]:
    """The other input of a failover pair is attached too, and is another one."""
    pair = attachment.get("AutomaticInputFailoverSettings")
    if pair is None:
        return
    others = [each.get("InputId") for each in attachments if each is not attachment]
    if pair.get("SecondaryInputId") not in others:
        secondary = f"{path}.automaticInputFailoverSettings.secondaryInputId"
        yield secondary, "The secondary input must be another input that is attached to the channel"


def _destination_errors(
    destinations: list[Params], pipelines: int, package_exists: Callable[[str], bool]
) -> Iterator[SettingsError]:
    yield from _duplicate_errors("destinations", (destination.get("Id") for destination in destinations))
    for number, destination in enumerate(destinations):
        path = f"destinations[{number}]"
        if not destination.get("Id"):
            yield f"{path}.id", "An id is required"
        if sum(bool(destination.get(kind)) for kind in DESTINATION_KINDS) != 1:
            yield (
                path,
                (
                    "Exactly one of settings, MediaPackage settings, or Multiplex settings is required "
                    f'for destination "{destination.get("Id")}"'
                ),
            )
        yield from _url_errors(path, destination.get("Settings") or [], pipelines)
        yield from _package_errors(path, destination.get("MediaPackageSettings") or [], package_exists)


def _url_errors(path: str, settings: list[Params], pipelines: int) -> Iterator[SettingsError]:
    """One URL per pipeline ("Channel class" in the MediaLive user guide)."""
    if settings and len(settings) != pipelines:
        urls = "1 URL" if pipelines == 1 else f"{pipelines} URLs"
        yield f"{path}.settings", f"A channel of this class needs {urls}, not {len(settings)}"
    for number, setting in enumerate(settings):
        if not setting.get("Url") and not setting.get("StreamName"):
            yield f"{path}.settings[{number}].url", "A URL is required"


def _package_errors(
    path: str, settings: list[Params], package_exists: Callable[[str], bool]
) -> Iterator[SettingsError]:
    """One MediaPackage channel takes both pipelines through its two ingest endpoints."""
    if len(settings) > 1:
        yield f"{path}.mediaPackageSettings", "Only one MediaPackage channel is allowed"
    for number, setting in enumerate(settings):
        if not package_exists(setting.get("ChannelId") or ""):
            # The words of aws/aws-sdk-java-v2#5716: the same for an id that is wrong and one that is too new.
            yield (
                f"{path}.mediaPackageSettings[{number}].channelId",
                "MediaPackage channel ID is invalid. The ID can have numbers, letters, underscores, and "
                "dashes. The ID is case sensitive.",
            )


def _encoder_errors(encoder: Params, destinations: list[Params]) -> Iterator[SettingsError]:
    for name in ("AudioDescriptions", "VideoDescriptions", "OutputGroups", "TimecodeConfig"):
        if encoder.get(name) is None:
            yield _camel(name), "This setting is required"
    groups = encoder.get("OutputGroups") or []
    if not groups:
        yield "outputGroups", "At least one output group is required"
    outputs = [output for group in groups for output in group.get("Outputs") or []]
    yield from _duplicate_errors("outputs", (output.get("OutputName") for output in outputs))
    for number, group in enumerate(groups):
        yield from _group_errors(f"outputGroups[{number}]", group, encoder, destinations)
    for listing, (reference, label) in DESCRIPTIONS.items():
        yield from _description_errors(listing, reference, label, encoder, outputs)
    for number, description in enumerate(encoder.get("VideoDescriptions") or []):
        yield from _framerate_errors(f"videoDescriptions[{number}].codecSettings", description)


def _framerate_errors(path: str, description: Params) -> Iterator[SettingsError]:
    """A frame rate that is specified has both its parts (H264Settings of MediaLive's service model)."""
    kind, codec = _only(description.get("CodecSettings") or {})
    if kind != "H264Settings" or codec.get("FramerateControl") != "SPECIFIED":
        return
    for name in ("FramerateNumerator", "FramerateDenominator"):
        if not codec.get(name):
            yield f"{path}.h264Settings.{_camel(name)}", "It is required when the frame rate is specified"


def _group_errors(
    path: str, group: Params, encoder: Params, destinations: list[Params]
) -> Iterator[SettingsError]:
    kind, settings = _only(group.get("OutputGroupSettings") or {})
    if kind is None:
        yield f"{path}.outputGroupSettings", "Exactly one kind of output group settings is required"
        return
    family = kind.removesuffix("GroupSettings")
    yield from _reference_errors(f"{path}.outputGroupSettings", settings, family, destinations)
    if not group.get("Outputs"):
        yield f"{path}.outputs", "At least one output is required"
    for number, output in enumerate(group.get("Outputs") or []):
        yield from _output_errors(f"{path}.outputs[{number}]", output, family, encoder, destinations)


def _output_errors(
    path: str, output: Params, family: str, encoder: Params, destinations: list[Params]
) -> Iterator[SettingsError]:
    kind, settings = _only(output.get("OutputSettings") or {})
    if kind != f"{family}OutputSettings":
        yield f"{path}.outputSettings", f"Settings of kind {family}OutputSettings are required here"
    else:
        yield from _reference_errors(f"{path}.outputSettings", settings, family, destinations)
    used = [(listing, label, name) for listing, label, name in _uses(output)]
    if not used:
        yield path, "An output needs at least one video, audio or caption description"
    for listing, label, name in used:
        if name not in _names(encoder, listing):
            reference = _camel(DESCRIPTIONS[listing][0])
            yield f"{path}.{reference}", f'{label} "{name}" is referenced but not defined'


def _reference_errors(
    path: str, settings: Params, family: str, destinations: list[Params]
) -> Iterator[SettingsError]:
    if "Destination" not in settings:
        return
    reference = (settings["Destination"] or {}).get("DestinationRefId")
    matching = [destination for destination in destinations if destination.get("Id") == reference]
    if not matching:
        yield f"{path}.destination", f'Object references undefined destination "{reference}"'
    elif bool(matching[0].get("MediaPackageSettings")) != (family == "MediaPackage"):
        yield f"{path}.destination", f'Destination "{reference}" is of the wrong kind for this output group'


def _description_errors(
    listing: str, reference: str, label: str, encoder: Params, outputs: list[Params]
) -> Iterator[SettingsError]:
    names = [description.get("Name") for description in encoder.get(listing) or []]
    yield from _duplicate_errors(_camel(listing), names)
    used = {name for output in outputs for name in _as_list(output.get(reference))}
    for number, name in enumerate(names):
        if not name:
            yield f"{_camel(listing)}[{number}].name", "A name is required"
        elif name not in used:
            yield f"{_camel(listing)}[{number}]", f'{label} "{name}" is not referenced by any output'


def _uses(output: Params) -> Iterator[tuple[str, str, str]]:
    for listing, (reference, label) in DESCRIPTIONS.items():
        for name in _as_list(output.get(reference)):
            yield listing, label, name


def _names(encoder: Params, listing: str) -> set[str]:
    return {description.get("Name") for description in encoder.get(listing) or []}


def _as_list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _only(settings: Params) -> tuple[str | None, Params]:
    """The only kind of settings given, or None if there are none or several."""
    given = [(kind, value) for kind, value in settings.items() if value is not None]
    return given[0] if len(given) == 1 else (None, {})


def _duplicate_errors(path: str, values: Iterable[str | None]) -> Iterator[SettingsError]:
    counted = Counter(value for value in values if value)
    for value, count in counted.items():
        if count > 1:
            yield path, f'"{value}" is used {count} times; it must be unique'


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
