"""What the node has received, made and sent, for people and for programs; nothing of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from cbvsynth.node.journal import Row, State

_WORDS = {
    State.RECEIVING: "waits until it is quiet",
    State.WORKING: "is being made",
    State.MADE: "is being sent",
    State.SENT: "sent",
    State.FAILED: "no map",
}


def to_json(rows: Sequence[Row]) -> dict[str, object]:
    """The answer for programs: how many studies are in which state, and each one."""
    counts = Counter(row.state for row in rows)
    return {
        "states": {state.value: counts[state] for state in State},
        "studies": [
            {
                "number": row.number,
                "folder": f"studies/{row.digest}",
                "sender": row.sender,
                "state": row.state.value,
                "reason": row.reason or None,
                "instances": row.instances,
                "instances_on_disk": row.here,
                "maps": row.maps,
                "objects": row.objects,
                "objects_sent": row.sent,
                "attempts": row.attempts,
                "next_attempt": _time(row.next_attempt) if row.next_attempt else None,
                "received": _time(row.received),
                "changed": _time(row.changed),
            }
            for row in rows
        ],
    }


def to_text(rows: Sequence[Row]) -> str:
    """The answer for people: a line for each study, its reason below, the newest last."""
    counts = Counter(row.state for row in rows)
    lines = [", ".join(f"{counts[state]} {state}" for state in State if counts[state]) or "no study has come"]
    for row in rows:
        sent = f", {row.sent} of {row.objects} objects sent" if row.state is State.MADE else ""
        lines.append(
            f"study {row.number}  {row.state.value:<9}  {row.instances} images from {row.sender}, the last "
            f"at {_time(row.received)}; {_words(row)}{sent}"
        )
        if row.reason:
            lines.append(f"    {row.reason}")
        if row.here:
            lines.append(f"    in studies/{row.digest}")
    return "\n".join(lines)


def _words(row: Row) -> str:
    if row.state is State.SENT and row.maps > 1:
        return f"{row.maps} maps sent"
    return _WORDS[row.state]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
