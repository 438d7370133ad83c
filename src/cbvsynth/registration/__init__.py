"""Where one image of a head lies in another one: rigid registration by mutual information, and what it moved.

from cbvsynth import registration

transform = registration.register(moving=t2, fixed=t1)
registration.displacement_mm(transform, registration.points_of(brain, affine))
"""

from cbvsynth.registration.displacement import displacement_mm, largest_displacement_mm, points_of
from cbvsynth.registration.placing import Placing, place_images
from cbvsynth.registration.rigid import register, register_nearby
from cbvsynth.registration.target import Target
from cbvsynth.registration.transform import RigidTransform

__all__ = [
    "Placing",
    "RigidTransform",
    "Target",
    "displacement_mm",
    "largest_displacement_mm",
    "place_images",
    "points_of",
    "register",
    "register_nearby",
]
