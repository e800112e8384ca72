"""Event files byte by byte: protocol buffers, checksums, records, events, and where they lie."""

import errno
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from nettrain.errors import NettrainError, SpecError
from nettrain.export.tensorboard import hparams
from nettrain.export.tensorboard.event_file import EventFile
from nettrain.export.tensorboard.histograms import Histogram
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.export.tensorboard.messages import (
    first_event,
    histogram,
    restart_event,
    scalars,
    summary_event,
    text,
)
from nettrain.export.tensorboard.protobuf import (
    bytes_field,
    double_field,
    doubles_field,
    float_field,
    text_field,
    varint,
    whole_field,
)
from nettrain.export.tensorboard.records import crc32c, crc32c_of_each, masked
from nettrain.export.tensorboard.records import records as written
from tests.export.event_reader import parse, read_events, records


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "80 01"),
        (300, "ac 02"),  # the example of the protobuf manual
        (2**63 - 1, "ff ff ff ff ff ff ff ff 7f"),
        (-1, "ff ff ff ff ff ff ff ff ff 01"),
        (-2, "fe ff ff ff ff ff ff ff ff 01"),  # that of the manual for int64
    ],
)
def test_varints(value, encoded):
    assert bytes.fromhex(encoded) == varint(value)


def test_fields_are_those_of_the_manual():
    assert bytes.fromhex("08 96 01") == whole_field(1, 150)
    assert bytes.fromhex("12 07 74 65 73 74 69 6e 67") == text_field(2, "testing")
    assert bytes.fromhex("1a 03 08 96 01") == bytes_field(3, whole_field(1, 150))
    assert bytes.fromhex("0d 00 00 c0 3f") == float_field(1, 1.5)
    assert bytes.fromhex("09 00 00 00 00 00 00 f8 3f") == double_field(1, 1.5)
    assert bytes.fromhex("32 10 00 00 00 00 00 00 f8 3f 00 00 00 00 00 00 00 c0") == doubles_field(
        6, [1.5, -2]
    )
    assert bytes.fromhex("82 01 01 61") == text_field(16, "a"), "numbers above 15 take two bytes"


def test_floats_out_of_range_are_infinite():
    assert bytes.fromhex("15 00 00 80 7f") == float_field(2, 1e39)
    assert bytes.fromhex("15 00 00 80 ff") == float_field(2, -1e39)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),  # the check value of the algorithm
        (bytes(32), 0x8A9136AA),  # those of RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_checksums(data, check):
    assert check == crc32c(data)


@pytest.mark.parametrize("count", [64, 65, 200])
def test_checksums_of_many_blocks_at_once(count):
    random = np.random.default_rng(count)
    sizes = random.choice([0, 5, 200, 300, 301, 4000], count, p=[0.1, 0.3, 0.3, 0.2, 0.09, 0.01])
    blocks = [random.bytes(size) for size in sizes]
    assert [crc32c(block) for block in blocks] == crc32c_of_each(blocks)
    assert blocks == list(records(b"".join(written(blocks)), checked=False))


def test_a_masked_checksum():
    # 0xe3069283 rotated right by 15 bits is 0x2507c60d, and plus 0xa282ead8 it is 0xc78ab0e5
    assert 0xC78AB0E5 == masked(0xE3069283)


def test_a_record_of_24_bytes_begins_as_in_every_event_file_of_tensorflow():
    (content,) = written([first_event(1.5, "")[:24]])
    assert bytes.fromhex("18 00 00 00 00 00 00 00 a3 7f 4b 22") == content[:12]
    assert 24 + 16 == len(content)
    assert [first_event(1.5, "")[:24]] == list(records(content))


def test_an_event_with_a_scalar():
    golden = (
        "09 00 00 00 00 00 00 f8 3f"  # wall_time 1.5
        "10 03"  # step 3
        "2a 0f"  # summary
        "0a 0d"  # one value
        "0a 06 6c 2f 74 65 73 74"  # its tag l/test
        "15 00 00 00 3f"  # and 0.5
    )
    assert bytes.fromhex(golden) == summary_event(1.5, 3, scalars({"l/test": 0.5}))


