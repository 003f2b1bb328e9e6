"""Reading a run the way a clinic reads it: criteria, grades, endpoints, survival curves and what they leave uncertain.

One file per criterion (`leukemia`, `residual_disease`, `toxicity`) turns measurements into codes; `records`, `endpoints` and `progression`
turn codes and days into times to an event; `survival`, `competing_risks` and `comparison` estimate; `estimates` and `predictive` report.
Nothing here knows the model: arrays of measured values come in.
"""
