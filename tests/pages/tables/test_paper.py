"""The paper's Table 2 as data."""

from cbvsynth.domain.sequences import ModelId, all_models
from cbvsynth.pages.tables.paper import paper_table2


def test_the_papers_table_has_all_62_models_and_its_best_values():
    table2 = paper_table2()
    assert set(table2) == set(all_models())
    best = max(table2, key=lambda model: table2[model].mean_pct)
    assert best.slug == "encdec-t1-t1c-adc"
    assert (table2[best].mean_pct, table2[best].sd_pct) == (86.29, 4.30)
    gan = table2[ModelId.parse("fcgan-t1-t1c-adc")]
    assert (gan.mean_pct, gan.sd_pct) == (86.19, 4.56)
