"""Which published values stand beside a whole arm: those of everybody, not of a subgroup, and not mere context."""

import polars as pl

EVERYBODY = ("", "responders", "enrolled", "relapsed")
"""Words a target uses for the whole denominator of its endpoint."""


def whole_arm(targets: pl.DataFrame) -> pl.DataFrame:
    """Targets of the whole arm; a table without the column `subgroup` holds only such."""
    used = targets.filter(pl.col("role") != "context")
    return used.filter(pl.col("subgroup").fill_null("").is_in(EVERYBODY)) if "subgroup" in used.columns else used
