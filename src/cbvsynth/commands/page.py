"""`cbvsynth page`: examinations dropped onto a page in a browser, their maps looked at and taken away."""

from __future__ import annotations

from typing import Annotated

import tyro

from cbvsynth.commands.predict import ServerOptions, open_models
from cbvsynth.domain.options import Uncertainty
from cbvsynth.page.settings import PageSettings

_Group = tyro.conf.arg(name="")
_PAGE, _SERVER = PageSettings(), ServerOptions()


def page(
    page: Annotated[PageSettings, _Group] = _PAGE,
    server: Annotated[ServerOptions, _Group] = _SERVER,
) -> None:
    """Show the page on which an examination becomes a map. For research only.

    cbvsynth page --local

    cbvsynth page --server localhost:8500 --port 8090
    """
    from cbvsynth.client.choice import ALL_SEQUENCES
    from cbvsynth.client.synthesis import synthesise
    from cbvsynth.page.program import serve

    with open_models(server) as models:

        def warm() -> None:
            # A server has its models loaded; here TensorFlow takes seconds for its first one.
            best = models.table().best_for(ALL_SEQUENCES) if server.local else None
            if best is not None:
                models.description(best)

        serve(
            page,
            lambda prepared: synthesise(
                prepared,
                models,
                version=server.version,
                label=server.label,
                uncertainty=Uncertainty.AUTO,
            ),
            warm,
        )
