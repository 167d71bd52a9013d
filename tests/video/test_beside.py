"""What a video has beside its frames is kept or named, and what its container does oddly is read as it was meant."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura.runtime.errors import PicturaError  # noqa: E402
from pictura.video import paint_video  # noqa: E402
from pictura.video.libav import readable_tags  # noqa: E402

from .made import noise, packets, ramp, save, seen  # noqa: E402

pytestmark = pytest.mark.kinds
LIGHT = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400:log-level=0"
)

CAMERA = [noise("yuv420p", i, 96, 64) for i in range(16)]  # enough bytes for FFmpeg to know a .ts by


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def paint(source, target="out.mkv", **options):
    if target.endswith(".mkv"):
        options.setdefault("codec", "ffv1")
    return paint_video(source, target, lambda image: image, statistics="frames", **options)


def stuck(frames, **options):
    """A clip in Matroska whose third and last packets have no bytes."""
    save("whole.mkv", frames, "mpeg4", **options)
    with av.open("whole.mkv") as whole, av.open("stuck.mkv", "w") as out:
        copy = out.add_stream_from_template(whole.streams.video[0])
        for number, packet in enumerate(p for p in whole.demux(video=0) if p.dts is not None):
            one = av.Packet(b"") if number in (2, len(frames) - 1) else av.Packet(bytes(packet))
            one.pts, one.dts, one.time_base, one.duration = packet.pts, packet.dts, packet.time_base, packet.duration
            one.stream = copy
            out.mux(one)
    return "stuck.mkv"


class TestTimes:
    @pytest.mark.parametrize("target", ["out.mkv", "out.mp4"])
    def test_joined_recordings_follow_one_another_with_their_sound(self, target) -> None:
        save("a.ts", CAMERA, "mpeg2video", base=Fraction(1, 25), sound="aac")
        Path("two.ts").write_bytes(Path("a.ts").read_bytes() * 2)
        assert paint("two.ts", target).frames == 2 * len(CAMERA)
        times = seen(target).times
        assert all(0.03 < b - a < 0.2 for a, b in pairwise(times))
        assert times[-1] - times[0] == pytest.approx((2 * len(CAMERA) - 1) * 0.04, abs=0.2)  # sound ends later
        voice = [time for time, _ in packets(target, "audio")]
        assert voice == sorted(voice) and voice[-1] == pytest.approx(times[-1], abs=0.15)

    def test_a_broadcasts_clock_begins_anywhere_and_the_output_at_0(self) -> None:
        save("a.ts", CAMERA, "mpeg2video", base=Fraction(1, 25))
        paint("a.ts")
        assert seen("out.mkv").times[0] < 0.1

    def test_packets_of_no_bytes_are_no_damage(self) -> None:
        assert paint(stuck([ramp(i) for i in range(6)])).frames == 4
        assert seen("out.mkv").times == [0, 0.04, 0.12, 0.16]


class TestWords:
    @pytest.mark.parametrize(("title", "encoding"), [("Café", "latin-1"), ("Café", "utf-8"), ("naïve – “x”", "cp1252")])
    def test_titles_in_any_encoding(self, title, encoding) -> None:
        with av.open("in.avi", "w", metadata_encoding=encoding) as out:
            out.metadata["title"] = title
            stream = out.add_stream("mpeg4", 25)
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
            out.mux(stream.encode(ramp(0)))
            out.mux(stream.encode(None))
        paint("in.avi")
        assert seen("out.mkv").tags["title"] == title

    def test_bytes_of_no_encoding_still_give_words(self) -> None:
        assert readable_tags({"a\udce9": "\udc81\udcfc"}) == {"aé": "\ufffdü"}

    @pytest.mark.parametrize(("code", "kept"), [("01:00:00:00", True), ("01:00:00;00", False), ("nonsense", False)])
    def test_timecodes(self, code, kept) -> None:
        with av.open("in.mkv", "w") as out:
            stream = out.add_stream("ffv1", 25)
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
            stream.metadata["timecode"], stream.metadata["title"] = code, "camera 2"
            out.mux(stream.encode(ramp(0)))
            out.mux(stream.encode(None))
        for target in ("out.mkv", "out.mp4"):
            dropped = paint("in.mkv", target).dropped
            with av.open(target) as file:
                tags = {name.lower(): text for name, text in file.streams.video[0].metadata.items()}
            assert (tags.get("timecode") == code) is kept
            assert dropped == (() if kept else (f"the timecode ({code!a})",))
        with av.open("out.mkv") as file:
            assert file.streams.video[0].metadata["title"] == "camera 2"


class TestBeside:
    def test_fonts_stay_with_the_subtitles_or_are_named(self) -> None:
        save("plain.mkv", [ramp(0)] * 3)
        with av.open("plain.mkv") as plain, av.open("in.mkv", "w") as out:
            copy = out.add_stream_from_template(plain.streams.video[0])
            out.add_attachment("f.ttf", "application/x-truetype-font", b"font" * 50)
            for packet in plain.demux(video=0):
                if packet.dts is not None:
                    packet.stream = copy
                    out.mux(packet)
        assert paint("in.mkv").dropped == ()
        with av.open("out.mkv") as file:
            font = next(s for s in file.streams if s.type == "attachment")
            assert (font.name, font.mimetype, bytes(font.data)) == (
                "f.ttf",
                "application/x-truetype-font",
                b"font" * 50,
            )
        assert paint("in.mkv", "out.mp4").dropped == ("the attached 'f.ttf'",)

    def test_another_picture_is_named(self) -> None:
        with av.open("in.mkv", "w") as out:
            for _ in range(2):
                stream = out.add_stream("ffv1", 25)
                stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
            for stream in out.streams.video:
                out.mux(stream.encode(ramp(0)))
                out.mux(stream.encode(None))
        assert paint("in.mkv").dropped == ("another video stream",)

    @pytest.mark.parametrize(("kind", "dropped"), [("yuva420p", ("transparency",)), ("gray", ()), ("yuv420p", ())])
    def test_transparency_is_named(self, kind, dropped) -> None:
        save("in.mkv", [av.VideoFrame(48, 32, kind)])
        assert paint("in.mkv").dropped == dropped

    @pytest.mark.skipif("libx265" not in av.codecs_available, reason="this PyAV has no encoder of HDR")
    def test_the_numbers_of_hdr_are_named(self) -> None:
        frames = [ramp(0, 64, 64, kind="yuv420p10le")] * 2
        # of fewer frames than it may reorder, x265 leaves the decoding times unset: no B-frames
        save("in.mkv", frames, "libx265", options={"x265-params": f"{LIGHT}:bframes=0"})
        assert paint("in.mkv").dropped == ("the mastering display of HDR", "the light level of HDR")


def test_a_frame_that_asks_for_gigabytes_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("pictura.video.reading.MAX_FRAME_PIXELS", 40 * 40)
    save("in.mkv", [ramp(0, 64, 64)] * 2, "mpeg4")
    with pytest.raises(PicturaError):
        paint("in.mkv")
