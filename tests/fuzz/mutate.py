"""Damage to bytes and to text, the same for the same seed."""

import random
import struct
import zlib

# What readers trip over: ends of ranges, signs, zero and one.
NUMBERS = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 1000, 65535, 65536, 99999, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (
    *("0", "-1", "1", "1e308", "1e999", "-1e-400", "NaN", "Infinity", "99999999999999999999", "0.5", "true", "null"),
    *('""', "[]", "{}", "[[]]", '{"a":', "\x00", "\x1b[31m", "\ufeff", "é", "../../x", "/etc/passwd", "someone/model"),
    *("\n", ",", ":", '"', "'''", "=", "[x]", "# x", "[" * 3000, '{"a":' * 3000, "a." * 3000, "9" * 5000, "x" * 70000),
)


def damage_bytes(content: bytes, dice: random.Random) -> bytes:
    """One to eight faults: numbers put over others, bits turned, parts cut out, doubled, or left off at the end."""
    damaged = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5, 8))):
        if not damaged:
            break
        dice.choice((_put_byte, _put_byte, _put_number, _put_number, _turn_bit, _cut, _double, _leave_off))(
            damaged, dice
        )
    return _mend_png(bytes(damaged)) if content[:4] == b"\x89PNG" and dice.random() < 0.8 else bytes(damaged)


def damage_text(content: bytes, dice: random.Random) -> bytes:
    """Like `damage_bytes`, but mostly where words and numbers begin and end, so that most of it is still read."""
    if dice.random() < 0.2:
        return damage_bytes(content, dice)
    text = content.decode("utf-8", "replace")
    for _ in range(dice.choice((1, 1, 2, 3))):
        borders = [i for i in range(1, len(text)) if text[i].isalnum() != text[i - 1].isalnum()] or [0]
        start = dice.choice(borders)
        end = dice.choice([start, *(b for b in borders if start <= b < start + 40)])
        text = text[:start] + dice.choice((*WORDS, text[start:end] * 2, "")) + text[end:]
    return text.encode("utf-8", "surrogatepass")


def _place(damaged: bytearray, dice: random.Random) -> int:
    """Headers stand at the front, the directories of TIFF and zip at the end."""
    return dice.choice((dice.randrange(min(len(damaged), 300)), dice.randrange(len(damaged)), -dice.randint(1, 99)))


def _put_byte(damaged: bytearray, dice: random.Random) -> None:
    damaged[max(_place(damaged, dice), -len(damaged))] = dice.randrange(256)


def _put_number(damaged: bytearray, dice: random.Random) -> None:
    kind = dice.choice(("<H", ">H", "<I", ">I"))
    number = struct.pack(kind, dice.choice(NUMBERS) % 2 ** (16 if kind[1] == "H" else 32))
    start = _place(damaged, dice) % len(damaged)
    damaged[start : start + len(number)] = number


def _turn_bit(damaged: bytearray, dice: random.Random) -> None:
    damaged[_place(damaged, dice) % len(damaged)] ^= 1 << dice.randrange(8)


def _cut(damaged: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(damaged))
    del damaged[start : start + dice.choice((1, 2, 4, 16, 300))]


def _double(damaged: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(damaged))
    damaged[start:start] = damaged[start : start + dice.choice((1, 4, 16, 300))]


def _leave_off(damaged: bytearray, dice: random.Random) -> None:
    del damaged[dice.randrange(len(damaged)) :]


def _mend_png(content: bytes) -> bytes:
    """The checksums of a PNG made right, since a wrong one is all that a reader would look at."""
    mended, start = bytearray(content), 8
    while start + 12 <= len(mended):
        length = int.from_bytes(mended[start : start + 4])
        end = start + 8 + length
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = zlib.crc32(mended[start + 4 : end]).to_bytes(4)
        start = end + 4
    return bytes(mended)
