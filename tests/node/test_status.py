"""What is told of studies, to people and to programs."""

from __future__ import annotations

import json

from cbvsynth.node.journal import Journal, Object
from cbvsynth.node.status import to_json, to_text


def rows(folder):
    journal = Journal(folder)
    for number, study in enumerate("abc"):
        journal.receive(study, "i", 5, "MR1", 100.0 + number)
    journal.made(journal.take(0.0, 200.0), "i", [Object("2.25.1", "p", 1), Object("2.25.2", "q", 1)], 201.0)
    journal.sent("2.25.1")
    journal.send_later(1, "PACS does not answer.", 300.0)
    journal.failed(journal.take(0.0, 200.0), "No series of the folder can be used.", 202.0)
    found = journal.rows()
    journal.close()
    return found


def test_people_read_a_line_for_each_and_its_reason(tmp_path):
    told = to_text(rows(tmp_path))
    assert told.startswith("1 receiving, 1 made, 1 failed\nstudy 1  made ")
    assert "is being sent, 1 of 2 objects sent\n    PACS does not answer.\n    in studies/a\n" in told
    assert "no map\n    No series of the folder can be used.\n    in studies/b\n" in told
    assert told.endswith("waits until it is quiet\n    in studies/c")


def test_without_a_study_it_says_so():
    assert to_text([]) == "no study has come"


def test_programs_read_all_of_it(tmp_path):
    told = json.loads(json.dumps(to_json(rows(tmp_path))))
    assert told["states"] == {"receiving": 1, "working": 0, "made": 1, "sent": 0, "failed": 1}
    first = told["studies"][0]
    assert (first["objects"], first["objects_sent"], first["attempts"]) == (2, 1, 1)
    assert first["next_attempt"] == "1970-01-01T00:05:00+00:00"
    assert told["studies"][1]["reason"] == "No series of the folder can be used."
    assert told["studies"][2]["reason"] is None
