"""Whatever numbers and names a journal or a table holds, they are read back as they were written."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.store.journal import Journal, read_journal
from nettrain.store.run_folder import csv_text
from nettrain.store.stored_table import read_table

FEW = settings(max_examples=30)
NAMES = st.sampled_from(["float", "nan", "digest"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=6
)
FIGURES = st.dictionaries(NAMES, st.floats(), max_size=3)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BLOCKS = st.dictionaries(NAMES, PLAIN, max_size=3)
LINES = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("sweep"),
            "experiment": BLOCKS,
            "sweep": BLOCKS,
            "parameters": st.dictionaries(NAMES, BLOCKS, max_size=2),
            "order": st.lists(NAMES, max_size=2),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("values"), "trial": st.integers(1, 9), "values": BLOCKS}),
    st.fixed_dictionaries(
        {
            "kind": st.just("trial"),
            "trial": st.integers(1, 9),
            "status": st.sampled_from(["finished", "pruned", "diverged", "failed", "infeasible"]),
            "epochs": st.integers(0, 9),
            "best_epoch": st.none() | st.floats(),
            "figures": FIGURES,
            "rungs": st.dictionaries(st.integers(0, 999).map(str), st.floats(), max_size=2),
            "message": NAMES,
            "seconds": st.floats(),
            "members": st.integers(1, 9),
            "folds": st.dictionaries(NAMES, FIGURES, max_size=2),
        }
    ),
)


@FEW
@given(st.lists(st.lists(LINES, max_size=2), min_size=1, max_size=3), st.floats(0, 1))
def test_a_journal_that_is_cut_off_anywhere_has_all_lines_before_the_cut(appended, share):
    entries = [entry for some in appended for entry in some]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        for some in appended:
            Journal(path).append(some)
        assert repr(entries) == repr(read_journal(path))
        content = path.read_bytes()
        cut = content[: int(share * len(content))]
        path.write_bytes(cut)
        kept = Journal(path)
        assert repr(entries[: cut.count(b"\n")]) == repr(kept.entries)
        kept.append(entries[cut.count(b"\n") :])
        assert content == path.read_bytes()


COLUMNS = {
    "epoch": st.floats(0, 1e9),
    "step": st.integers(0, 2**53),
    "layer": st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=6),
    "loss": st.none() | st.floats(),
}


@FEW
@given(st.lists(st.tuples(*COLUMNS.values()), max_size=4))
def test_a_table_is_read_back_as_it_was_written(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_text(csv_text([*COLUMNS], rows))
        read = read_table(path, needs=["epoch", "step"], whole=["step"], text=["layer"])
    assert repr(rows) == repr([tuple(row.values()) for row in read])
