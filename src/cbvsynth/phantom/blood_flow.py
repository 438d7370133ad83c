"""Cerebral blood flow (CBF) as arterial spin labelling measures it: the phantom's optional sixth image.

A tissue's flow is its blood volume over the mean transit time of blood through it. Flow and volume so agree
in healthy tissue, and part where blood lingers: two lesions of one CBV may differ in CBF.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.phantom.anatomy import Anatomy
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.recording import local_perfusion
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import TISSUES, Diagnosis, Tissue

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

CBF_MAX = 500.0
"""Largest CBF that is stored, mL/100 g/min."""
# White and grey matter then have some 25 and 56 mL/100 g/min. Source of these two flows: Leenders et al.
# 1990, Brain 113:27 (22 and 55). The other times, and the numbers below, are ours.
TRANSIT_S = {
    Tissue.WHITE: 5.0,
    Tissue.GREY: 4.6,
    Tissue.CSF: 6.0,
    Tissue.OEDEMA: 5.5,
    Tissue.NECROSIS: 8.0,
}
"""Mean transit time of blood, s."""
LESION_TRANSIT_S = {
    Diagnosis.HIGH_GRADE_GLIOMA: 6.0,
    Diagnosis.LOW_GRADE_GLIOMA: 5.0,
    Diagnosis.METASTASIS: 5.5,
    Diagnosis.RADIONECROSIS: 6.5,
    Diagnosis.LYMPHOMA: 6.0,
}
"""The same for the solid part of a lesion."""
TRANSIT_SPREAD = 0.12
"""Standard deviation of the logarithm of a lesion's transit time between patients."""
VESSEL_CBF = 60.0
"""Signal of large vessels: what is left of it when the label has passed, mL/100 g/min."""
LABELLING_SPREAD = 0.08
"""Standard deviation of the logarithm of the scale: labelling efficiency and blood's T1 are not measured."""
CBF_BLUR_MM = 3.0
"""Standard deviation in plane of the point spread."""
CBF_NOISE, CBF_NOISE_SHARE = 5.0, 0.05
"""Noise of the map: mL/100 g/min, and a share of CBF. A difference of two images has little signal, so that
white matter has voxels below 0."""


def record_flow(streams: Streams, anatomy: Anatomy, diagnosis: Diagnosis, grid: Grid) -> Float64Array:
    """Noise-free CBF of one examination, (X, Y, Z) on its grid, mL/100 g/min; `anatomy` on the fine grid."""
    fine = np.zeros_like(anatomy.brain)
    for tissue, seconds in TRANSIT_S.items():
        fine += anatomy.shares[tissue] * (60.0 * TISSUES[tissue].cbv / seconds)
    fine *= local_perfusion(streams, grid.fine_axes_mm())
    own = LESION_TRANSIT_S[diagnosis] * _spread(streams.of_patient(Purpose.BLOOD_FLOW), TRANSIT_SPREAD)
    fine += anatomy.shares[Tissue.SOLID] * anatomy.lesion.cbv * (60.0 / own)
    fine += anatomy.shares[Tissue.BLOOD] * VESSEL_CBF
    blur = CBF_BLUR_MM / grid.spacing_mm[0]
    return np.asarray(
        ndimage.gaussian_filter(grid.voxel_means(fine), (blur, blur, 0.0), mode="constant"), np.float64
    )


def measured_flow(
    cbf: Float64Array, brain: BoolArray, streams: Streams, noise_factor: float = 1.0
) -> Float64Array:
    """The map that is stored, (X, Y, Z), mL/100 g/min: scaled, noisy, below 0 in places, 0 outside."""
    rng = streams.of_session(Purpose.BLOOD_FLOW)
    scale = _spread(rng, LABELLING_SPREAD)
    noise = rng.standard_normal(cbf.shape) * (CBF_NOISE + CBF_NOISE_SHARE * cbf) * noise_factor
    return np.where(brain, np.clip(scale * cbf + noise, -CBF_MAX, CBF_MAX), 0.0)


def _spread(rng: np.random.Generator, deviation: float) -> float:
    return float(np.exp(deviation * np.clip(rng.standard_normal(), -2.0, 2.0)))
