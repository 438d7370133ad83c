"""One raw examination of the phantom, in memory, with the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.options import Strength
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import (
    ADC_MAX,
    BOOKEND_SPREAD,
    CBV_MAX,
    CBV_NOISE,
    CBV_NOISE_SHARE,
    DIFFUSION_NOISE,
    NOISE,
    rician,
)
from cbvsynth.phantom.anatomy import Anatomy, build_anatomy
from cbvsynth.phantom.case import NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.lesions import draw_lesion
from cbvsynth.phantom.raw.faults import Damage
from cbvsynth.phantom.raw.head import FAT_LEFT, HEAD_TISSUES, LEAKED_MM, HeadTissue, surrounding_shares
from cbvsynth.phantom.raw.images import RawImage
from cbvsynth.phantom.raw.protocol import CBV, ROLES, RawSettings, ScanGrid, plan_scan
from cbvsynth.phantom.recording import (
    CBV_BLUR_MM,
    SIGNAL_SCALE,
    record_fine,
)
from cbvsynth.phantom.signals import (
    B_VALUE_S_PER_MM2,
    BLOOD_GADOLINIUM_MM,
    DIFFUSION_PROTOCOL,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    adc_from_pair,
    arrived_after,
    diffusion_weighted,
    spin_echo,
    with_gadolinium,
)
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import Diagnosis, Tissue
from cbvsynth.phantom.transforms import (
    STILL,
    TURNING_POINT_MM,
    Displacement,
    compose,
    draw_displacement,
    rigid_inverse,
)

Float64Array = npt.NDArray[np.float64]
Axes = tuple[Float64Array, Float64Array, Float64Array]

BOUNDS_MM = ((-98.0, 98.0), (-128.0, 122.0), (-112.0, 106.0))
"""RAS bounds of the head; outside is air."""
COIL_SPREAD = 0.10
"""Standard deviation, relative, of the sensitivity that a raw image has beyond a corrected one's; ours."""
AIR_CBV_NOISE = 1.5
"""Noise of an unmasked CBV map where there is no brain, mL/100 g, of both signs; ours."""
CBV_MIN_RAW = -20.0
"""Least CBV that an unmasked map holds, mL/100 g."""
HEAD_SCALE = 0.93
"""Size of the head relative to the template, which is larger than life: some 1500 mL of brain, not 1900."""
_COIL_KNOTS_MM = 90.0
_FINEST_MM, _COARSEST_MM = 1.6, 3.0
_APART = 1.3
"""Distance between the planes that are averaged into a slice, in steps of the head's grid."""
_SLICE_SHARE = 0.85
"""Thickness of a slice relative to the distance between slices: the rest is the gap."""


@dataclass(frozen=True)
class RawCase:
    """One examination: `images` by role (t1, t2, t1c, flair, adc, cbv); `lesion` uint8 on T1's grid.

    Labels are 1 necrosis, 2 oedema, 3 solid.
    """

    images: dict[str, RawImage]
    lesion: npt.NDArray[np.uint8]
    diagnosis: Diagnosis


@dataclass(frozen=True)
class _Head:
    """Noise-free volumes on the head's own grid, before any pose."""

    volumes: dict[str, Float64Array]
    pair: tuple[Float64Array, Float64Array]
    anatomy: Anatomy
    origin_mm: tuple[float, float, float]
    step_mm: float


def raw_case(  # noqa: PLR0913  # each is a choice that a test makes
    *,
    seed: int = 2023,
    patient: int = 1,
    session: int = 1,
    diagnosis: Diagnosis = Diagnosis.HIGH_GRADE_GLIOMA,
    settings: RawSettings | None = None,
    displacements: dict[str, Displacement] | None = None,
    fault: Fault | None = None,
    strength: Strength = Strength.FULL,
) -> RawCase:
    """Draw an examination as a scanner gives it; equal arguments give equal arrays.

    The patient is the one that `phantom.case.make_case` draws from the same seed, patient and session,
    at a living head's size.
    `displacements` by role replaces what would be drawn; T1 lies still unless it is named there.

    Raises:
        UsageError: the settings are out of range.
        DataError: the brain template is not installed.
    """
    settings = settings or RawSettings()
    streams = Streams(seed, patient, session)
    head = _build_head(streams, diagnosis, settings)
    damage = Damage(fault, strength, streams)
    head = replace(head, volumes=damage.of_head(head.volumes))
    moves = draw_displacements(streams, settings) | (displacements or {}) | damage.displacements()
    scanned = {role: _scan(role, head, moves, settings, damage) for role in ROLES}
    images = damage.of_files(scanned)
    lesion = _lesion(head, moves["t1"], plan_scan("t1", settings, streams))
    return RawCase(images, lesion[:, :, : images["t1"].voxels.shape[2]], diagnosis)


