"""Reading scans, counts or a run the way a clinic reads them: criteria, grades, endpoints, survival and what it leaves uncertain.

One file per criterion, found by name in `criteria`: `Scans` go in, a response per visit (`Judged`) and per patient (`Best`) comes out;
`scan_endpoints` and `refractory` read these. `leukemia`, `residual_disease` and `toxicity` turn measurements of simulated patients into
codes, `records`, `endpoints` and `progression` codes and days into times to an event; `survival`, `competing_risks`, `comparison` and `cox`
estimate; `estimates` and `predictive` report. Nothing here knows the model: arrays of measured values come in.
"""
