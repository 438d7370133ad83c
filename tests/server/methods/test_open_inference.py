"""Which model and version a request of the third protocol is about, and its words for types."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.errors import RefusedError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.mark.parametrize(
    ("version", "place"),
    [
        ("", ("m", None, "")),
        ("12", ("m", 12, "")),
        ("stable", ("m", None, "stable")),
        ("١", ("m", None, "١")),
    ],
)
def test_a_version_is_a_number_a_label_or_nothing(version, place):
    from cbvsynth.server.methods.open_inference import place_of

    assert place_of("m", version) == place


def test_every_type_of_numpy_has_its_word():
    from cbvsynth.server.methods.open_inference import numpy_kind, word_for
    from cbvsynth.wire.open_inference import DATATYPES

    for word in DATATYPES:
        assert word_for(np.zeros(1, numpy_kind(word))) == word
    assert word_for(np.array([b"a"], object)) == "BYTES"
    with pytest.raises(RefusedError, match="has the type complex64"):
        word_for(np.zeros(1, np.complex64))


def test_an_input_given_twice_is_refused(running):
    from cbvsynth.server.flags import ServerOptions
    from cbvsynth.server.methods.open_inference import Asked, claim, infer

    def twice(signature):
        return [claim("x", "INT32", (1,), signature, (4, lambda: np.ones(1, np.int32))) for _ in range(2)]

    asked = Asked("sum", "", "pair", (), twice)
    with pytest.raises(RefusedError, match="an input is given twice: x, x"):
        infer(running.store, ServerOptions(), asked)