def draw_displacements(streams: Streams, settings: RawSettings) -> dict[str, Displacement]:
    """How far the head lay from where it was in T1 when each other image was recorded."""
    rng = streams.of_session(Purpose.POSE)
    moves = {"t1": STILL}
    for role in ROLES[1:]:
        moves[role] = draw_displacement(rng, settings.displacement_mm, settings.displacement_degrees)
    return moves


def _build_head(streams: Streams, diagnosis: Diagnosis, settings: RawSettings) -> _Head:
    step = min(_COARSEST_MM, max(_FINEST_MM, 1.4 * 240.0 / settings.matrix))
    axes = _axes(step)
    anatomy = build_anatomy(streams, draw_lesion(streams, diagnosis), axes)
    fine = record_fine(streams, anatomy, diagnosis, axes, settings.t1c_delay_minutes)
    around = surrounding_shares(streams, axes, anatomy.brain)
    coil = _raw_coil(streams, axes)
    volumes: dict[str, Float64Array] = {}
    pair = []
    for name, signal in _surrounding_signals(settings.t1c_delay_minutes).items():
        total = sum(around[tissue] * value for tissue, value in signal.items()) * fine.coil * SIGNAL_SCALE
        if isinstance(name, Sequence):
            volumes[name.value] = (fine.signals[name] + total) * coil * fine.gains[name]
        else:
            pair.append((fine.diffusion[name] + total) * coil)
    blur = CBV_BLUR_MM / step
    cbv = fine.cbv + sum(share * HEAD_TISSUES[tissue].cbv for tissue, share in around.items())
    volumes[CBV] = ndimage.gaussian_filter(cbv, (blur, blur, 0.0), mode="constant")
    x, y, z = (
        middle + HEAD_SCALE * (float(axis[0]) - middle)
        for axis, middle in zip(axes, TURNING_POINT_MM, strict=True)
    )
    return _Head(volumes, (pair[0], pair[1]), anatomy, (x, y, z), step * HEAD_SCALE)


def _axes(step: float) -> Axes:
    x, y, z = (np.arange(low, high, step) + 0.5 * step for low, high in BOUNDS_MM)
    return x, y, z


def _raw_coil(streams: Streams, axes: Axes) -> Float64Array:
    rng = streams.of_session(Purpose.RAW_COIL)
    return np.asarray(np.exp(COIL_SPREAD * np.clip(smooth_field(rng, axes, _COIL_KNOTS_MM), -2.5, 2.5)))


def _surrounding_signals(t1c_delay_minutes: float) -> dict[Sequence | int, dict[HeadTissue, float]]:
    """Signal of each tissue around the brain: by sequence, and 0 and 1 for the pair of diffusion images."""
    signals: dict[Sequence | int, dict[HeadTissue, float]] = {
        name: {} for name in (Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR, 0, 1)
    }
    in_blood, leaked = arrived_after(t1c_delay_minutes)
    for tissue, one in HEAD_TISSUES.items():
        water, r1, r2 = (np.array(v) for v in (one.proton_density, 1000.0 / one.t1_ms, 1000.0 / one.t2_ms))
        gadolinium = one.cbv / 100.0 * (BLOOD_GADOLINIUM_MM * in_blood) + LEAKED_MM.get(tissue, 0.0) * leaked
        after = with_gadolinium(r1, r2, np.array(gadolinium))
        unweighted = spin_echo(water, r1, r2, DIFFUSION_PROTOCOL)
        unweighted = unweighted * (FAT_LEFT if tissue in (HeadTissue.FAT, HeadTissue.MARROW) else 1.0)
        signals[Sequence.T1][tissue] = float(spin_echo(water, r1, r2, T1_PROTOCOL))
        signals[Sequence.T2][tissue] = float(spin_echo(water, r1, r2, T2_PROTOCOL))
        signals[Sequence.T1C][tissue] = float(spin_echo(water, *after, T1_PROTOCOL))
        signals[Sequence.FLAIR][tissue] = float(spin_echo(water, r1, r2, FLAIR_PROTOCOL))
        signals[0][tissue] = float(unweighted)
        signals[1][tissue] = float(diffusion_weighted(unweighted, np.array(one.adc), B_VALUE_S_PER_MM2))
    return signals


