"""Marrow blasts of forty patients from enrollment through CAR-T therapy, until death or five years."""

from remission.simulation import simulate_scenario
from scripts.docs.drawing import lines
from scripts.docs.model import scenario

course = simulate_scenario(scenario().only(["car_t"]), patients=40, seed=1).table()
blasts = course.filter(course["output"] == "marrow.blasts")
drawn = {}
for (patient,), rows in blasts.group_by(["patient"], maintain_order=True):
    drawn[f"patient {patient}"] = rows["day"].to_numpy() / 365.25, rows["value"].to_numpy()
lines(drawn, "years from enrollment", "blasts in the marrow", floor=1e3, faint=True)
