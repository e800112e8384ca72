"""Pieces of text: whole rows whatever their size, line ends and marks; and what is no text."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.reading import textfile
from nettrain.data.reading.textfile import TextFile, end_of_rows
from nettrain.errors import DataError

ROWS = st.lists(st.sampled_from(["a,b", 'x,"1\n2"', '"say ""hi""",3', "", "é,ü"]), max_size=12)


def pieces(data, size, **keys):
    return list(TextFile("x.csv", lambda: io.BytesIO(data), **keys).pieces(size))


@given(ROWS, st.integers(1, 40), st.sampled_from(["\n", "\r\n"]), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_pieces_are_the_text_cut_between_rows(rows, size, end, mark):
    text = "".join(row + end for row in rows)
    cut = pieces(mark + text.encode(), size)
    assert text.encode() == b"".join(cut)
    assert all(piece.count(b'"') % 2 == 0 and piece.endswith(b"\n") for piece in cut)


@given(ROWS, st.integers(1, 40))
def test_latin_1_becomes_utf_8(rows, size):
    text = "\n".join(rows)
    assert text.encode() == b"".join(pieces(text.encode("latin-1"), size, latin=True))


def test_old_line_ends_become_new_ones():
    assert [b"a,b\n1,2\n"] == pieces(b"a,b\r1,2\r", 100)


@pytest.mark.parametrize(
    ("data", "end"),
    [(b"", 0), (b"a,b", 0), (b"a\nb", 2), (b'a\n"b\nc', 2), (b'"a\nb"\nc', 6), (b'"a\nb\n', 0)],
)
def test_rows_end_at_line_ends_outside_quotes(data, end):
    assert end == end_of_rows(data)


def test_a_quote_that_does_not_close_is_found_before_memory_ends(monkeypatch):
    monkeypatch.setattr(textfile, "LONGEST", 50)
    with pytest.raises(DataError) as caught:
        pieces(b'a,b\n"' + b"1,2\n" * 30, 20)
    assert "x.csv: a quote that opens a cell does not close within 56 bytes" == str(caught.value)


def test_bytes_that_are_not_utf_8_are_told():
    for data in ("é\n".encode("latin-1"), "a\né".encode()[:-1]):
        with pytest.raises(UnicodeDecodeError):
            pieces(data, 3)
