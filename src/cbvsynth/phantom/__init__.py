"""A digital brain-tumour phantom: five MRI sequences and a CBV map per examination, from physics.

Reading order: `atlas` (where the brain comes from), `anatomy` (one patient's head), `lesions`,
`vessels`, `tissues` and `signals` (what a scanner would see), `acquisition` (what it records), `case`
(one examination in memory), `faults` (what can go wrong), `plan` (who is examined), `study` (the BIDS
tree), `fill` (the data source of the pipeline).

Recipe for tests, about a second on one core:

    from cbvsynth.phantom.case import make_case
    from cbvsynth.phantom.plan import StudySettings
    from cbvsynth.phantom.study import write_study

    case = make_case(seed=1, patient=1, matrix=32)               # arrays: case.images[Sequence.T1C], case.cbv
    write_study(tmp_path / "data", StudySettings(patients=6, matrix=32, damaged=0))

Everything is float64 until it is quantised, and no function whose result depends on the processor's
matrix kernels (BLAS, einsum) is called, so that one seed gives the same bytes on every machine.
"""
