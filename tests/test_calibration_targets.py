"""Published numbers, the scales on which they are compared, and the free numbers that answer to them."""

import dataclasses

import numpy as np
import pytest

from remission.calibration import scales
from remission.calibration.free_parameters import overrides, point, prior_center, read_free
from remission.calibration.stored import FOLDER
from remission.calibration.summaries import reason_missing
from remission.calibration.targets import Target, read_targets, targets_path
from remission.errors import InputError

ROW = Target(
    "eliana.orr", "b-all-car-t", "car_t", "orr", "", None, 0.82, 0.72, 0.9, 65, 79, "1", "", "proportion", "calibrate", False, "", "", ""
)


def changed(**values):
    return dataclasses.replace(ROW, **values)


def test_the_bundled_targets_are_read_and_every_unread_one_says_why():
    targets = read_targets(targets_path("b_all"))
    assert len(targets) > 100
    assert {target.role for target in targets} == {"calibrate", "validate", "transport", "context"}
    reasons = {target.name: reason_missing(target) for target in targets}
    assert not [name for name, reason in reasons.items() if reason and "is not read" in reason]


def test_a_table_without_its_columns_is_refused_with_them(tmp_path):
    path = tmp_path / "targets.csv"
    path.write_text("name,value\na,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks scenario, arm"):
        read_targets(path)


def test_faulty_rows_are_told_with_their_line(tmp_path):
    lines = targets_path("b_all").read_text(encoding="utf-8").splitlines()[:3]
    path = tmp_path / "targets.csv"
    path.write_text("\n".join([lines[0], lines[1].replace(",0.82,", ",high,"), lines[2].replace("calibrate", "guess")]), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2(.|\n)*line 3"):
        read_targets(path)


def test_the_error_of_a_share_without_interval_is_binomial():
    free = changed(low=None, high=None)
    assert scales.standard_error(free) == pytest.approx(1 / np.sqrt(79 * 0.82 * 0.18))


def test_the_error_of_a_share_with_interval_follows_the_interval():
    logits = [np.log(p / (1 - p)) for p in (0.72, 0.9)]
    assert scales.standard_error(ROW) == pytest.approx((logits[1] - logits[0]) / (2 * 1.959964))


def test_points_of_one_curve_are_correlated_and_of_two_trials_are_not():
    early, late = (changed(name=f"eliana.{m}", endpoint="rfs", kind="survival", month=m, value=v) for m, v in ((12.0, 0.6), (24.0, 0.5)))
    other = dataclasses.replace(late, name="cibmtr.rfs")
    found = scales.covariance([early, late, other])
    correlation = found / np.sqrt(np.outer(np.diag(found), np.diag(found)))
    assert correlation[0, 1] == pytest.approx(np.sqrt((0.4 / 0.6) / (0.5 / 0.5)))
    assert correlation[0, 2] == 0
    assert np.linalg.eigvalsh(found).min() > 0


def test_the_covariance_of_the_bundled_targets_is_positive():
    from remission.calibration.job import fitted_targets

    assert np.linalg.eigvalsh(scales.covariance(fitted_targets(read_targets(targets_path("b_all")), "b-all-car-t"))).min() > 0


def test_a_gap_beyond_three_errors_counts_less_but_keeps_its_sign():
    near, far = (scales.residuals([ROW], [value], 1e6)[0] / scales.standard_error(ROW) for value in (0.75, 0.2))
    assert -3 < near < 0
    assert -9 < far < -3


def test_free_numbers_go_to_their_scale_and_back():
    free = read_free(FOLDER / "b_all.free.csv")
    assert 10 <= len(free) <= 16
    x = prior_center(free) + 0.1
    values = overrides(free, x)
    assert np.allclose(point(free, values), x)
    assert all(one.low <= values[one.key] <= one.high for one in free)


def test_a_prior_outside_its_limits_is_refused(tmp_path):
    path = tmp_path / "x.free.csv"
    text = (FOLDER / "b_all.free.csv").read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([text[0], "car_t.expansion.median,9,0.1,1,6,log,,car_t,,"]), encoding="utf-8")
    with pytest.raises(InputError, match="outside its limits"):
        read_free(path)
