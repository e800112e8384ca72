"""`KEY=VALUE`: what it changes, how errors name it, and which folder a path is relative to."""

from pathlib import Path

import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.data.reading.file_format import known_files
from nettrain.errors import SpecError
from nettrain.experiment.load import load

FILE = """\
data: {source: builtin:iris}
optimizer: {name: adam, learning_rate: 0.5, beta1: 0.8}
training:
  epochs: 7
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text(FILE)
    return path


def changed(file, *overrides):
    """The experiment of a file with overrides."""
    return load(file, overrides).experiment


def errors(file, *overrides):
    """The problems of overrides, without the folder of the file."""
    with pytest.raises(SpecError) as caught:
        load(file, overrides)
    return [line.replace(str(file), "f") for line in caught.value.problems]


def test_values_are_yaml(file):
    experiment = changed(
        file,
        "optimizer.learning_rate=1e-2",
        "training.epochs=017",
        "model.hidden=[3, 4]",
        "training.early_stopping={patience: 2}",
        "training.shuffle=false",
        "experiment=no",
        "data.validation=20",
    )
    assert (0.01, 17, [3, 4], 2, False, "no", 20) == (
        experiment.optimizer.learning_rate,
        experiment.training.epochs,
        experiment.model.hidden,
        experiment.training.early_stopping.patience,
        experiment.training.shuffle,
        experiment.experiment,
        experiment.data.validation,
    )


def test_the_rest_of_the_file_stays(file):
    experiment = changed(file, "training.batch_size=3")
    assert (7, 3, 0.5) == (
        experiment.training.epochs,
        experiment.training.batch_size,
        experiment.optimizer.learning_rate,
    )


def test_a_key_is_overridden_once(file):
    with pytest.raises(SpecError) as caught:
        changed(file, "training.epochs=1", "training.epochs=2")
    assert 'override "training.epochs=2": training.epochs: given twice, first as "training.epochs=1"' == str(
        caught.value
    )


def test_a_mark_alone_is_text(file):
    for mark in ",|#%&*!@>`":
        assert mark == changed(file, f"data.separator={mark}").data.separator


def test_a_value_may_hold_an_equals_sign(file):
    assert "a=b" == changed(file, "experiment=a=b").experiment


def test_blocks_are_made_where_none_are(file):
    assert 4 == changed(file, "training.early_stopping.patience=4").training.early_stopping.patience


def test_a_number_that_is_short_for_a_block_becomes_one(file):
    file.write_text("data: {source: builtin:iris, folds: 5}\n")
    folds = changed(file, "data.folds.take=3").data.folds
    assert (5, 1, 3) == (folds.count, folds.repeats, folds.take)
    assert (4, 2) == (
        (again := changed(file, "data.folds={count: 4, repeats: 2}").data.folds).count,
        again.repeats,
    )
    assert 7 == changed(file, "data.folds=7").data.folds.count


def test_an_empty_file_may_be_filled(file):
    file.write_text("# nothing\n")
    assert "builtin:iris" == changed(file, "data.source=builtin:iris").data.source


def test_a_setting_of_a_variant_that_the_file_only_names(file):
    file.write_text("data: {source: builtin:iris}\noptimizer: sgd\n")
    optimizer = changed(file, "optimizer.learning_rate=3").optimizer
    assert ("sgd", 3) == (optimizer.name, optimizer.learning_rate)


def test_a_setting_of_the_default_variant(file):
    file.write_text("data: {source: builtin:iris}\n")
    optimizer = changed(file, "optimizer.beta1=0.5").optimizer
    assert ("adam", 0.5) == (optimizer.name, optimizer.beta1)


@pytest.mark.parametrize("override", ["optimizer=sgd", "optimizer.name=sgd"])
def test_another_variant_keeps_shared_settings_and_a_note_says_what_it_drops(file, override):
    loaded = load(file, [override])
    assert {"name": "sgd", "learning_rate": 0.5, "groups": None} == loaded.experiment.optimizer.model_dump()
    assert ("optimizer: sgd has no beta1, dropped",) == loaded.notes


def test_the_same_variant_drops_nothing(file):
    loaded = load(file, ["optimizer.name=adam"])
    assert (0.8, ()) == (loaded.experiment.optimizer.beta1, loaded.notes)


def test_a_whole_block_replaces_the_old_one(file):
    loaded = load(file, ["optimizer={name: sgd}"])
    assert ({"name": "sgd", "learning_rate": 0.01, "groups": None}, ()) == (
        loaded.experiment.optimizer.model_dump(),
        loaded.notes,
    )


def test_settings_after_the_name_belong_to_the_new_variant(file):
    optimizer = changed(file, "optimizer=momentum", "optimizer.momentum=0.3").optimizer
    assert (0.5, 0.3) == (optimizer.learning_rate, optimizer.momentum)


def test_auto_gives_way_to_a_name(file):
    file.write_text("data: {source: builtin:iris}\nloss: auto\n")
    loss = changed(file, "loss.name=cross_entropy", "loss.label_smoothing=0.2").loss
    assert ("cross_entropy", 0.2) == (loss.name, loss.label_smoothing)


OPTIMIZERS = ", ".join(optimizers)
WRITE = "write KEY=VALUE, such as optimizer.learning_rate=0.01"
WRONG = [
    ("training.epochs", f'override "training.epochs": {WRITE}'),
    ("=3", f'override "=3": {WRITE}'),
    ("a..b=3", f'override "a..b=3": {WRITE}'),
    ("modl.x.y=3", 'override "modl.x.y=3": modl: unknown key, did you mean "model"?'),
    ("model.hiden=[1]", 'override "model.hiden=[1]": model.hiden: unknown key, did you mean "hidden"?'),
    ("training.epochs=a", 'override "training.epochs=a": training.epochs: "a" is not a whole number'),
    ("training.epochs=", 'override "training.epochs=": training.epochs: null is not a whole number'),
    ("training.epochs=0", 'override "training.epochs=0": training.epochs: 0 is not at least 1'),
    (
        "training.epochs={",
        'override "training.epochs={": not valid YAML: while parsing a flow node, '
        "expected the node content, but found '<stream end>'",
    ),
    ("training={epochs: 1, epochs: 2}", 'override "training={epochs: 1, epochs: 2}": epochs: given twice'),
    ("training.epochs=!!int 3", 'override "training.epochs=!!int 3": the tag !!int is not allowed'),
    (
        "training.epochs.x=3",
        'override "training.epochs.x=3": training.epochs is a single value, '
        "give all of it: training.epochs=…",
    ),
    (
        "optimizer.name=sdg",
        'override "optimizer.name=sdg": optimizer.name: unknown "sdg", did you mean "sgd"?',
    ),
    ("optimizer=sdg", 'override "optimizer=sdg": optimizer: unknown "sdg", did you mean "sgd"?'),
    (
        "optimizer.name=3",
        f'override "optimizer.name=3": optimizer.name: unknown 3 (allowed: {OPTIMIZERS})',
    ),
    (
        "optimizer.name=[1]",
        f'override "optimizer.name=[1]": optimizer.name: unknown [1] (allowed: {OPTIMIZERS})',
    ),
    (
        "optimizer.momentum=0.9",
        'override "optimizer.momentum=0.9": optimizer.momentum: unknown key '
        "(allowed: name, learning_rate, groups, beta1, beta2, epsilon, bias_correction, amsgrad); momentum, nesterov and rmsprop have it",
    ),
    ("backend.device=-2", 'override "backend.device=-2": backend.device: -2 is not at least 0'),
    (
        "backend.name=gpu",
        'override "backend.name=gpu": backend.name: unknown "gpu" (allowed: auto, numpy, cupy)',
    ),
]


@pytest.mark.parametrize(("override", "expected"), WRONG, ids=[override for override, _ in WRONG])
def test_a_wrong_override_is_named_as_it_was_typed(file, override, expected):
    assert [expected] == errors(file, override)


LAYERS = """\
data: {source: builtin:iris}
model:
  layers:
    - units: 3
    - {units: 4, activation: leaky_relu}
