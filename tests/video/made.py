"""Clips made for tests, and what is in a file."""

import io
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np

SRT = b"1\n00:00:00,000 --> 00:00:00,200\nhello\n\n2\n00:00:00,200 --> 00:00:00,400\nagain\n\n"


def ramp(seed, height=32, width=48, shift=0, kind="yuv420p"):
    """A frame of soft waves, other ones for every seed; `shift` moves them by so many pixels."""
    frame = av.VideoFrame(width, height, kind)
    shades = []
    for plane, (low, high) in zip(frame.planes, ((60, 180), (100, 150), (110, 160)), strict=True):
        y, x = np.mgrid[: plane.height, : plane.width] * (height / plane.height)
        wave = np.sin(1.3 * seed + (x + shift) * (2 + seed % 3) / 30 + y * (3 - seed % 2) / 25)
        shades.append((low + (high - low) * (wave + 1) / 2).round())
    return planes(kind, shades, width, height)


def planes(kind, shades, width, height):
    """A frame whose planes are filled with these numbers, or arrays of the planes' sizes."""
    frame = av.VideoFrame(width, height, kind)
    deep = frame.format.components[0].bits > 8
    for plane, shade in zip(frame.planes, shades, strict=True):
        rows = np.frombuffer(plane, np.uint16 if deep else np.uint8).reshape(plane.height, -1)
        rows[:, : plane.width] = shade
    return frame


def noise(kind, seed, width, height, low=100, high=150):
    """Numbers near grey, so that all of them are colours."""
    number = np.random.default_rng(seed)
    like = av.VideoFrame(width, height, kind)
    up = 2 ** (like.format.components[0].bits - 8)
    return planes(kind, [number.integers(low * up, high * up, (p.height, p.width)) for p in like.planes], width, height)


def save(
    path,
    frames,
    codec="ffv1",
    times=None,
    base=Fraction(1, 1000),
    full=False,
    matrix=None,
    sound=None,
    subtitles=False,
    rotation=None,
    options=None,
    tags=None,
    chapters=None,
    pixel=None,
):
    """A clip of frames, 40 ms apart, 8 kHz sound of the codec `sound` beside it."""
    times = times or [round(i / 25 / base) for i in range(len(frames))]
    with av.open(str(path), "w") as out:
        out.metadata.update(tags or {})
        out.set_chapters(chapters or [])
        video = out.add_stream(codec, 25, options or {})
        video.width, video.height, video.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        video.codec_context.time_base = base
        video.codec_context.color_range = 2 if full else 1
        if pixel:
            video.codec_context.sample_aspect_ratio = pixel
        if matrix:
            video.codec_context.colorspace = matrix
        if rotation:
            video.set_display_rotation(*rotation)
        voice = out.add_stream(sound, 8000, layout="mono") if sound else None
        if voice:
            voice.metadata["language"], voice.disposition = "swe", av.stream.Disposition.hearing_impaired
        text = out.add_stream_from_template(_subtitles().streams[0]) if subtitles else None
        for frame, time in zip(frames, times, strict=True):
            frame.pts, frame.time_base = time, base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if voice:
            _speak(out, voice, times[-1] * base + Fraction(1, 25))
        for packet in _subtitles().demux() if text else ():
            if packet.dts is not None:
                packet.stream = text
                out.mux(packet)
    return Path(path)


def _speak(out, voice, seconds):
    for i in range(0, int(8000 * seconds), 320):
        tone = np.sin(np.arange(i, i + 320) / 3)[None].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone, "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, i, Fraction(1, 8000)
        out.mux(voice.encode(frame))
    out.mux(voice.encode(None))


def _subtitles():
    return av.open(io.BytesIO(SRT), format="srt")


def packets(path, kind):
    """(time in seconds, bytes) of the packets of the first stream of this kind."""
    with av.open(str(path)) as file:
        stream = next(s for s in file.streams if s.type == kind)
        return [(round(float(p.pts * p.time_base), 3), bytes(p)) for p in file.demux(stream) if p.dts is not None]


def seen(path):
    """What a player would know: frames, times, and the stream's facts."""
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frames = list(file.decode(video))
        return SimpleNamespace(
            frames=frames,
            times=[round(frame.time, 3) for frame in frames],
            codec=video.codec.canonical_name,
            kind=frames[0].format.name,
            range=frames[0].color_range,
            matrix=frames[0].colorspace,
            voice=next(((s.language, s.disposition) for s in file.streams.audio), None),
            kinds=[s.type for s in file.streams],
            seconds=file.duration / 1e6,
            tags=dict(file.metadata),
            chapters=[(c["start"] * c["time_base"], c["metadata"]) for c in file.chapters()],
        )


def numbers(frame):
    """A frame's planes as arrays."""
    deep = frame.format.components[0].bits > 8
    return [np.frombuffer(p, np.uint16 if deep else np.uint8).reshape(p.height, -1)[:, : p.width] for p in frame.planes]
