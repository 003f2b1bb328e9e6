"""`remission assess`: anyone's measurements read or refused, and judged by a named criterion with the rule that decided in words."""

from remission.assessing.job import assess
from remission.assessing.result import Assessment

__all__ = ["Assessment", "assess"]
