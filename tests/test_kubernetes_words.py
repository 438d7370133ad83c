"""Words that Kubernetes takes, and next to each one that it does not."""

from __future__ import annotations

import pytest

from cbvsynth.kubernetes_words import IMAGE, is_label_key, is_label_value, is_name, parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("1.5", 1.5), ("250m", 0.25), ("8Gi", 8 * 2**30), ("2k", 2000), ("3M", 3e6)],
)
def test_a_quantity_is_a_number(text: str, number: float) -> None:
    assert float(parse_quantity(text)) == number


@pytest.mark.parametrize("text", ["", "lots", "4GB", "8 Gi", "-1", "Gi"])
def test_what_is_no_quantity_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)


def test_names_are_dns_names_of_at_most_253_signs() -> None:
    assert all(map(is_name, ("a", "lab-studies", "a.b-1", "a" * 253)))
    assert not any(map(is_name, ("", "Lab", "a_b", "-a", "a-", "a..b", "a b", "a" * 254)))


def test_labels_have_values_of_at_most_63_signs_and_keys_with_or_without_a_domain() -> None:
    assert all(map(is_label_value, ("A", "a_b.C-1", "a" * 63)))
    assert not any(map(is_label_value, ("", "a b", "-a", "a" * 64)))
    assert all(map(is_label_key, ("pool", "nvidia.com/gpu", "nvidia.com/mig-3g.40gb")))
    assert not any(map(is_label_key, ("", "/gpu", "nvidia.com/", "a/b/c", "A.com/gpu")))


def test_an_image_may_be_of_a_host_with_a_port() -> None:
    found = IMAGE.fullmatch("localhost:5000/lab/cbvsynth:1.0")
    assert found
    assert (found["name"], found["tag"]) == ("localhost:5000/lab/cbvsynth", "1.0")
    assert not any(map(IMAGE.fullmatch, ("Bad Image:1", "cbvsynth:", "cbvsynth@sha256:abc", "")))