def _scan(
    role: str, head: _Head, moves: dict[str, Displacement], settings: RawSettings, damage: Damage
) -> RawImage:
    streams = damage.streams
    grid, pose = plan_scan(role, settings, streams), moves[role].matrix
    rng = np.random.default_rng(
        [streams.seed, streams.patient, streams.session, int(Purpose.NOISE), 1 + ROLES.index(role)]
    )
    brain = _seen(head.anatomy.brain, head, grid, pose) > 0.5
    to_head = compose(rigid_inverse(pose), grid.affine)
    if role == "adc":
        deviation = DIFFUSION_NOISE * damage.noise_factor
        unweighted, weighted = (
            np.maximum(rician(_seen(one, head, grid, pose), deviation, rng), 1e-3) for one in head.pair
        )
        voxels = np.clip(adc_from_pair(unweighted, weighted), 0.0, ADC_MAX)
        voxels = damage.of_map(role, voxels, brain, to_head)
    elif role == CBV:
        calibration = float(np.exp(BOOKEND_SPREAD * rng.standard_normal()))
        truth = calibration * _seen(head.volumes[role], head, grid, pose)
        noise = np.where(brain, CBV_NOISE, AIR_CBV_NOISE) + CBV_NOISE_SHARE * truth
        voxels = np.clip(truth + noise * rng.standard_normal(truth.shape), CBV_MIN_RAW, CBV_MAX)
        voxels = damage.of_map(role, voxels, brain, to_head)
    else:
        signal = damage.of_signal(role, _seen(head.volumes[role], head, grid, pose), brain, to_head)
        voxels = rician(signal, NOISE[Sequence(role)] * damage.noise_factor, rng)
    to_t1 = compose(moves["t1"].matrix, rigid_inverse(pose))
    return RawImage(voxels, grid.affine, brain, to_t1, moves[role])


def _seen(volume: Float64Array, head: _Head, grid: ScanGrid, pose: Float64Array) -> Float64Array:
    """A volume of the head, which has moved by `pose`, as thick slices on the grid of a scan."""
    to_head = compose(rigid_inverse(pose), grid.affine)
    matrix = to_head[:3, :3] / head.step_mm
    offset = (to_head[:3, 3] - np.array(head.origin_mm)) / head.step_mm
    parts = max(1, round(_SLICE_SHARE * grid.spacing_mm[2] / (_APART * head.step_mm)))
    total = np.zeros(grid.shape)
    for part in range(parts):
        across = ((part + 0.5) / parts - 0.5) * _SLICE_SHARE
        total += ndimage.affine_transform(
            volume, matrix, offset + matrix[:, 2] * across, output_shape=grid.shape, order=1, mode="constant"
        )
    return total / parts


def _lesion(head: _Head, move: Displacement, grid: ScanGrid) -> npt.NDArray[np.uint8]:
    parts = [
        _seen(head.anatomy.shares[tissue], head, grid, move.matrix)
        for tissue in (Tissue.NECROSIS, Tissue.OEDEMA, Tissue.SOLID)
    ]
    stacked = np.stack(parts)
    labels = np.array([NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL], dtype=np.uint8)
    return np.where(stacked.sum(axis=0) >= 0.5, labels[np.argmax(stacked, axis=0)], np.uint8(0))
