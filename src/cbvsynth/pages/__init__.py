"""Pages that people open, and the files that lie beside them: evaluations, runs, readers, model cards.

One module for each page; `charts`, `tables` and `pictures` hold what pages are made of, `templates` their
HTML. Each page is one file with everything inside: no script or picture is fetched from anywhere. The pages
of a run may tell what it cost, because, unlike evaluate's report, they are not an output of the pipeline.
"""
