"""`cbvsynth predict`: standard MRI in, synthetic CBV map out."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from cbvsynth.client.defaults import DEFAULT_MODEL, DEFAULT_SERVER, DEFAULT_TIMEOUT_S, Protocol
from cbvsynth.domain.options import BrainMask, Layout, Register, Switch, Uncertainty
from cbvsynth.domain.ranges import MAX_VERSION, MAX_WAIT_S, require_range
from cbvsynth.domain.sequences import Sequence
from cbvsynth.entrypoint import Plain
from cbvsynth.errors import UsageError

if TYPE_CHECKING:
    from cbvsynth.client.synthesis import Models, Prediction
    from cbvsynth.extraction import BrainSettings
    from cbvsynth.study.dicom.series import Series


@dataclass(frozen=True)
class ImageOptions:
    """Images of one examination, NIfTI; give what there is."""

    t1: Path | None = None
    """T1-weighted."""
    t2: Path | None = None
    """T2-weighted."""
    t1c: Path | None = None
    """Contrast-enhanced T1-weighted."""
    flair: Path | None = None
    """T2-FLAIR."""
    adc: Path | None = None
    """Apparent diffusion coefficient; the unit is recognised."""
    asl: Path | None = None
    """Map of CBF by arterial spin labelling, mL/100 g/min; optional."""
    dicom: Path | None = None
    """Folder of DICOM files of one examination, instead of single images; its series are recognised."""
    prefer: tuple[str, ...] = ()
    """Which of several DICOM series (3d, ax, series-7) or BIDS files (acq-b) to take, the first first."""
    mask: Path | None = None
    """Brain mask; needed unless the images are skull-stripped."""
    unusable: tuple[Sequence, ...] = ()
    """Sequences to leave out although they are there, as adc for a metal artefact."""
    reference: Sequence | None = None
    """Image whose grid and orientation the map gets; the first usable one with axial slices when
    not given."""
    resample: Switch = Switch.OFF
    """Bring images of other grids to the reference's, instead of refusing them."""
    register: Register = Register.RIGID
    """What happens to raw images: 'rigid' moves each into place, 'check' measures how far off it is and
    refuses what is more than 3 mm off, 'off' believes the headers. Images on one grid whose brain is known
    stay."""
    brain_mask: BrainMask = BrainMask.AUTO
    """Which brain mask counts: the 'given' file, what skull-stripped images show ('derived'), or one
    'extracted' from a head with its skull, drawn beside the map; 'auto' takes the first of these."""
    brain_command: str = "deepbet"
    """What extracts a brain: 'deepbet', 'robex', or a command of yours, as 'hd-bet -i {image} -o {mask}'."""
    brain_timeout_s: float = 900.0
    """Time for one brain, seconds."""
    orientation: str = ""
    """Where the axes run, as in RAS or LPS, of files whose headers do not say (sform and qform codes 0)."""

    def __post_init__(self) -> None:
        require_range("brain_timeout_s", self.brain_timeout_s, 1, MAX_WAIT_S)

    def brain(self) -> BrainSettings:
        """Which mask counts, and how a brain is found."""
        from cbvsynth.extraction import BrainSettings

        return BrainSettings(self.brain_mask, self.brain_command, self.brain_timeout_s)


@dataclass(frozen=True)
class OutputOptions:
    """What is written."""

    out: Path | None = None
    """Map to write, .nii.gz or .nii; a JSON file of the same name says how it was made."""
    montage: Path | None = None
    """Picture to write, PNG: some slices of the map below the image they belong to."""
    out_dicom: Path | None = None
    """Folder to write the map into as DICOM, for a PACS: with --dicom, on the grid of T1C unless --reference
    says otherwise. It holds the patient's name, as the examination does."""
    uid_root: str = ""
    """Your organisation's root of DICOM UIDs, as in 1.2.840.99999; random ones under 2.25 when not given."""
    uncertainty: Uncertainty = Uncertainty.OFF
    """Write a second map, as cbv_sd.nii.gz beside cbv.nii.gz, in the montage and in DICOM: how sure the model
    is of each voxel. 'on' wants a model that was trained with --spread learned, 'auto' does without."""
    overwrite: Switch = Switch.OFF
    """Write over files that are there."""


@dataclass(frozen=True)
class ServerOptions:
    """Who makes the map; by default the best model that needs only the usable images."""

    server: str = DEFAULT_SERVER
    """Prediction server, host:port."""
    protocol: Protocol = Protocol.TENSORFLOW
    """How to speak to it: TensorFlow Serving's protocol, or v2, KServe's Open Inference Protocol."""
    root_certificates: Path | None = None
    """PEM file to verify the server with; the connection is encrypted when it is given."""
    timeout_s: float = DEFAULT_TIMEOUT_S
    """Time for a request with all its attempts, seconds."""
    model: str = ""
    """Registered model; cbvsynth when not given."""
    label: str = ""
    """Use the version with this label, as stable or canary, or none."""
    version: int = 0
    """Use this version, or none; 0 is the best one."""
    selection: Path | None = None
    """selection.json that sync wrote; the server's labels are asked when not given."""
    local: Plain = 0
    """Use no server: take the model from the registry and run it here (needs TensorFlow)."""

    def __post_init__(self) -> None:
        require_range("timeout_s", self.timeout_s, 0.001, MAX_WAIT_S)
        require_range("version", self.version, 0, MAX_VERSION)


