"""Pages that people open beside a run: clinical tables, examinations, costs, the reader study.

Each page is one HTML file with everything inside: no script or picture is fetched from anywhere. Charts
are SVG, so that they print sharply and can be read out. Unlike the report of evaluate these pages are no
outputs of the pipeline, and may tell what a run cost.
"""
