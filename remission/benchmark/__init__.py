"""This engine beside others: the same problems, on all cores, at equal achieved error, in one interleaved run."""
