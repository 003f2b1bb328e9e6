"""`remission validate`: replicates of every published trial from the posterior, and whether what was published lies among them."""

from remission.validating.job import ValidationResult, validate
from remission.validating.page import page

__all__ = ["ValidationResult", "page", "validate"]
