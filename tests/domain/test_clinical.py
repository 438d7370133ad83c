"""The clinical tables: known answers, correction over tasks, and what cannot be computed."""

import pytest

from cbvsynth.domain.clinical import STANDARD, WITH_CBV, Read, analyse_reads
from cbvsynth.errors import DataError
from tests.domain.statistics.test_multi_reader import THIRD, THIRD_AFTER
from tests.domain.statistics.test_roc import FIRST, SECOND, TIED_FIRST, TIED_SECOND, TRUTH


def reads(task="grade", reader="A", truth=TRUTH, first=FIRST, second=SECOND):
    rows = enumerate(zip(truth, first, second, strict=True))
    return [Read(f"e{number}", bool(yes), one, two, reader, task) for number, (yes, one, two) in rows]


def test_a_task_gives_the_known_answers_of_every_statistic():
    (row,) = analyse_reads(reads()).results
    assert (row.standard.auc, row.with_cbv.auc) == pytest.approx((0.7875, 0.9), abs=1e-9)
    assert row.comparison.z == pytest.approx(1.6662494944, abs=1e-9), "positive favours synthetic CBV"
    assert row.p_auc.p_value == pytest.approx(0.0956637316109, abs=1e-9)
    assert (row.nri.nri, row.idi.idi) == pytest.approx((1.55, 0.1715), abs=1e-9)
    assert (row.nri.z, row.idi.z) == pytest.approx((5.1470452136567, 6.9791760814359), abs=1e-9)
    assert (row.examinations, row.events, row.notes) == (18, 8, ())


def test_p_values_are_corrected_for_the_tasks_and_not_for_the_readers():
    table = [read for task in ("a", "b", "c") for reader in ("X", "Y") for read in reads(task, reader)]
    results = analyse_reads(table).results
    assert [(row.task, row.reader) for row in results] == [(t, r) for t in "abc" for r in "XY"]
    for row in results:
        for values in (row.p_auc, row.p_nri, row.p_idi):
            assert values.corrected == pytest.approx(min(1, 3 * values.p_value), abs=1e-15)


def test_a_task_that_cannot_be_tested_still_counts_in_the_correction_and_says_why():
    only_events = reads("b", truth=[1] * 18)
    first, second = analyse_reads([*reads("a"), *only_events]).results
    assert first.p_auc.corrected == pytest.approx(2 * 0.0956637316109, abs=1e-9)
    assert second.standard is second.comparison is second.nri is second.curves is None
    assert "18 events and 0 non-events" in second.notes[0]


def test_a_perfect_gain_has_areas_but_no_test_and_says_so():
    truth, first, second = [1, 1, 0, 0], [0.5] * 4, [0.9, 0.9, 0.1, 0.1]
    (row,) = analyse_reads(reads(truth=truth, first=first, second=second)).results
    assert (row.standard.auc, row.with_cbv.auc) == (0.5, 1.0)
    assert row.comparison is row.nri is row.idi is None
    assert [note.split(":")[0].rsplit(", ", 1)[1] for note in row.notes] == ["DeLong's test", "NRI", "IDI"]


def test_readers_are_taken_together_on_what_all_of_them_read():
    """The known answer of MRMCaov 0.3 (R 4.2.2), as in the test of the statistic."""
    table = [
        *reads("t", "A"),
        *reads("t", "B", first=TIED_FIRST, second=TIED_SECOND),
        *reads("t", "C", first=THIRD, second=THIRD_AFTER),
        Read("only-A", True, 0.1, 0.9, "A", "t"),
        *reads("one reader", "A"),
    ]
    (row,) = analyse_reads(table).together
    assert (row.task, row.readers, row.examinations, row.left_out) == ("t", ("A", "B", "C"), 18, 1)
    assert row.comparison.random_readers.p_value == pytest.approx(0.079928014979746997, abs=1e-9)
    assert row.p_random.corrected == pytest.approx(2 * 0.079928014979746997, abs=1e-9)
    assert row.p_fixed.p_value == pytest.approx(0.19939824793794503, abs=1e-9)
    apart = [*reads("t", "A", truth=[1] * 18), *reads("t", "B", truth=[1] * 18)]
    (row,) = analyse_reads(apart).together
    assert row.comparison is None
    assert "18 events and 0 non-events" in row.note


def test_readers_who_read_nothing_in_common_have_no_common_area():
    table = [*reads("t", "A"), *(Read(f"other-{n}", n > 3, 0.1, 0.9, "B", "t") for n in range(8))]
    (row,) = analyse_reads(table).together
    assert (row.examinations, row.left_out, row.comparison) == (0, 26, None)


def test_kappa_is_of_calls_on_examinations_that_both_readers_read():
    one = [("e1", 0.5, 0.9), ("e2", 0.49, 0.1), ("e3", 0.7, 0.8), ("e4", 0.2, 0.2), ("only-A", 0.9, 0.9)]
    two = [("e1", 0.6, 0.2), ("e2", 0.1, 0.1), ("e3", 0.8, 0.9), ("e4", 0.3, 0.4)]
    table = [Read(name, name in ("e1", "e3"), a, b, "A", "t") for name, a, b in one]
    table += [Read(name, name in ("e1", "e3"), a, b, "B", "t") for name, a, b in two]
    standard, with_cbv = analyse_reads(table).agreements
    assert (standard.information, with_cbv.information) == (STANDARD, WITH_CBV)
    assert (standard.examinations, standard.kappa.kappa) == (4, 1.0)
    assert with_cbv.kappa.kappa == pytest.approx(0.5)  # [[2, 0], [1, 1]]: (.75 - .5) / (1 - .5)


def test_readers_who_always_say_no_have_no_kappa():
    table = [Read(f"e{n}", n % 2 == 0, 0.1, 0.9, reader, "t") for reader in "AB" for n in range(6)]
    assert [row.kappa for row in analyse_reads(table).agreements] == [None, None]
    assert "one category" in analyse_reads(table).agreements[0].note


def test_one_reader_has_no_agreement_and_no_read_is_an_error():
    assert analyse_reads(reads()).agreements == ()
    with pytest.raises(DataError, match="no read"):
        analyse_reads([])
