"""`cbvsynth study ...`: which study a checkout works on, the phantom or one of one's own."""

from __future__ import annotations

from pathlib import Path

import tyro

from cbvsynth.study.switch import Switched, exchange_study, use_study

_DATA, _RECEIPT = Path("data"), Path("artifacts/data.json")


def use(study: tyro.conf.Positional[Path]) -> None:
    """Work on a study of your own: data/ becomes a link to it. Nothing is copied, moved or deleted.

    What data/ was before lies beside it as data.before; `cbvsynth study back` exchanges the two.

    Args:
        study: Its folder, wherever it is.

    Raises:
        ManifestError: no examination is recognised in it; nothing was changed.
    """
    from cbvsynth.commands.manifest import print_summary
    from cbvsynth.study.manifest import load_manifest

    found = load_manifest(study)
    switched = use_study(study, _DATA)
    _renew_receipt()
    print_summary(found)
    print(f"\n{_told(switched)}\nback:  cbvsynth study back\nnext:  cbvsynth plan")


def back() -> None:
    """Exchange data/ for what was there before `study use`; again, and it is your study once more."""
    switched = exchange_study(_DATA)
    _renew_receipt()
    print(_told(switched))


def _renew_receipt() -> None:
    """Let the receipt of a former run speak of the study that is there now, or be made by the next run."""
    from cbvsynth.phantom.receipt import inspect_study, is_receipt, write_receipt

    if _RECEIPT.is_file() and is_receipt(_RECEIPT) and _DATA.is_dir():
        write_receipt(_RECEIPT, inspect_study(_DATA.resolve()))


def _told(switched: Switched) -> str:
    if not switched.data.exists():
        state = f"{switched.data} is empty; the next run fills it with the phantom"
    elif switched.data.is_symlink():
        state = f"{switched.data} is a link to {switched.leads_to}"
    else:
        state = f"{switched.data} is a folder of its own"
    return f"{state}; {switched.data}.dvc describes it" + (
        f"; what was there before lies in {switched.aside}" if switched.aside else ""
    )
