"""What each tissue is made of at 3 T, before contrast agent.

Source: white and grey matter relaxation: Wansapura et al. 1999, J Magn Reson Imaging 9:531; CSF T1:
Lu et al. 2005, J Magn Reson Imaging 22:13; white and grey matter CBV: Leenders et al. 1990, Brain
113:27; lesion CBV: within or near the ranges that the paper shows. Blood T1: Lu et al. 2004, Magn
Reson Med 52:679; its low apparent proton density and T2 stand for flow void in spin echoes. The
remaining numbers are ours, typical of the radiological literature.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tissue(StrEnum):
    """The materials of the phantom; a voxel is a mixture of them."""

    WHITE = "white matter"
    GREY = "grey matter"
    CSF = "cerebrospinal fluid"
    BLOOD = "blood"
    OEDEMA = "oedema"
    SOLID = "solid lesion"
    NECROSIS = "necrosis"


class Diagnosis(StrEnum):
    """The five classes of lesion; the words stand in participants.tsv."""

    HIGH_GRADE_GLIOMA = "high-grade glioma"
    LOW_GRADE_GLIOMA = "low-grade glioma"
    METASTASIS = "metastasis"
    RADIONECROSIS = "radionecrosis"
    LYMPHOMA = "lymphoma"


@dataclass(frozen=True)
class Properties:
    """T1 and T2 in ms, relative proton density, ADC in 1e-6 mm2/s, CBV in mL/100 g."""

    t1_ms: float
    t2_ms: float
    proton_density: float
    adc: float
    cbv: float


TISSUES: dict[Tissue, Properties] = {
    Tissue.WHITE: Properties(832, 79, 0.70, 740, 2.1),
    Tissue.GREY: Properties(1331, 110, 0.82, 860, 4.3),
    Tissue.CSF: Properties(4000, 1500, 1.00, 3000, 0.3),
    Tissue.BLOOD: Properties(1624, 90, 0.85, 1200, 95.0),
    Tissue.OEDEMA: Properties(1500, 190, 0.86, 1450, 1.4),
    Tissue.NECROSIS: Properties(2300, 260, 0.92, 2000, 0.4),
}
"""Everything but the solid part of a lesion, which depends on the diagnosis."""

SOLID_LESIONS: dict[Diagnosis, Properties] = {
    Diagnosis.HIGH_GRADE_GLIOMA: Properties(1400, 115, 0.84, 1050, 8.0),
    Diagnosis.LOW_GRADE_GLIOMA: Properties(1600, 170, 0.84, 1400, 2.1),
    Diagnosis.METASTASIS: Properties(1350, 105, 0.84, 1000, 3.8),
    Diagnosis.RADIONECROSIS: Properties(1550, 130, 0.84, 1350, 1.4),
    Diagnosis.LYMPHOMA: Properties(1250, 95, 0.84, 720, 2.4),
}
"""The solid part of a lesion. CBV is the median over patients."""