"""


def test_an_entry_of_a_list_is_named_by_its_number(file):
    file.write_text("data: {source: builtin:iris}\nmodel: {hidden: [3, 4]}\n")
    assert [3, 9] == changed(file, "model.hidden.1=9").model.hidden


def test_a_layer_of_a_list_is_named_by_its_number(file):
    file.write_text(LAYERS)
    first, second = changed(
        file,
        "model.layers.0.units=8",
        "model.layers.0.batch_norm.momentum=0.2",
        "model.layers.1.activation.negative_slope=0.3",
        "model.dropout=0.5",
    ).model.layers
    assert (8, 0.2, 0.5) == (first.units, first.batch_norm.momentum, first.dropout)
    assert (4, 0.3, 0.5) == (second.units, second.activation.negative_slope, second.dropout)


def test_a_layer_changes_its_activation(file):
    file.write_text(LAYERS)
    loaded = load(file, ["model.layers.1.activation.negative_slope=0.3"])
    assert "leaky_relu" == loaded.experiment.model.layers[1].activation.name
    assert "elu" == changed(file, "model.layers.1.activation=elu").model.layers[1].activation.name


def test_a_switch_that_is_on_takes_numbers(file):
    file.write_text("data: {source: builtin:iris}\nmodel: {batch_norm: true}\n")
    norm = changed(file, "model.batch_norm.momentum=0.3").model.batch_norm
    assert (0.3, 1e-5) == (norm.momentum, norm.epsilon)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model.layers.2.units=3", "model.layers has 2 entries, from 0"),
        ("model.layers.units=3", "model.layers is a list, name an entry by its number from 0"),
        ("model.layers.x.units=3", "model.layers is a list, name an entry by its number from 0"),
        ("model.layers.1.units=0", "model.layers.1.units: 0 is not at least 1"),
        ("model.layers.1.dropout=1", "model.layers.1.dropout: 1 is not below 1"),
    ],
)
def test_a_wrong_entry_of_a_list_is_named(file, override, expected):
    file.write_text(LAYERS)
    assert [f'override "{override}": {expected}'] == errors(file, override)


def test_an_entry_of_a_list_of_few_is_named(file):
    for layers, there in (("[4]", "1 entry, 0"), ("[]", "no entries")):
        file.write_text(f"data: {{source: builtin:iris}}\nmodel: {{hidden: {layers}}}\n")
        assert [f'override "model.hidden.1=5": model.hidden has {there}'] == errors(file, "model.hidden.1=5")


def test_all_wrong_overrides_and_the_files_errors_come_at_once(file):
    file.write_text(FILE.replace("epochs: 7", "epochs: 0"))
    assert [
        f'override "x": {WRITE}',
        'override "seed=-1": seed: -1 is not at least 0',
        "f:4: training.epochs: 0 is not at least 1",
    ] == errors(file, "x", "seed=-1")


def test_an_override_fixes_an_error_in_the_file(file):
    file.write_text(FILE.replace("epochs: 7", "epochs: 0"))
    assert 3 == changed(file, "training.epochs=3").training.epochs


def test_a_file_that_is_no_block_stays_one(file):
    file.write_text("- a\n")
    assert ["f:1: an experiment file is a block of keys, this is a list"] == errors(file, "seed=1", "a.b=2")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_paths_in_a_file_are_relative_to_its_folder(file, elsewhere):
    file.write_text("data: {source: a.csv, test: sub/b.csv, validation: ../c.csv}\n")
    data, folder = changed(file).data, file.parent
    assert (str(folder / "a.csv"), str(folder / "sub/b.csv"), str(folder / "../c.csv")) == (
        data.source,
        data.test,
        data.validation,
    )


def test_paths_in_overrides_are_relative_to_the_current_folder(file, elsewhere):
    file.write_text("data: {source: a.csv, test: b.csv}\n")
    data = changed(file, "data.source=a.csv").data
    assert (str(elsewhere / "a.csv"), str(file.parent / "b.csv")) == (data.source, data.test)
    assert str(elsewhere / "c.csv") == changed(file, "data={source: c.csv}").data.source


def test_a_file_may_be_named_relative_to_the_current_folder(file, elsewhere):
    file.write_text("data: {source: a.csv}\n")
    source = changed(Path("../f.yaml")).data.source
    assert Path(source).is_absolute()
    assert file.parent / "a.csv" == Path(source).resolve()


def test_absolute_paths_and_built_in_sources_stay(file, elsewhere):
    file.write_text("data: {source: /x/a.csv, test: builtin:iris, validation: 0.2}\n")
    data = changed(file, "data.validation=synthetic:xor").data
    assert ("/x/a.csv", "builtin:iris", "synthetic:xor") == (data.source, data.test, data.validation)


def test_an_error_names_a_path_as_it_was_written(file):
    file.write_text("data: {source: a.docx}\n")
    assert [
        f'f:1: data.source: "a.docx" is not a source ({known_files()}, builtin:NAME or synthetic:NAME)'
    ] == errors(file)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ff.yaml", ', did you mean "f.yaml"?'),
        ("f", ', did you mean "f.yaml"?'),
        ("g.yaml", ""),
        ("no/such/f.yaml", ""),
    ],
)
def test_a_missing_file_is_named_with_a_similar_one(file, name, expected):
    path = file.parent / name
    with pytest.raises(SpecError) as caught:
        load(path)
    assert f"{path}: no such file{expected}" == str(caught.value)


def test_a_folder_and_bytes_that_are_not_utf_8_are_refused(tmp_path):
    with pytest.raises(
        SpecError, match=r"is a folder, not an experiment file; nettrain init .* writes one for data in it$"
    ):
        load(tmp_path)
    file = tmp_path / "f.yaml"
    file.write_bytes(b"a: \xff")
    with pytest.raises(SpecError, match=r"not UTF-8 text \(byte 3\)$"):
        load(file)


def test_a_byte_order_mark_and_windows_line_ends_are_read(file):
    file.write_bytes(b"\xef\xbb\xbfdata: {source: builtin:iris}\r\nseed: 3\r\n")
    assert 3 == changed(file).seed


def test_a_file_inside_a_file_cannot_be_read(file):
    with pytest.raises(SpecError) as caught:
        load(file / "more.yaml")
    assert f"{file}/more.yaml: cannot be read: Not a directory" == str(caught.value)
