"""What a video has beside frames, sound and subtitles: kept where the output can contain it, else named."""

import re
from typing import TYPE_CHECKING, Any

from pictura.video.libav import import_av, readable_tags

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.stream import Stream

    from pictura.video.reading import OpenClip

# Metadata that containers and encoders write by themselves.
OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time")
OWN_STREAM_TAGS = (*OWN_TAGS, "handler_name", "vendor_id", "alpha_mode", "timecode")
TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d")
DROP_FRAME_RATES = (30, 60)  # SMPTE 12M: the rates, rounded, whose timecodes may leave out numbers (29.97, 59.94)
# What FFmpeg attaches to frames of high dynamic range, by the name of its type; PyAV cannot hand it to an encoder.
HDR_SIDE_DATA = {
    "MASTERING_DISPLAY_METADATA": "the mastering display of HDR",
    "CONTENT_LIGHT_LEVEL": "the light level of HDR",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
    "DOVI_METADATA": "Dolby Vision metadata",
    "DOVI_RPU_BUFFER": "Dolby Vision metadata",
}


def keep_video_tags(source: "OpenClip", copy: "Stream") -> list[str]:
    """Title, language and timecode of the painted stream to its copy; what could not be kept, in words."""
    tags = readable_tags(source.stream.metadata)
    copy.metadata.update({name: text for name, text in tags.items() if name.lower() not in OWN_STREAM_TAGS})
    copy.disposition = source.stream.disposition
    words = readable_tags(source.container.metadata) | tags  # Matroska writes names in capitals
    code = next((text for name, text in words.items() if name.lower() == "timecode"), None)
    if code is None:
        return []
    rate = round(source.stream.average_rate or 0)
    dropping = not re.fullmatch(r"[\d:]*", code)
    if not TIMECODE.fullmatch(code) or (dropping and rate not in DROP_FRAME_RATES):
        return [f"the timecode ({code[:20]!a})"]
    copy.metadata["timecode"] = code
    return []


def keep_attachment(stream: "Stream", out: "OutputContainer", container: str) -> list[str]:
    """Fonts and other attached files, which only Matroska contains."""
    attached: Any = stream
    name = readable_tags(stream.metadata).get("filename", "a file")
    if container != "matroska" or not attached.data or not attached.mimetype:
        return [f"the attached {name!a}"]
    out.add_attachment(name, attached.mimetype, attached.data)
    return []


def name_stream(stream: "Stream") -> list[str]:
    """Streams that no output gets, in words."""
    if stream.disposition & import_av().stream.Disposition.attached_pic:
        return ["the cover picture"]
    if stream.type == "data" and "timecode" in stream.metadata:  # the stream of a timecode, which the picture has, too
        return []
    return ["another video stream"] if stream.type == "video" else [f"a stream of {stream.type}"]


def name_frame_losses(first: "VideoFrame", stream: "Stream") -> list[str]:
    """What frames had that painted ones have not: transparency and the numbers of high dynamic range."""
    side_data: Any = first.side_data  # PyAV's stubs take it for a mapping from names; iterating gives the data
    kinds = {data.type.name for data in side_data}
    lost = list(dict.fromkeys(words for kind, words in HDR_SIDE_DATA.items() if kind in kinds))
    has_alpha = "a" in re.sub(r"gray|bayer|pal8", "", first.format.name) or stream.metadata.get("alpha_mode") == "1"
    return [*lost, *(["transparency"] if has_alpha else [])]
