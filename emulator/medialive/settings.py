"""What MediaLive finds wrong with a channel's settings.

Pure functions: they take the settings and two ways to look around, and yield (element path, sentence).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from emulator.medialive.records import Params

Fault = tuple[str, str]
DESTINATION_KINDS = ("Settings", "MediaPackageSettings", "MultiplexSettings", "SrtSettings")
DESCRIPTIONS = {
    "VideoDescriptions": ("VideoDescriptionName", "Video description"),
    "AudioDescriptions": ("AudioDescriptionNames", "Audio description"),
    "CaptionDescriptions": ("CaptionDescriptionNames", "Caption description"),
}


def faults_of(
    config: Params,
    input_fault: Callable[[str, str], str | None],
    package_exists: Callable[[str], bool],
) -> list[Fault]:
    """Everything wrong with a channel's `config`.

    `input_fault(input_id, channel_class)` says why an input will not do, or None.
    """
    channel_class = config["ChannelClass"]
    if channel_class not in {"STANDARD", "SINGLE_PIPELINE"}:
        return [("channelClass", f"{channel_class} is not a channel class")]
    pipelines = 2 if channel_class == "STANDARD" else 1
    return [
        *_attachment_faults(config.get("InputAttachments") or [], channel_class, input_fault),
        *_destination_faults(config.get("Destinations") or [], pipelines, package_exists),
        *_encoder_faults(config.get("EncoderSettings") or {}, config.get("Destinations") or []),
    ]


def _attachment_faults(
    attachments: list[Params], channel_class: str, input_fault: Callable[[str, str], str | None]
) -> Iterator[Fault]:
    if not attachments:
        yield "inputAttachments", "At least one input attachment is required"
    for number, one in enumerate(attachments):
        if fault := input_fault(one.get("InputId") or "", channel_class):
            yield f"inputAttachments[{number}].inputId", fault
    for what in ("InputId", "InputAttachmentName"):
        yield from _repeats("inputAttachments", (one.get(what) for one in attachments))


def _destination_faults(
    destinations: list[Params], pipelines: int, package_exists: Callable[[str], bool]
) -> Iterator[Fault]:
    yield from _repeats("destinations", (one.get("Id") for one in destinations))
    for number, one in enumerate(destinations):
        path = f"destinations[{number}]"
        if not one.get("Id"):
            yield f"{path}.id", "An id is required"
        if sum(bool(one.get(kind)) for kind in DESTINATION_KINDS) != 1:
            yield (
                path,
                (
                    "Exactly one of settings, MediaPackage settings, or Multiplex settings is required "
                    f'for destination "{one.get("Id")}"'
                ),
            )
        yield from _url_faults(path, one.get("Settings") or [], pipelines)
        yield from _package_faults(path, one.get("MediaPackageSettings") or [], package_exists)


def _url_faults(path: str, settings: list[Params], pipelines: int) -> Iterator[Fault]:
    """One URL for each pipeline ("Channel class" in the MediaLive user guide)."""
    if settings and len(settings) != pipelines:
        yield f"{path}.settings", f"A channel of this class needs {pipelines} URL(s), not {len(settings)}"
    for number, one in enumerate(settings):
        if not one.get("Url") and not one.get("StreamName"):
            yield f"{path}.settings[{number}].url", "A URL is required"


def _package_faults(
    path: str, settings: list[Params], package_exists: Callable[[str], bool]
) -> Iterator[Fault]:
    """One MediaPackage channel serves both pipelines, through its two ingest endpoints."""
    if len(settings) > 1:
        yield f"{path}.mediaPackageSettings", "Only one MediaPackage channel is allowed"
    for number, one in enumerate(settings):
        if not package_exists(one.get("ChannelId") or ""):
            yield (
                f"{path}.mediaPackageSettings[{number}].channelId",
                f'MediaPackage channel "{one.get("ChannelId")}" was not found',
            )


def _encoder_faults(encoder: Params, destinations: list[Params]) -> Iterator[Fault]:
    for name in ("AudioDescriptions", "VideoDescriptions", "OutputGroups", "TimecodeConfig"):
        if encoder.get(name) is None:
            yield _camel(name), "This setting is required"
    groups = encoder.get("OutputGroups") or []
    if not groups:
        yield "outputGroups", "At least one output group is required"
    outputs = [output for group in groups for output in group.get("Outputs") or []]
    yield from _repeats("outputs", (output.get("OutputName") for output in outputs))
    for number, group in enumerate(groups):
        yield from _group_faults(f"outputGroups[{number}]", group, encoder, destinations)
    for listing, (reference, label) in DESCRIPTIONS.items():
        yield from _description_faults(listing, reference, label, encoder, outputs)


def _group_faults(path: str, group: Params, encoder: Params, destinations: list[Params]) -> Iterator[Fault]:
    kind, settings = _only(group.get("OutputGroupSettings") or {})
    if kind is None:
        yield f"{path}.outputGroupSettings", "Exactly one kind of output group settings is required"
        return
    family = kind.removesuffix("GroupSettings")
    yield from _reference_faults(f"{path}.outputGroupSettings", settings, family, destinations)
    if not group.get("Outputs"):
        yield f"{path}.outputs", "At least one output is required"
    for number, output in enumerate(group.get("Outputs") or []):
        yield from _output_faults(f"{path}.outputs[{number}]", output, family, encoder, destinations)


def _output_faults(
    path: str, output: Params, family: str, encoder: Params, destinations: list[Params]
) -> Iterator[Fault]:
    kind, settings = _only(output.get("OutputSettings") or {})
    if kind != f"{family}OutputSettings":
        yield f"{path}.outputSettings", f"Settings of kind {family}OutputSettings are required here"
    else:
        yield from _reference_faults(f"{path}.outputSettings", settings, family, destinations)
    used = [(listing, label, name) for listing, label, name in _uses(output)]
    if not used:
        yield path, "An output needs at least one video, audio or caption description"
    for listing, label, name in used:
        if name not in _names(encoder, listing):
            reference = _camel(DESCRIPTIONS[listing][0])
            yield f"{path}.{reference}", f'{label} "{name}" is referenced but not defined'


def _reference_faults(
    path: str, settings: Params, family: str, destinations: list[Params]
) -> Iterator[Fault]:
    if "Destination" not in settings:
        return
    wanted = (settings["Destination"] or {}).get("DestinationRefId")
    found = [one for one in destinations if one.get("Id") == wanted]
    if not found:
        yield f"{path}.destination", f'Object references undefined destination "{wanted}"'
    elif bool(found[0].get("MediaPackageSettings")) != (family == "MediaPackage"):
        yield f"{path}.destination", f'Destination "{wanted}" is of the wrong kind for this output group'


def _description_faults(
    listing: str, reference: str, label: str, encoder: Params, outputs: list[Params]
) -> Iterator[Fault]:
    names = [one.get("Name") for one in encoder.get(listing) or []]
    yield from _repeats(_camel(listing), names)
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
    return {one.get("Name") for one in encoder.get(listing) or []}


def _as_list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _only(settings: Params) -> tuple[str | None, Params]:
    """The one kind of settings given, or None if it is none or several."""
    given = [(kind, value) for kind, value in settings.items() if value is not None]
    return given[0] if len(given) == 1 else (None, {})


def _repeats(path: str, values: Iterable[str | None]) -> Iterator[Fault]:
    counted = Counter(value for value in values if value)
    for value, count in counted.items():
        if count > 1:
            yield path, f'"{value}" is used {count} times; it must be unique'


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
