"""Paint a video: find its shots and what is to be held in each, paint frame by frame, then put the parts together.

At any time only a few frames are in memory, however long the video is.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictura.networks.tiling.frozen import Paint
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import fit_size
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.video.encoding import VideoFormat, choose_video_format
from pictura.video.following import Follower
from pictura.video.job import VideoCallback, VideoJob, VideoProgress
from pictura.video.parts import Parts, may_replace_beginning, open_parts, read_job
from pictura.video.reading import Clip
from pictura.video.shots import StatisticsScope

__all__ = ["VideoProgress", "VideoResult", "check_video_target", "paint_video"]


@dataclass(frozen=True)
class VideoResult:
    """The painted video.

    frames: number of frames; seconds: how long they took; size: (height, width); shots: number of shots.
    complete: False if it was stopped: then the file contains the beginning.
    before: number of frames that were painted in an earlier run.
    dropped: what the video has and the output cannot contain, in words.
    """

    path: Path
    frames: int
    before: int
    shots: int
    size: tuple[int, int]
    seconds: float
    complete: bool
    dropped: tuple[str, ...]


@check_arguments
def paint_video(
    source: str | Path,
    target: str | Path,
    paint: Paint,
    *,
    size: int | None = None,
    statistics: StatisticsScope = "shots",
    follow: float = 0.0,
    codec: str | None = None,
    quality: int | None = None,
    sound: bool = True,
    overwrite: bool = False,
    resume: bool = False,
    recipe: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    callback: VideoCallback = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> VideoResult:
    """Paint every frame of a video; times, sound, subtitles, colour coding and metadata are kept.

    Args:
        source: the video.
        target: the output, .mp4, .webm or .mkv. It appears when it is complete.
        paint: 1×3×H×W in [0, 1] to the same, from `pictura.tasks.stylize.open_stylizer` for example.
        size: longest side of the result in pixels; by default the video's own.
        statistics: what networks normalize by. shots: statistics of a few frames of each shot, against flicker; clip:
            of a few frames of the whole clip; frames: each frame's own.
        follow: share of the painted frame before in each, moved along with what is filmed, from 0 to less than 1.
        codec: vp9, av1, h264 or ffv1 (lossless); by default vp9.
        quality: the codec's constant quality; lower is better and larger.
        sound: whether it is copied.
        overwrite: whether a file of that name may be replaced, and what was begun for it thrown away.
        resume: whether to go on where an earlier call was stopped or killed; frames are those of a call that was not.
        recipe: what `paint` depends on, as JSON: an earlier call is gone on with if it had the same.
        tags: metadata to add where the video has none of that name.
        callback: called after each frame.
        stop: called before each frame; when it returns True, the file is finished with the frames painted so far, and
            a later call with `resume` goes on.

    Raises:
        PicturaError: an argument cannot be used, the video is damaged, or the disk is full.
        KeyboardInterrupt: it was stopped before a frame was painted; no file is left.
    """
    source, target = Path(source), Path(target)
    clip, video_format = check_video_target(source, target, codec, quality, overwrite, resume)
    frame_size = clip.size if size is None else fit_size(*clip.size, size)
    if max(frame_size) > MAX_SIDE:
        raise PicturaError(f"size must be at most {MAX_SIDE} pixels, got {frame_size[1]}×{frame_size[0]}.")
    job = VideoJob(clip, video_format, frame_size, paint, statistics, Follower(follow), callback, stop)
    began, told = time.monotonic(), _describe_job(source, job, recipe)
    job.check(target, sound)  # errors come before anything slow
    with open_parts(target, told, resume=resume, overwrite=overwrite) as parts:
        _paint_and_assemble(job, parts, target, sound, tags or {}, overwrite)
    seconds, shots = time.monotonic() - began, len(job.survey.shots)
    return VideoResult(
        target, job.frames_done, job.before, shots, job.size, seconds, not job.stopped, tuple(job.dropped)
    )


def _describe_job(source: Path, job: VideoJob, recipe: Mapping[str, Any] | None) -> dict[str, Any]:
    """All that the frames depend on, as JSON."""
    facts, made = source.stat(), job.video_format
    return {
        "video": [str(source.resolve()), facts.st_size, facts.st_mtime_ns],
        "size": job.frame_size,
        "statistics": job.statistics,
        "follow": job.follower.share,
        "codec": [made.codec.encoder, made.options(), made.codec.part],
        "style": dict(recipe or {}),
    }


def _paint_and_assemble(
    job: VideoJob, parts: Parts, target: Path, sound: bool, tags: Mapping[str, str], overwrite: bool
) -> None:
    tail = job.paint_parts(parts, target)
    replaces = overwrite or may_replace_beginning(target)
    write_atomic(target, lambda file: job.assemble(file, target, sound, tags, parts, tail), overwrite=replaces)
    parts.finished = not job.stopped
    if job.stopped:
        parts.note_beginning()


def check_video_target(
    source: Path,
    target: Path,
    codec: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
) -> tuple[Clip, VideoFormat]:
    """Open a video and choose the format of the output, before anything slow.

    Raises:
        PicturaError: the video cannot be read, or the output cannot be written.
    """
    video_format = choose_video_format(target, codec, quality)
    if target.resolve() == source.resolve():
        raise PicturaError(f"'{target}' is the input video: choose another output.")
    begun = read_job(target) is not None
    if begun and not (resume or overwrite):
        raise PicturaError(
            f"'{target}' was begun and not finished: add --resume to go on, or --overwrite to begin anew."
        )
    check_free(target, overwrite or (resume and may_replace_beginning(target)))
    return Clip(source), video_format
