"""The phantom as a scanner gives it: head with scalp and skull, unmasked, unaligned, thick slices.

Reading order: `head` (what surrounds the brain), `protocol` (which slices a
technician planned), `case` (one examination in memory), with the truth beside it.

Recipe for tests, a second or two on one core:

    from cbvsynth.phantom.raw.case import raw_case
    from cbvsynth.phantom.raw.protocol import RawSettings

    case = raw_case(seed=1, patient=1, settings=RawSettings(matrix=96, slices=12))
    case.images["t1c"].voxels, case.images["t1c"].affine          # (X, Y, Z), voxel to scanner RAS mm
    case.images["t1c"].to_t1                                      # the truth that registration seeks
    case.images["t1"].brain                                       # the true brain mask on T1's grid
"""
