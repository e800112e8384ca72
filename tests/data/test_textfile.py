"""Chunks of text: whole rows for every size, line end and byte order mark; and what is no text."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.reading import textfile
from nettrain.data.reading.textfile import TextFile, end_of_rows
from nettrain.errors import DataError

ROWS = st.lists(st.sampled_from(["a,b", 'x,"1\n2"', '"say ""hi""",3', "", "é,ü"]), max_size=12)


def chunks(data, size, **keys):
    return list(TextFile("x.csv", lambda: io.BytesIO(data), **keys).chunks(size))


@given(ROWS, st.integers(1, 40), st.sampled_from(["\n", "\r\n"]), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_chunks_are_the_text_cut_between_rows(rows, size, end, mark):
    text = "".join(row + end for row in rows)
    cut = chunks(mark + text.encode(), size)
    assert text.encode() == b"".join(cut)
    assert all(chunk.count(b'"') % 2 == 0 and chunk.endswith(b"\n") for chunk in cut)


@given(ROWS, st.integers(1, 40))
def test_latin_1_becomes_utf_8(rows, size):
    text = "\n".join(rows)
    assert text.encode() == b"".join(chunks(text.encode("latin-1"), size, latin=True))


def test_old_line_ends_become_new_ones():
    assert [b"a,b\n1,2\n"] == chunks(b"a,b\r1,2\r", 100)


@pytest.mark.parametrize(
    ("data", "end"),
    [(b"", 0), (b"a,b", 0), (b"a\nb", 2), (b'a\n"b\nc', 2), (b'"a\nb"\nc', 6), (b'"a\nb\n', 0)],
)
def test_rows_end_at_line_ends_outside_quotes(data, end):
    assert end == end_of_rows(data)


def test_a_cell_of_many_lines_is_looked_at_once_however_many_blocks_it_takes(monkeypatch):
    looked_at = []
    count = textfile.end_of_rows
    monkeypatch.setattr(
        textfile, "end_of_rows", lambda data, **more: looked_at.append(len(data)) or count(data, **more)
    )
    data = b'a,b\n"' + b"x\n" * 500 + b'",2\n3,4\n'
    assert [data] == [b"".join(chunks(data, 50))]
    assert len(data) == sum(looked_at)


@given(st.lists(st.sampled_from([b'"', b"\n", b"x"])).map(b"".join), st.booleans())
def test_the_last_end_of_a_row_is_that_of_a_plain_loop(data, inside):
    last, quoted = 0, inside
    for position, character in enumerate(data):
        quoted ^= character == ord('"')
        last = position + 1 if character == ord("\n") and not quoted else last
    assert last == end_of_rows(data, inside=inside)


def test_an_unclosed_quote_is_refused_before_memory_ends(monkeypatch):
    monkeypatch.setattr(textfile, "LONGEST", 50)
    with pytest.raises(DataError) as caught:
        chunks(b'a,b\n"' + b"1,2\n" * 30, 20)
    assert "x.csv: a quote that opens a cell does not close within 56 bytes" == str(caught.value)


def test_bytes_that_are_not_utf_8_are_reported():
    for data in ("é\n".encode("latin-1"), "a\né".encode()[:-1]):
        with pytest.raises(UnicodeDecodeError):
            chunks(data, 3)
