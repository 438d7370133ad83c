"""Words as Kubernetes takes them: quantities, names, labels, images."""

from __future__ import annotations

import re
from decimal import Decimal

IMAGE = re.compile(
    r"(?P<name>[a-z0-9./_-]+(?::\d+/[a-z0-9./_-]+)?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_FACTORS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{sign: Decimal(1000) ** power for power, sign in enumerate("kMGT", start=1)},
    **{f"{sign}i": Decimal(1024) ** power for power, sign in enumerate("KMGT", start=1)},
}
_PART = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*")
_VALUE = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LONGEST_NAME, _LONGEST_VALUE = 253, 63


def parse_quantity(text: str | float) -> Decimal:
    """A quantity as a number.

    Raises:
        ValueError: it is not one.
    """
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        raise ValueError(f"'{text}' is not a quantity")
    return Decimal(found[1]) * _FACTORS[found[2]]


def is_name(text: str) -> bool:
    """Whether an object may be called so: a DNS subdomain of RFC 1123."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Whether a label may have this value, the empty one apart."""
    return len(text) <= _LONGEST_VALUE and _VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether a label, a taint or a resource may be called so: as a value, with or without a domain."""
    domain, slash, rest = text.rpartition("/")
    return is_label_value(rest) and (not slash or is_name(domain))
