"""One step of Rodas5P or Tsit5: a table and a dozen lines each. The loop around them is in `cpu`.

Rodas5P is a stiffly accurate Rosenbrock method of order 5 (8 stages, L-stable) and the default; Tsit5 is an explicit
Runge-Kutta pair of order 5(4) (7 stages, the last being the first of the next step). Both carry an interpolant of
order 4 at no further evaluation, held here in one form for both, with x from 0 to 1 over the step::

    y(x) = (1 - x) y0 + x y1 + x (1 - x) (d0 + d1 x + d2 x^2)

Sources: Steinebach 2023, BIT Numer. Math. 63:27, doi:10.1007/s10543-023-00967-x; Tsitouras 2011, Comput. Math. Appl.
62:770, doi:10.1016/j.camwa.2011.06.002.
"""

from enum import IntEnum
from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from remission.engine.linear import factor, solve
from remission.engine.pointers import call

OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
ORDER = 5


class Method(IntEnum):
    """How a step is taken."""

    RODAS5P = 0
    TSIT5 = 1


def _table(rows: list[list[float]], columns: int) -> np.ndarray:
    return np.array([row + [0.0] * (columns - len(row)) for row in rows])


RODAS_GAMMA = 0.21193756319429014
RODAS_A = _table(
    [
        [],
        [3.0],
        [2.849394379747939, 0.45842242204463923],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
        [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
    ],
    8,
)
RODAS_C = _table(
    [
        [],
        [-14.155112264123755],
        [-17.97296035885952, -2.859693295451294],
        [147.12150275711716, -1.41221402718213, 71.68940251302358],
        [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
        [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
        [30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623, -28.087943162872662],
        [
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ],
    ],
    8,
)
RODAS_DENSE = np.array(
    [
        [
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ],
        [
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ],
        [
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ],
    ]
)

TSIT_A = _table(
    [
        [],
        [0.161],
        [-0.008480655492356989, 0.335480655492357],
        [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
        [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
        [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
        [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774],
    ],
    8,
)
TSIT_ERROR = np.array(
    [
        0.00178001105222577714,
        0.0008164344596567469,
        -0.007880878010261995,
        0.1447110071732629,
        -0.5823571654525552,
        0.45808210592918697,
        -1.0 / 66.0,
        0.0,
    ]
)
TSIT_DENSE = np.array(
    [
        [
            0.9035392331819347,
            -0.01,
            -0.4798896504144996,
            -1.379008574103742,
            3.290069515436081,
            -2.324710524099774,
            0.0,
            0.0,
        ],
        [
            -1.860166964092891,
            0.1217,
            3.450406586480252,
            -13.790085741037416,
            40.79938293194712,
            -30.221236813297068,
            1.5,
            0.0,
        ],
        [1.0530884977290216, -0.1017, -2.490627285651253, 16.548102889244902, -47.37952196281928, 34.87065786149661, -2.5, 0.0],
    ]
)


class StepWork(NamedTuple):
    """Scratch of one step: stages [8, N], the stage state, y1 and error [N], derivative at y0, interpolant [3, N],
    raw Jacobian and factors, and which states count in the error norm (1 or 0)."""

    stages: np.ndarray
    inner: np.ndarray
    end: np.ndarray
    error: np.ndarray
    rates: np.ndarray
    dense: np.ndarray
    jacobian: np.ndarray
    factors: np.ndarray
    counts: np.ndarray


@njit(**OPTIONS)
def _combine(target, base, table, row, stages, terms, scale, n):
    """target = base + scale * sum of table[row, j] stages[j] over the first `terms` stages."""
    for i in range(n):
        target[i] = base[i]
    for j in range(terms):
        weight = scale * table[row, j]
        if weight != 0.0:
            for i in range(n):
                target[i] += weight * stages[j, i]


@njit(**OPTIONS)
def evaluate_jacobian(model, y, p, flags, work, lesions):
    """Raw Jacobian entries at y."""
    for k in range(model.operations.pp_size + lesions * model.operations.lesion_size):
        work.jacobian[k] = 0.0
    call(model.jac, (y, p, flags, work.jacobian, lesions))


@njit(**OPTIONS)
def _factor_shifted(operations, work, h, lesions):
    """Factors of 1/(gamma h) - J."""
    size, shift = operations.pp_size + lesions * operations.lesion_size, 1.0 / (RODAS_GAMMA * h)
    for k in range(size):
        work.factors[k] = -work.jacobian[k]
    for k in operations.pp_diagonal:
        work.factors[k] += shift
    for lesion in range(lesions):
        start = operations.pp_size + lesion * operations.lesion_size
        block = work.factors[start : start + operations.lesion_size]
        for k in operations.ll_diagonal:
            block[k] += shift
    factor(operations, work.factors, lesions)


@njit(**OPTIONS)
def step_rodas5p(model, y, p, flags, h, work, n, lesions):
    """One step from y with the Jacobian and `work.rates` at y; leaves y1 and the error estimate in `work`."""
    _factor_shifted(model.operations, work, h, lesions)
    stages, inner = work.stages, work.inner
    for stage in range(8):
        if stage == 0:
            for i in range(n):
                stages[0, i] = work.rates[i]
        else:
            if stage < 6:
                _combine(inner, y, RODAS_A, stage, stages, stage, 1.0, n)
            else:
                for i in range(n):
                    inner[i] += stages[stage - 1, i]
            call(model.rhs, (inner, p, flags, work.error, lesions))
            _combine(stages[stage], work.error, RODAS_C, stage, stages, stage, 1.0 / h, n)
        solve(model.operations, work.factors, stages[stage], lesions)
    for i in range(n):
        work.error[i] = stages[7, i]
        work.end[i] = inner[i] + stages[7, i]


@njit(**OPTIONS)
def step_tsit5(model, y, p, flags, h, work, n, lesions):
    """One explicit step from y with `work.rates` at y; leaves y1 and the error estimate in `work`."""
    stages = work.stages
    for i in range(n):
        stages[0, i] = work.rates[i]
    for stage in range(1, 7):
        _combine(work.inner, y, TSIT_A, stage, stages, stage, h, n)
        call(model.rhs, (work.inner, p, flags, stages[stage], lesions))
    for i in range(n):
        work.end[i], work.error[i] = work.inner[i], 0.0
    for j in range(7):
        for i in range(n):
            work.error[i] += h * TSIT_ERROR[j] * stages[j, i]


@njit(**OPTIONS)
def step(model, method, y, p, flags, h, work, n, lesions):
    """One step of the chosen method."""
    if method == 0:
        step_rodas5p(model, y, p, flags, h, work, n, lesions)
    else:
        step_tsit5(model, y, p, flags, h, work, n, lesions)


@njit(**OPTIONS)
def interpolant(method, h, work, n):
    """The three rows d0, d1, d2 of the interpolant of the step just taken."""
    for row in range(3):
        target = work.dense[row]
        for i in range(n):
            target[i] = 0.0
        for j in range(8):
            weight = RODAS_DENSE[row, j] if method == 0 else h * TSIT_DENSE[row, j]
            for i in range(n):
                target[i] += weight * work.stages[j, i]


@njit(**OPTIONS)
def interpolate(y, work, x, point, n):
    """State at the share x of the step, into `point`."""
    dense, end, rest = work.dense, work.end, 1.0 - x
    for i in range(n):
        bend = dense[0, i] + x * (dense[1, i] + x * dense[2, i])
        point[i] = rest * y[i] + x * (end[i] + rest * bend)


@njit(**OPTIONS)
def interpolate_one(y, work, x, i):
    """One state at the share x of the step."""
    rest = 1.0 - x
    bend = work.dense[0, i] + x * (work.dense[1, i] + x * work.dense[2, i])
    return rest * y[i] + x * (work.end[i] + rest * bend)


@njit(**OPTIONS)
def error_norm(y, work, atol, rtol, n):
    """Root mean square of the error over the states that live, 1 being the tolerance; infinite if not finite."""
    total, count = 0.0, 0.0
    for i in range(n):
        scaled = work.error[i] / (atol[i] + rtol * max(abs(y[i]), abs(work.end[i])))
        total += work.counts[i] * scaled * scaled
        count += work.counts[i]
        if not (abs(work.end[i]) < np.inf):
            return np.inf
    norm = sqrt(total / max(count, 1.0))
    return norm if norm < np.inf else np.inf


@njit(**OPTIONS)
def first_step(y, work, atol, rtol, n, longest):
    """A step that changes the state by about a tenth, after Hairer, Norsett and Wanner, Solving ODEs I, II.4."""
    size, speed = 0.0, 0.0
    for i in range(n):
        scale = atol[i] + rtol * abs(y[i])
        size += work.counts[i] * (y[i] / scale) ** 2
        speed += work.counts[i] * (work.rates[i] / scale) ** 2
    if not (speed > 0.0 and size > 0.0 and speed < np.inf):
        return min(1e-3, longest) if speed != 0.0 else longest
    return min(0.1 * sqrt(size / speed), longest)


@njit(**OPTIONS)
def growth(error, before):
    """Factor on the step after an accepted step (proportional-integral control), between 0.2 and 6."""
    error, before = max(error, 1e-10), max(before, 1e-4)
    return min(6.0, max(0.2, 0.93 * error ** (-0.6 / ORDER) * before ** (0.2 / ORDER)))


@njit(**OPTIONS)
def shrinkage(error):
    """Factor on the step after a rejected step, between 0.1 and 0.9."""
    if not (error < 1e12):
        return 0.1
    return max(0.1, min(0.9, 0.9 * error ** (-1.0 / ORDER)))


@njit(**OPTIONS)
def next_length(h, rest):
    """Length of the next step: the proposal, but never one that leaves a tiny last step (the remainder is halved)."""
    if h >= rest:
        return rest
    return 0.5 * rest if 1.9 * h > rest else h
