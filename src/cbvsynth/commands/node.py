"""`cbvsynth node`: studies come from a PACS or a scanner by DICOM, and their maps go to the PACS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.commands.predict import ServerOptions, open_models
from cbvsynth.domain.options import Uncertainty
from cbvsynth.node.settings import NodeSettings

_Group = tyro.conf.arg(name="")
_NODE, _SERVER = NodeSettings(), ServerOptions()


def run(
    node: Annotated[NodeSettings, _Group] = _NODE,
    server: Annotated[ServerOptions, _Group] = _SERVER,
) -> None:
    """Receive studies by DICOM, make their maps and send these to the PACS. For research only.

    cbvsynth node --pacs PACS@pacs.example.org:104 --allowed PACS --host 0.0.0.0 --local

    cbvsynth node --pacs PACS@pacs.example.org:104 --allowed PACS --server localhost:8500

    Args:
        node: Who may send, where maps go, how long what is kept.
        server: Who makes the map.
    """
    node.peer()  # before anything heavy is imported

    from cbvsynth.node import program  # first: what is missing is said to be of the extra `node`

    from cbvsynth.client.choice import ALL_SEQUENCES  # isort: skip
    from cbvsynth.client.synthesis import synthesise  # isort: skip

    with open_models(server) as models:

        def warm() -> None:
            # A server has its models loaded; here TensorFlow takes seconds for its first one.
            best = models.table().best_for(ALL_SEQUENCES) if server.local else None
            if best is not None:
                models.description(best)

        program.run(
            node,
            lambda prepared: synthesise(
                prepared,
                models,
                version=server.version,
                label=server.label,
                uncertainty=Uncertainty.AUTO,
            ),
            warm,
        )


def status(folder: Path = NodeSettings.folder, json: AsJson = 0) -> None:
    """What has come, what was made and sent, and what could not be made, with its reason.

    Args:
        folder: The --folder with which the node runs; it may be running.
        json: Print it as JSON.
    """
    from cbvsynth.node.journal import read_rows
    from cbvsynth.node.status import to_json, to_text

    rows = read_rows(folder)
    if json:
        print_json(to_json(rows))
    else:
        print(to_text(rows))
