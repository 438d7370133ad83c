"""A readers' table: read back as written, and refused with the line that is wrong."""

import pytest

from cbvsynth.domain.clinical import Read
from cbvsynth.errors import ResultError
from cbvsynth.records.reads import read_reads, write_reads

READS = (Read("e1", True, 0.62, 0.8, "A", "high grade?"), Read("e2", False, 0.5, 0.1, "A", "high grade?"))
HEADER = "exam_id,truth,p_standard,p_with_cbv,reader,task\n"


def test_a_table_is_read_back_as_written(tmp_path):
    write_reads(tmp_path / "reads.csv", READS)
    assert read_reads(tmp_path / "reads.csv") == READS
    assert (tmp_path / "reads.csv").read_text() == (
        HEADER + "e1,1,0.62,0.8,A,high grade?\ne2,0,0.5,0.1,A,high grade?\n"
    )


def test_excels_mark_words_and_a_missing_reader_are_understood(tmp_path):
    (tmp_path / "reads.csv").write_text("﻿task,exam_id,p_with_cbv,p_standard,truth\ng, e1 ,1,0,Yes\n")
    assert read_reads(tmp_path / "reads.csv") == (Read("e1", True, 0, 1, "reader", "g"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exam_id,truth,p_standard\n", "lacks the column p_with_cbv"),
        (HEADER, "has no row"),
        (HEADER + "e1,2,0.1,0.2,A,t\n", "line 2: truth is '2'"),
        (HEADER + ",1,0.1,0.2,A,t\n", "line 2: exam_id is empty"),
        (HEADER + "e1,1,0.1,0.2,A,t\ne2,1,1.2,0.2,A,t\n", "line 3: p_standard is '1.2'"),
        (HEADER + "e1,1,0.1,high,A,t\n", "p_with_cbv is 'high'"),
        (
            HEADER + "e1,1,0.1,62,A,t\n",
            r"from 0 to 1, as 0.62 \(62 looks like per cent: as a share it is 0.62\)",
        ),
        (HEADER + "e1,1,nan,0.2,A,t\n", "p_standard is 'nan'"),
        (HEADER + "e1,1,0.1,0.2,A,t\ne1,1,0.3,0.2,A,t\n", "two rows for e1"),
        (HEADER + "e1,1,0.1,0.2,A,t\ne1,0,0.3,0.2,B,t\n", "truth of e1 in 't' differs"),
    ],
)
def test_what_is_no_table_of_reads_is_refused(tmp_path, text, message):
    (tmp_path / "reads.csv").write_text(text)
    with pytest.raises(ResultError, match=message):
        read_reads(tmp_path / "reads.csv")


def test_a_spreadsheets_semicolons_decimal_commas_and_percentages_are_understood(tmp_path):
    """Each of them was refused."""
    (tmp_path / "reads.csv").write_text("Exam ID;Truth;P Standard;P with CBV\ne1;1;0,62;80 %\n")
    assert read_reads(tmp_path / "reads.csv") == (Read("e1", True, 0.62, 0.8, "reader", "task"),)


def test_a_missing_file_and_another_encoding_are_refused(tmp_path):
    with pytest.raises(ResultError, match="does not exist"):
        read_reads(tmp_path / "reads.csv")
    (tmp_path / "reads.csv").write_bytes("exam_id,truth,p_standard,p_with_cbv\né".encode("latin-1"))
    with pytest.raises(ResultError, match="UTF-8"):
        read_reads(tmp_path / "reads.csv")
