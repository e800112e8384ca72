"""A reader of event files that is no code of ours: records, checksums, and messages field by field."""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Message = dict[int, list[int | float | bytes]]  # the values of each field by its number


def crc32c(data: bytes) -> int:
    """By long division of polynomials, the highest bit first; bits of bytes and of the result are reversed."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= int(f"{byte:08b}"[::-1], 2) << 24
        for _ in range(8):
            register = (register << 1) ^ (0x1EDC6F41 if register >> 31 else 0)
            register &= 0xFFFFFFFF
    return int(f"{register ^ 0xFFFFFFFF:032b}"[::-1], 2)


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32


def records(content: bytes, *, checked: bool = True) -> Iterator[bytes]:
    """The data of each record, whose checksums are right."""
    while content:
        length, check = struct.unpack_from("<QI", content)
        data, (data_check,) = content[12 : 12 + length], struct.unpack_from("<I", content, 12 + length)
        if checked:
            assert masked(content[:8]) == check
            assert masked(data) == data_check
        yield data
        content = content[16 + length :]


def parse(data: bytes) -> Message:
    """The fields of a message."""
    fields: Message = defaultdict(list)
    while data:
        key, data = _varint(data)
        match key & 7:
            case 0:
                value, data = _varint(data)
                fields[key >> 3].append(value)
            case 1:
                fields[key >> 3].append(struct.unpack("<d", data[:8])[0])
                data = data[8:]
            case 5:
                fields[key >> 3].append(struct.unpack("<f", data[:4])[0])
                data = data[4:]
            case 2:
                length, data = _varint(data)
                fields[key >> 3].append(data[:length])
                data = data[length:]
            case other:
                raise AssertionError(f"wire type {other}")
    return fields


def _varint(data: bytes) -> tuple[int, bytes]:
    value = 0
    for k, byte in enumerate(data):
        value += (byte & 127) * 128**k
        if byte < 128:
            return value, data[k + 1 :]
    raise AssertionError("a varint without an end")


@dataclass
class Events:
    """What a reader has after all event files of one folder, those of each restart dropped."""

    scalars: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    texts: dict[str, str] = field(default_factory=dict)
    histograms: dict[str, dict[int, Message]] = field(default_factory=lambda: defaultdict(dict))
    plugins: dict[str, Message] = field(default_factory=dict)  # the first content of each tag
    wall_times: list[float] = field(default_factory=list)
    files: int = 0


def read_events(folder: Path) -> Events:
    """The events of one folder, without those below it."""
    found = Events()
    for path in sorted(folder.glob("events.out.tfevents.*")):
        found.files += 1
        first, *others = [parse(data) for data in records(path.read_bytes(), checked=found.files == 1)]
        assert [b"brain.Event:2"] == first[3]
        for event in others:
            (wall_time,), step = event[1], event[2][0] if event[2] else 0
            found.wall_times.append(wall_time)
            if event[7]:
                assert [1] == parse(event[7][0])[1], "it says that the training starts"
                _drop(found, step)
            for value in parse(event[5][0])[1] if event[5] else ():
                _add(found, step, parse(value))
    return found


def _drop(found: Events, step: int) -> None:
    for values in (*found.scalars.values(), *found.histograms.values()):
        for later in [one for one in values if one >= step]:
            del values[later]


def _add(found: Events, step: int, value: Message) -> None:
    tag = value[1][0].decode()
    if value[2]:
        assert step not in found.scalars[tag], f"{tag} has step {step} twice"
        found.scalars[tag][step] = value[2][0]
    elif value[5]:
        found.histograms[tag][step] = parse(value[5][0])
    else:
        plugin = parse(parse(value[9][0])[1][0])
        if plugin[1] == [b"text"]:
            found.texts[tag] = parse(value[8][0])[8][0].decode()
        else:
            assert [b"hparams"] == plugin[1]
            found.plugins.setdefault(tag.removeprefix("_hparams_/"), parse(plugin[2][0]))
