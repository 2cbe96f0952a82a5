"""Bad input: the error says what was found, where, what was expected and what to do."""

import gzip
import time

import pytest

from firstlight.base.errors import DataError
from firstlight.corpus import read_dataset

ITEMS = b"item_id,title\na,A\nb,B\n"
LOG = b"user_id,item_id,timestamp\nu,a,1\nu,b,2\n"
HUGE = b"x" * 10_000_000
LONG = b"x" * 1_100_000


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {},
            r"nothing to read among: no file .* expected .*interactions.csv.* or ratings.csv with movies.csv",
        ),
        (
            {"notes.txt": b""},
            r"nothing to read among: notes.txt .* convert them to interactions.csv and items.csv",
        ),
        (
            {"interactions.csv": b"userid,item_id\nu,a\n"},
            r'no column "user_id" \(did you mean "userid"\?\) among: userid, item_id \(in interactions.csv\)',
        ),
        (
            {"interactions.csv": b"user_id;item_id\nu;a\n"},
            r'no column "user_id".* among: user_id;item_id .* commas between the cells',
        ),
        (
            {"interactions.csv": LOG, "items.csv": b"id,title\na,A\n"},
            r'no column "item_id" .*among: id, title \(in items.csv\)',
        ),
        ({"interactions.csv": b""}, r"an empty file .*interactions.csv.* expected a header line and rows"),
        (
            {"interactions.csv": b"user_id,item_id\n"},
            r"no rows \(in the interactions\); expected at least one row",
        ),
        ({"interactions.csv": b"user_id,item_id\n\n\n"}, r"no rows \(in the interactions\)"),
        (
            {"interactions.csv": LOG, "items.csv": b"item_id,title\n"},
            r"no rows .*items.csv.* at least one row",
        ),
        (
            {"interactions.csv": b"user_id,item_id,timestamp\nu,a,soon\n"},
            r"no usable row \(no timestamp that is a time: 1\) .* check the columns' meaning and units",
        ),
        (
            {"interactions.csv": b"user_id,item_id,timestamp\nu,a,nan\nu,b,\nu,a,-inf\n"},
            r"no usable row \(no timestamp that is a time: 3\) \(in the interactions\); expected .* a valid time",
        ),
        (
            {"interactions.csv": b"user_id,item_id,timestamp\nu,a,95617584000\nu,b,5000-01-01\n"},
            r"no usable row \(timestamp in the future: 2\) .* check the columns' meaning and units",
        ),
        (
            {"interactions.csv": LOG, "items.csv": b"item_id,title\na,1\nb,2\nc,3\na,4\n"},
            r'item_id "a" stands twice \(in items.csv, rows 1 and 4\); expected one row for each item_id',
        ),
        (
            {"interactions.csv": LOG, "users.csv": b"user_id,age\nu,1\nu,2\n"},
            r'user_id "u" stands twice \(in users.csv, rows 1 and 2\)',
        ),
        (
            {"interactions.csv": LOG, "items.csv": b"item_id,title,title\na,1,2\n"},
            r'the column "title" stands twice .*items.csv',
        ),
        (
            {"interactions.csv": LOG, "items.csv": ITEMS + b"c," + HUGE + b"\nd,D\n"},
            r"a row of more than 4,194,304 bytes \(in .*items.csv, row 3\); expected at most 1,048,576 bytes",
        ),
        (
            {"interactions.csv": LOG, "items.csv": ITEMS + b"c," + LONG + b"\nd,D\n"},
            r'a text of 1,100,000 bytes in column "title" \(in items.csv, row 3\)',
        ),
        (
            {"interactions.csv": LOG + b"u," + HUGE + b",3\n"},
            r"a row of more than 4,194,304 bytes \(in .*interactions.csv, row 3\)",
        ),
        (
            {"interactions.jsonl": b'{"user_id": "u", "item_id": "' + HUGE + b'"}\n'},
            r"a row of more than 4,194,304 bytes \(in .*interactions.jsonl, row 1\)",
        ),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": "a", "tags": ["x", "' + LONG + b'"]}\n'},
            r'a text of 1,100,000 bytes in column "tags" \(in items.jsonl, row 1\)',
        ),
        (
            {"interactions.csv": LOG, "items.csv": "item_id,title\na,Amélie\n".encode("latin-1")},
            r"byte 0xe9 at position 18 \(line 2\) is not UTF-8 .*items.csv.* iconv -f latin1",
        ),
        (
            {"interactions.csv": LOG.decode().encode("utf-16")},
            r"byte 0xff at position 0 \(line 1\) is not UTF-8",
        ),
        (
            {"interactions.csv": LOG[:-2] + "é".encode()[:1]},
            r"byte 0xc3 at position 36 \(line 3\) is not UTF-8",
        ),
        ({"interactions.csv": LOG + b"u,\0,3\n"}, r"a NUL byte at position 40 \(line 4\) .*interactions.csv"),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": "a", "title": "\\u0000"}\n'},
            r'a NUL character in column "title" \(in items.jsonl, row 1\)',
        ),
        ({"interactions.csv.gz": b"plain"}, r"not a readable gzip file: Not a gzipped file .*remove the .gz"),
        (
            {"interactions.csv.gz": gzip.compress(LOG * 999)[:-20]},
            "not a readable gzip file: Compressed file ended",
        ),
        (
            {"interactions.parquet": b"PAR1 nothing"},
            "not a readable Parquet file.* expected a complete Parquet file",
        ),
        (
            {"interactions.csv": LOG, "items.csv": ITEMS, "items.jsonl": b"{}"},
            r"items.csv and items.jsonl .* expected one table of items",
        ),
        (
            {"interactions.jsonl": b'{"user_id": 1, "item_id": 1}\n{"user_id":\n'},
            r"not valid JSON: Expecting value.* \(in .*interactions.jsonl, row 2\); expected one JSON object",
        ),
        ({"interactions.jsonl": b"[1]\n"}, r"a JSON list \(in .*interactions.jsonl, row 1\)"),
        ({"items.jsonl": b"[1]\n", "interactions.csv": LOG}, r"a JSON list \(in .*items.jsonl, row 1\)"),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": "a", "title": "\\ud83d"}\n'},
            r"not valid JSON: .*surrogates not allowed .*row 1",
        ),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": "a", "title": ' + b"[" * 100_000 + b"}\n"},
            "not valid JSON: maximum recursion depth exceeded",
        ),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": ["a"]}\n'},
            r'the column "item_id" is of type list<item: string> .*items.jsonl.* write the keys as text',
        ),
        (
            {"interactions.csv": LOG, "items.jsonl": b'{"item_id": "a", "title": {"en": "A"}}\n'},
            r'the column "title" is of type struct<en: string> .*expected text',
        ),
        (
            {"interactions.csv": LOG + b'u,"a,3\n' + b"u,b,4\n" * 9},
            r"one row spans several lines and has a wrong number of cells \(in .*interactions.csv, row 3\)",
        ),
        (
            {"interactions.csv": LOG + b'u,a,"3\n' + b"u,b,4\n" * 9},
            r'a line break in column "timestamp" \(in interactions.csv, row 3\)',
        ),
        (
            {"valid.csv": b"user_id,histry,item_id\nu,a,b\n", "items.csv": ITEMS},
            r'no column "history" \(did you mean "histry"\?\)',
        ),
        (
            {"valid.csv": b"user_id,history,item_id\nu,a,zz\n", "items.csv": ITEMS},
            r"no usable row \(unknown item as the answer in valid.csv: 1\) \(in the cases\)",
        ),
    ],
)
def test_bad_input_has_a_message(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_dataset(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_a_missing_folder_names_the_nearest(tmp_path):
    (tmp_path / "movies").mkdir()
    with pytest.raises(DataError, match=r'no such folder \(did you mean "movies"\?\) .*check the path'):
        read_dataset(tmp_path / "movie")
    (tmp_path / "log.csv").write_text("x")
    with pytest.raises(DataError, match=r"a file .*expected the folder it lies in"):
        read_dataset(tmp_path / "log.csv")


def test_options_that_do_not_fit_are_errors(tmp_path):
    (tmp_path / "interactions.csv").write_text("user_id,item_id,event\nu,a,view\nu,b,buy\n")
    with pytest.raises(
        DataError, match=r'no column "rating" among: user_id, item_id, event .*leave min_rating out'
    ):
        read_dataset(tmp_path, min_rating=3)
    with pytest.raises(DataError, match=r'no row has the event "bye" .*expected one of buy, view'):
        read_dataset(tmp_path, events=["bye"])


@pytest.mark.parametrize("quoted", [False, True])
def test_a_huge_cell_is_refused_at_once(tmp_path, quoted):
    cell = b'"' + b"x\n" * 30_000_000 if quoted else b"x" * 60_000_000
    (tmp_path / "interactions.csv").write_bytes(LOG + b"u," + cell)
    start = time.process_time()
    with pytest.raises(DataError, match=r"interactions\.csv"):
        read_dataset(tmp_path)
    assert time.process_time() - start < 1


def test_marks_of_editors_are_tolerated(tmp_path):
    (tmp_path / "items.csv").write_bytes(b"\xef\xbb\xbf" + ITEMS.replace(b"\n", b"\r\n"))
    (tmp_path / "interactions.csv").write_bytes(b"\xef\xbb\xbf" + LOG.replace(b"user_id,", b" user_id ,"))
    dataset = read_dataset(tmp_path)
    assert list(dataset.catalogue.keys) == ["a", "b"]
    assert len(dataset.interactions) == 2