@dataclass(frozen=True)
class StudyOptions:
    """Many examinations instead of one; those whose map is there already are passed over."""

    data: Path | None = None
    """Data root of a study; every examination in it gets a map."""
    layout: Layout = Layout.AUTO
    """Folder layout of the study."""
    manifest: Path | None = None
    """List of examinations; manifest.csv of the study, or what its folders hold, when not given."""
    out_folder: Path | None = None
    """Folder for the maps and predictions.csv."""
    concurrency: int = 2
    """Examinations at the same time."""

    def __post_init__(self) -> None:
        require_range("concurrency", self.concurrency, 1, 1024)


_Group = tyro.conf.arg(name="")


def predict(
    images: Annotated[ImageOptions, _Group] = ImageOptions(),
    output: Annotated[OutputOptions, _Group] = OutputOptions(),
    server: Annotated[ServerOptions, _Group] = ServerOptions(),
    study: Annotated[StudyOptions, _Group] = StudyOptions(),
) -> None:
    """Make a synthetic CBV map from standard MRI. For research only.

    cbvsynth predict --t1 t1.nii.gz --t1c t1c.nii.gz --adc adc.nii.gz --out cbv.nii.gz

    Args:
        images: Images of one examination.
        output: What is written.
        server: Who makes the map.
        study: Many examinations instead of one.
    """
    if study.data is not None or study.out_folder is not None or study.manifest is not None:
        _predict_many(images, output, server, study)
    else:
        _predict_one(images, output, server)


def _predict_one(images: ImageOptions, output: OutputOptions, server: ServerOptions) -> None:
    from cbvsynth.client.outputs import sd_of
    from cbvsynth.client.preparation import prepare
    from cbvsynth.client.synthesis import synthesise

    if output.out is None and output.out_dicom is None:
        raise UsageError("There is no --out; give the map's name, as in --out cbv.nii.gz.")
    files = _given_files(images)
    _require_outputs(output, images)
    draw = _drawing() if output.montage is not None else None
    with _converted(images, files) as (read, series):
        prepared = prepare(
            read,
            mask=images.mask,
            unusable=images.unusable,
            reference=images.reference or "",
            preferred=Sequence.T1C if output.out_dicom is not None else "",  # DICOM is read beside T1C
            resample=images.resample is Switch.ON,
            register=images.register,
            brain=replace(images.brain(), picture=_mask_picture(output)),
            orientation=images.orientation,
        )
    with open_models(server) as models:
        made = synthesise(
            prepared, models, version=server.version, label=server.label, uncertainty=output.uncertainty
        )
    written = []
    if output.out is not None:
        written += [output.out.name, made.save(output.out, overwrite=output.overwrite is Switch.ON).name]
        if made.sd is not None:
            written.append(sd_of(output.out).name)
    if draw is not None and output.montage is not None:
        draw(output.montage, made)
        written.append(output.montage.name)
    if output.out_dicom is not None:
        from cbvsynth.client.dicom_output import save_dicom
        from cbvsynth.study.dicom_output.uids import NewUids

        count = len(save_dicom(made, output.out_dicom, series[prepared.reference], NewUids(output.uid_root)))
        written.append(f"{count} DICOM files in {output.out_dicom.name}")
    _print(made, output, written)


def _mask_picture(output: OutputOptions) -> Path | None:
    from cbvsynth.client.outputs import mask_picture_of

    return None if output.out is None else mask_picture_of(output.out)


def _given_files(images: ImageOptions) -> dict[str, Path]:
    files = {name.value: path for name in Sequence if (path := getattr(images, name.value)) is not None}
    if files and images.dicom is not None:
        raise UsageError(
            f"--dicom and --{next(iter(files))} are both given; expected a folder of DICOM files or "
            "single images."
        )
    if not files and images.dicom is None:
        raise UsageError(
            f"No image is given; expected at least one of {', '.join(f'--{name}' for name in Sequence)}, a "
            "folder of one examination with --dicom, or --data and --out_folder for a study."
        )
    return files


@contextmanager
def _converted(
    images: ImageOptions, files: dict[str, Path]
) -> Iterator[tuple[dict[str, Path], Mapping[str, Series]]]:
    """The images as files, there only inside the block where they are of DICOM, and then their series."""
    if images.dicom is None:
        yield files, {}
        return
    from cbvsynth.study.dicom.examinations import convert_folder

    with tempfile.TemporaryDirectory(prefix="cbvsynth-dicom-") as work:
        made = convert_folder(images.dicom, Path(work), images.prefer)
        for role, reason in made.reasons.items():
            print(f"{Sequence(role).label:<9} {reason}")
        for what, reason in made.left_out:
            print(f"not used  {what}: {reason}")
        for warning in made.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        yield dict(made.files), made.sources