def test_the_first_event_and_that_of_a_start():
    version = "1a 0d 62 72 61 69 6e 2e 45 76 65 6e 74 3a 32"  # brain.Event:2
    assert bytes.fromhex(f"09 00 00 00 00 00 00 f8 3f {version} 52 03 0a 01 77") == first_event(1.5, "w")
    assert bytes.fromhex("09 00 00 00 00 00 00 f8 3f 10 07 3a 02 08 01") == restart_event(1.5, 7)


def test_text():
    (value,) = parse(text("config", "a: ü"))[1]
    fields = parse(value)
    assert [b"config"] == fields[1]
    metadata, tensor = parse(fields[9][0]), parse(fields[8][0])
    assert ([b"text"], [2]) == (parse(metadata[1][0])[1], metadata[4])
    assert ([7], ["a: ü".encode()]) == (tensor[1], tensor[8])


def test_a_histogram_of_finite_numbers():
    counted = Histogram.of(np.array([0.0, 1.0, 1.0, 3.0, np.nan, np.inf]))
    assert (0.0, 3.0, 4, 5.0, 11.0) == (
        counted.smallest,
        counted.largest,
        counted.count,
        counted.total,
        counted.squares,
    )
    assert counted.limits == pytest.approx([0.1 * k for k in range(1, 31)])
    assert {0: 1, 10: 2, 29: 1} == {k: n for k, n in enumerate(counted.counts) if n}
    fields = parse(parse(parse(histogram("w", counted))[1][0])[5][0])
    assert [0.0, 3.0, 4.0, 5.0, 11.0] == [fields[k][0] for k in range(1, 6)]
    assert counted.limits == pytest.approx(struct.unpack("<30d", fields[6][0]))
    assert counted.counts == list(struct.unpack("<30d", fields[7][0]))


def test_no_histogram_of_nothing():
    assert Histogram.of(np.array([np.nan, np.inf])) is None
    assert Histogram.of(np.array([])) is None


def plugin_content(summary: bytes, tag: str) -> dict:
    fields = parse(parse(summary)[1][0])
    assert [f"_hparams_/{tag}".encode()] == fields[1]
    plugin = parse(parse(fields[9][0])[1][0])
    assert [b"hparams"] == plugin[1]
    return parse(plugin[2][0])


def test_hparams():
    columns = [
        hparams.HyperparameterColumn("lr", range=(1e-4, 1.0)),
        hparams.HyperparameterColumn("opt", ("adam", "sgd")),
        hparams.HyperparameterColumn("flag", (True, False)),
        hparams.HyperparameterColumn("free"),
    ]
    metric = hparams.MetricColumn("final/val_loss", "val_loss")
    (content,) = plugin_content(hparams.experiment(columns, [metric], 9.5), "experiment")[2]
    experiment = parse(content)
    infos = [parse(one) for one in experiment[4]]
    assert [b"lr", b"opt", b"flag", b"free"] == [one[1][0] for one in infos]
    assert [3, 1, 2, 3] == [one[4][0] for one in infos]
    assert ([1e-4], [1.0]) == (parse(infos[0][6][0])[1], parse(infos[0][6][0])[2])
    assert [b"adam", b"sgd"] == [parse(one)[3][0] for one in parse(infos[1][5][0])[1]]
    assert [1, 0] == [parse(one)[4][0] for one in parse(infos[2][5][0])[1]]
    assert [9.5] == experiment[3]
    (info,) = experiment[5]
    assert (b"final/val_loss", b"val_loss") == (parse(parse(info)[1][0])[2][0], parse(info)[3][0])


