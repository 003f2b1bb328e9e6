"""Death, by cause."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Death(AbstractModule):
    """Every cause of death that some module contributes to `death_hazard`, and death of other causes.

    Each cause is a hazard of its own that ends the run, so that causes compete and are reported apart.

    Not represented: care at the end of life; a cause that waits on a decision belongs to the protocol.
    """

    def equations(self, m) -> None:
        m.add("death_hazard", m.parameters.other_rate, channel="other")
        for cause in m.channels("death_hazard"):
            m.hazard(cause, m.port("death_hazard", cause), stop=True)
