"""The picture of a map shows T1C where it is there, as the paper does."""

from __future__ import annotations

import pytest

from cbvsynth.client import CbvClient
from cbvsynth.client.picture import ANATOMY, draw_map
from cbvsynth.domain.sequences import Sequence
from tests.client.heads import write_head
from tests.client.prediction_server import serve, three_versions


def test_t1c_comes_first_and_every_sequence_can_be_shown():
    assert ANATOMY[0] is Sequence.T1C
    assert set(ANATOMY) == set(Sequence)


@pytest.mark.parametrize("sequences", ["t1"])
def test_a_map_is_drawn_over_what_there_is(tmp_path, sequences):
    with serve(three_versions()) as server, CbvClient(server.address) as client:
        made = client.predict(write_head(tmp_path, sequences))
    draw_map(tmp_path / "cbv.png", made)
    assert (tmp_path / "cbv.png").read_bytes().startswith(b"\x89PNG")
