"""The statistics of the paper and of the gate, on NumPy and SciPy.

One file per question: paired (is one model better on the same examinations?), bootstrap (how sure is a
mean?), patient_bootstrap (how sure is a slope, a concordance, an area?), equivalence (is a difference
shown to be small?), bland_altman and concordance (do two measurements agree?), roc and reclassification
(does a score tell events from non-events, and does another one do it better?), agreement (do readers
agree?), multiplicity (how many questions were asked?).

All results are frozen records of plain numbers. What cannot be computed raises `DataError`; nothing
returns NaN. Input is one-dimensional and finite unless its function says otherwise.
"""
