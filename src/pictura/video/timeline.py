"""One timeline that begins at 0: where the times of a file begin anew, what follows is moved behind."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer

# libavformat/avformat.h: AVFMT_TS_DISCONT, containers whose clock may jump, such as broadcasts.
CLOCK_MAY_JUMP = 0x0200
# Decoding times never go back within a recording; some files have them a few frames out of order, which is no new one.
BACK = Fraction(1, 10)
# FFmpeg's own limit (dts_delta_threshold): a broadcast's clock that jumps ahead by more was set anew.
AHEAD = Fraction(10)


class Timeline:
    """The times of all streams of a file, packet by packet.

    Streams enter a new recording one after the other, since packets of the last one may still be on their way; all
    move by the same time, so that sound stays with its picture.
    """

    def __init__(self, container: "InputContainer") -> None:
        self.may_jump = bool(container.format.flags & CLOCK_MAY_JUMP)
        self.part: dict[int, int] = {}  # stream → the recording it is in
        self.last: dict[int, Fraction] = {}  # stream → its last time by the file
        begin = Fraction(container.start_time or 0, 10**6) if self.may_jump else Fraction(0)  # of a broadcast, any time
        self.shifts: list[Fraction] = [-begin]  # of each recording
        self.end = Fraction(0)  # of all streams so far, by the new timeline

    def place(self, packet: "Packet[Any]") -> None:
        """Move a packet with a decoding time to where it belongs."""
        stream, base = packet.stream, packet.time_base
        if packet.dts is None or base is None:
            return
        time, length = packet.dts * base, (packet.duration or 0) * base
        part = self.part.setdefault(stream.index, 0)
        if (last := self.last.get(stream.index)) is not None and self._begins_anew(last, time, stream.type):
            part = self.part[stream.index] = part + 1
            if part == len(self.shifts):
                self.shifts.append(self.end - time)
        self.last[stream.index] = time
        if shift := round(self.shifts[part] / base):
            packet.dts += shift
            if packet.pts is not None:
                packet.pts += shift
        self.end = max(self.end, time + length + self.shifts[part])

    def _begins_anew(self, last: Fraction, time: Fraction, kind: str) -> bool:
        if time < last - BACK:
            return True
        return self.may_jump and kind in ("video", "audio") and time > last + AHEAD