def test_sessions():
    settings = {"lr": 0.5, "n": 3, "opt": "adam", "flag": True}
    (content,) = plugin_content(hparams.session_start(settings, "a", 2.5), "session_start_info")[3]
    start = parse(content)
    values = {parse(one)[1][0].decode(): parse(parse(one)[2][0]) for one in start[1]}
    assert ([0.5], [3.0]) == (values["lr"][2], values["n"][2]), "google.protobuf.Value has doubles alone"
    assert ([b"adam"], [1]) == (values["opt"][3], values["flag"][4])
    assert ([b"a"], [2.5]) == (start[4], start[5])
    (content,) = plugin_content(hparams.session_end("failure", 7.5), "session_end_info")[4]
    assert ([2], [7.5]) == (parse(content)[1], parse(content)[2])


def test_files_grow_and_a_second_one_restarts(tmp_path):
    first = EventFile(tmp_path, "mark", clock=lambda: 1000.0)
    for step in range(4):
        first.add(1000.0 + step, step, scalars({"loss": 10.0 - step}))
    first.flush()
    second = EventFile(tmp_path, "mark", clock=lambda: 1000.0)
    second.add(2000.0, 2, scalars({"loss": 5.0}))
    assert {0: 10.0, 1: 9.0, 2: 8.0, 3: 7.0} == read_events(tmp_path).scalars["loss"], "not flushed yet"
    second.flush()
    assert {0: 10.0, 1: 9.0, 2: 5.0} == read_events(tmp_path).scalars["loss"]
    assert sorted([first.path, second.path]) == [first.path, second.path], "read in this order"
    assert "events.out.tfevents.0000001000.000000.0.mark.nettrain" == first.path.name


def test_a_file_that_continues_another_drops_nothing(tmp_path):
    first, second = EventFile(tmp_path, "a"), EventFile(tmp_path, "a", continues=True)
    first.add(1.0, 5, scalars({"loss": 1.0}))
    second.add(2.0, 5, scalars({"final": 2.0}))
    first.flush()
    second.flush()
    assert {"loss": {5: 1.0}, "final": {5: 2.0}} == dict(read_events(tmp_path).scalars)


def test_a_source_finds_its_folder_again_and_others_get_another(tmp_path):
    one, other, logs = tmp_path / "a" / "iris", tmp_path / "b" / "iris", tmp_path / "logs"
    place = LogFolder.of(logs, "iris", one)
    assert (logs / "iris", False) == (place.path, place.is_begun)
    place.file()
    place.part("member-0").file()
    assert LogFolder.of(logs, "iris", one) == place
    assert place.is_begun
    second = LogFolder.of(logs, "iris", other)
    assert logs / "iris-2" == second.path
    second.file()
    assert logs / "iris-3" == LogFolder.of(logs, "iris", None).path
    place.clear()
    assert ([], 1) == (list(place.path.rglob("events*")), len(list(second.path.rglob("events*"))))
    assert logs / "iris-2" == LogFolder.of(logs, "iris", other).path, "although the first is free again"


def test_events_may_lie_in_their_run_folder_but_in_no_other(tmp_path):
    runs = tmp_path / "runs"
    for name in ("iris", "iris-2"):
        (runs / name).mkdir(parents=True)
        (runs / name / "config.yaml").touch()
    assert runs / "iris" == LogFolder.of(runs, "iris", runs / "iris").path
    assert runs / "iris-3" == LogFolder.of(runs, "iris", tmp_path / "elsewhere" / "iris").path


def test_a_folder_that_is_a_file_or_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SpecError, match=r"file: is a file, not a folder$"):
            EventFile(path, "a")


def test_a_folder_that_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NettrainError, match=r"logs: cannot be written: Permission denied$"):
        EventFile(tmp_path / "logs", "a")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NettrainError, match=r"below: cannot be created: Permission denied$"):
        EventFile(tmp_path / "below", "a")


def test_a_file_that_is_refused(tmp_path):
    file = EventFile(tmp_path, "a")
    file.path.unlink()
    file.path.mkdir()
    file.add(1.0, 0, scalars({"loss": 1.0}))
    with pytest.raises(NettrainError, match=r"nettrain: cannot be written: Is a directory$"):
        file.flush()
