"""The Python client: a few images in, a CBV map out.

    from cbvsynth.client import CbvClient

    client = CbvClient("localhost:8500")
    result = client.predict({"t1": "t1.nii.gz", "t2": "t2.nii.gz", "t1c": "t1c.nii.gz"})

`result.cbv` is the map, `result.record` says which model made it and why, `result.save(path)` writes
NIfTI with a JSON sidecar. Needs gRPC and protobuf; neither TensorFlow nor MLflow is imported.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cbvsynth.client.choice import (
    AnyConnection,
    SelectionTable,
    Table,
    served_version,
    table_of_server,
)
from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.client.defaults import (
    DEFAULT_ATTEMPTS,
    DEFAULT_MODEL,
    DEFAULT_SERVER,
    DEFAULT_TIMEOUT_S,
    Protocol,
)
from cbvsynth.client.open_inference import OpenInferenceConnection
from cbvsynth.client.preparation import Image, prepare
from cbvsynth.client.request import PreparedExamination
from cbvsynth.client.synthesis import Prediction, synthesise
from cbvsynth.domain.options import Register, Uncertainty
from cbvsynth.errors import UsageError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings
from cbvsynth.records.selection import Selection, ServedVersion, read_selection
from cbvsynth.signature import Description
from cbvsynth.wire.tensors import Float32Array


class ServerModels:
    """The versions behind a prediction server. May be used by many threads at the same time."""

    def __init__(self, connection: AnyConnection, name: str, selection: Selection | None = None) -> None:
        self.connection = connection
        self.name = name
        self._selection = selection
        self._descriptions: dict[int, Description] = {}

    def table(self) -> Table:
        """The given selection.json, or else what the server says now."""
        if self._selection is not None:
            return SelectionTable(self._selection)
        return table_of_server(self.connection, self.name)

    def named(self, version: int, label: str) -> ServedVersion:
        """The version that the server has under a number or a label."""
        description, found = self.connection.describe(ModelReference(self.name, version, label))
        listed = self._selection.version(found) if self._selection else None
        return listed or served_version(description, found)

    def description(self, served: ServedVersion) -> Description:
        """What a version says about itself, asked once: a version never changes."""
        known = self._descriptions.get(served.version)
        if known is None:
            known, _ = self.connection.describe(ModelReference(self.name, served.version))
            self._descriptions[served.version] = known
        return known

    def run(self, served: ServedVersion, inputs: Mapping[str, Float32Array]) -> Float32Array:
        """CBV (B, H, W, D) for inputs (B, H, W, D) by name."""
        return self.connection.predict(ModelReference(self.name, served.version), inputs)[0]

    def outputs(
        self, served: ServedVersion, inputs: Mapping[str, Float32Array], names: Sequence[str]
    ) -> Mapping[str, Float32Array]:
        """Several outputs by name, for inputs as of `run`."""
        return self.connection.predict_outputs(ModelReference(self.name, served.version), inputs, names)[0]


class CbvClient:
    """Asks a prediction server for synthetic CBV maps. May be used by many threads at the same time."""

    def __init__(  # noqa: PLR0913  all by name, all with a default
        self,
        server: str = DEFAULT_SERVER,
        *,
        model: str = "",
        selection: str | os.PathLike[str] | None = None,
        root_certificates: str | os.PathLike[str] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        attempts: int = DEFAULT_ATTEMPTS,
        protocol: str = Protocol.TENSORFLOW,
    ) -> None:
        """Prepare a client; the server is first contacted when a map is requested.

        Args:
            server: host:port, or a gRPC target such as dns:///name:port.
            model: registered model; by default the one of the selection, or cbvsynth.
            selection: selection.json that sync wrote; by default the server's labels are asked.
            root_certificates: PEM file to verify the server with; TLS is used when it is given.
            timeout_s: time for a request with all its attempts.
            attempts: how often a request is made while the server is unavailable.
            protocol: tensorflow or v2, as `cbvsynth.client.defaults.Protocol`.

        Raises:
            UsageError: the address, a number or the protocol cannot be, or the model is not the selection's.
            ModelError: the selection cannot be read.
        """
        chosen = None if selection is None else read_selection(Path(selection))
        if chosen is not None and model not in ("", chosen.registered_name):
            raise UsageError(
                f"The selection is of the registered model '{chosen.registered_name}', asked for is "
                f"'{model}'; expected the same. Leave --model out, or give the selection of '{model}'."
            )
        certificates = None if root_certificates is None else Path(root_certificates)
        if protocol not in tuple(Protocol):
            raise UsageError(f"The protocol is '{protocol}'; expected {' or '.join(Protocol)}.")
        speak = OpenInferenceConnection if protocol == Protocol.V2 else Connection
        self._connection: AnyConnection = speak(
            server, root_certificates=certificates, timeout_s=timeout_s, attempts=attempts
        )
        name = model or (chosen.registered_name if chosen else DEFAULT_MODEL)
        self.models = ServerModels(self._connection, name, chosen)

    def predict(  # noqa: PLR0913  all by name, all with a default
        self,
        images: Mapping[str, Image],
        *,
        mask: Image | None = None,
        unusable: Collection[str] = (),
        reference: str = "",
        resample: bool = False,
        register: str = Register.RIGID,
        brain: BrainSettings = DEFAULT_BRAIN,
        orientation: str = "",
        spacing_mm: tuple[float, float, float] | None = None,
        version: int = 0,
        label: str = "",
        uncertainty: str = Uncertainty.OFF,
    ) -> Prediction:
        """Make a CBV map of one examination.

        Args:
            images: by sequence, t1, t2, t1c, flair, adc; what is there. All files or all arrays.
            mask: brain; by default where the images, then skull-stripped, are not 0.
            unusable: sequences that are ruled out, as adc for a metal artefact.
            reference: sequence whose grid and orientation the map gets (files only).
            resample: bring files of other grids to the reference's instead of refusing them.
            register: rigid moves raw files into place first, check measures how far off they are and refuses
                what is more than 3 mm off, off believes the headers.
            brain: which mask counts, and how a brain is found in files with their skull.
            orientation: where the axes run, as in RAS, of files that do not say so themselves.
            spacing_mm: voxel size of arrays, to be compared with what the model has seen.
            version: a version to insist on; 0 for the best one.
            label: a label to insist on, as stable or canary.
            uncertainty: on asks for `sd` too, how sure the model is of each voxel; auto does where a
                model can say it.

        Raises:
            CbvsynthError: the image, the model or the server is not as needed; see `cbvsynth.errors`.
        """
        prepared = prepare(
            images,
            mask=mask,
            unusable=unusable,
            reference=reference,
            resample=resample,
            register=register,
            brain=brain,
            orientation=orientation,
            spacing_mm=spacing_mm,
        )
        return self.predict_prepared(prepared, version=version, label=label, uncertainty=uncertainty)

    def predict_prepared(
        self,
        prepared: PreparedExamination,
        *,
        version: int = 0,
        label: str = "",
        uncertainty: str = Uncertainty.OFF,
    ) -> Prediction:
        """Make a CBV map of images that are ready to be sent; with `uncertainty` on, `sd` beside it."""
        return synthesise(
            prepared, self.models, version=version, label=label, uncertainty=Uncertainty(uncertainty)
        )

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