def _predict_many(
    images: ImageOptions, output: OutputOptions, server: ServerOptions, study: StudyOptions
) -> None:
    from cbvsynth.client.batch import BatchOptions, predict_study

    single = [f"--{name}" for name in (*Sequence, "mask", "dicom") if getattr(images, str(name)) is not None]
    single += [f"--{name}" for name in ("out", "montage", "out_dicom") if getattr(output, name) is not None]
    if study.data is None or study.out_folder is None or single:
        raise UsageError(
            f"A study needs --data and --out_folder, and takes no {', '.join(single) or 'single images'}. "
            "Give either one examination or a study."
        )
    options = BatchOptions(
        data=study.data,
        layout=study.layout,
        manifest=study.manifest,
        out_folder=study.out_folder,
        concurrency=study.concurrency,
        unusable=images.unusable,
        reference=images.reference or "",
        resample=images.resample is Switch.ON,
        register=images.register,
        brain=images.brain(),
        orientation=images.orientation,
        prefer=images.prefer,
        overwrite=output.overwrite is Switch.ON,
        version=server.version,
        label=server.label,
        uncertainty=output.uncertainty,
    )
    from cbvsynth.domain.wording import counted

    with open_models(server) as models:
        summary = predict_study(options, models)
    made = counted(summary.made, "map")
    present = "1 was" if summary.present == 1 else f"{summary.present} were"
    print(
        f"{made} made, {summary.fallbacks} of them by a model that stands in for a better one; {present} "
        "there already. Why, by examination: predictions.csv"
    )


@contextmanager
def open_models(server: ServerOptions) -> Iterator[Models]:
    """Where models are, as the flags say: behind a server, or in the registry."""
    from cbvsynth.client import CbvClient
    from cbvsynth.wire.tracing import start_tracing

    start_tracing("cbvsynth-predict")
    if server.version and server.label:
        raise UsageError("--version and --label are both given; expected one of them, or none.")
    if not server.local:
        with CbvClient(
            server.server,
            model=server.model,
            selection=server.selection,
            root_certificates=server.root_certificates,
            timeout_s=server.timeout_s,
            protocol=server.protocol,
        ) as client:
            yield client.models
        return
    if server.selection is not None:
        raise UsageError("--selection is of a server; with --local the registry says which model is best.")
    from cbvsynth.client.local import LocalModels

    local = LocalModels(server.model or DEFAULT_MODEL)
    try:
        yield local
    finally:
        local.close()


def _require_outputs(output: OutputOptions, images: ImageOptions) -> None:
    """Say before the work, not after it, that a file is there or cannot be made."""
    from cbvsynth.client.outputs import mask_picture_of, require_free, sd_of, sidecar_of
    from cbvsynth.records.writable import require_writable

    if output.out_dicom is not None:
        from cbvsynth.client.dicom_output import require_dicom_output
        from cbvsynth.study.dicom_output.uids import NewUids

        NewUids(output.uid_root)
        require_dicom_output(output.out_dicom, images.dicom)
    places: dict[Path, str] = {}
    if output.out is not None:
        # How sure an earlier map was would pass for how sure this one is, where nobody asks.
        places |= dict.fromkeys((output.out, sidecar_of(output.out), sd_of(output.out)), "--out")
        mode = images.brain_mask
        if mode is BrainMask.EXTRACTED or (mode is BrainMask.AUTO and images.mask is None):
            places[mask_picture_of(output.out)] = "--out"
    if output.montage is not None:
        if output.montage in places:
            raise UsageError(
                f"--montage is '{output.montage.name}', which the map or its record will be; expected a name "
                "of its own, as in cbv.png."
            )
        places[output.montage] = "--montage"
    for path, flag in places.items():
        if output.out_dicom is not None and path.resolve().is_relative_to(output.out_dicom.resolve()):
            raise UsageError(
                f"{flag} '{path.name}' lies in the folder of --out_dicom; expected another place, as that "
                "folder is made with the map."
            )
        require_writable(path)
        if output.overwrite is Switch.OFF:
            require_free(path, flag)


def _drawing() -> Callable[[Path, Prediction], None]:
    """What draws the picture; asked for before the work, so that a missing package stops it there."""
    import matplotlib.figure  # noqa: F401  draw_map itself imports it only when it draws

    from cbvsynth.client.picture import draw_map

    return draw_map


def _print(made: Prediction, output: OutputOptions, written: list[str]) -> None:
    from cbvsynth.client.request import NOT_GIVEN

    record = made.record
    picture = _mask_picture(output)
    if record.mask_source.startswith("extracted") and picture is not None:
        written = [*written, picture.name]
    print(f"written   {', '.join(written)}")
    print(f"model     {record.choice.reason}")
    for sequence, reason in record.left_out.items():
        if reason != NOT_GIVEN:
            print(f"left out  {sequence.label}: {reason}")
    for warning in record.warnings:
        print(f"warning: {warning}", file=sys.stderr)
