"""One step of Rodas5P or Tsit5: a table and a dozen lines each. The loop around them is in `loop`.

Written in the lane language: `y[i]` is one number for each patient of the group, with a step of its own.

Rodas5P is a stiffly accurate Rosenbrock method of order 5 (8 stages, L-stable) and the default; Tsit5 is an explicit
Runge-Kutta pair of order 5(4) (7 stages, the last being the first of the next step). Both carry an interpolant of
order 4 at no further evaluation, held here in one form for both, with x from 0 to 1 over the step::

    y(x) = (1 - x) y0 + x y1 + x (1 - x) (d0 + d1 x + d2 x^2)

Sources: Steinebach 2023, BIT Numer. Math. 63:27, doi:10.1007/s10543-023-00967-x; Tsitouras 2011, Comput. Math. Appl.
62:770, doi:10.1016/j.camwa.2011.06.002.
"""

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import BENT, LENGTH
from remission.engine.collocation import NODES
from remission.engine.operations import lane_of, maximum, minimum, rough_exp2, rough_log2, select, sqrt, static

if TYPE_CHECKING:
    from remission.engine.generated import METHOD, factored, rhs, solve

ORDER = 5
SMALLEST_ERROR, SMALLEST_BEFORE = 1e-10, 1e-4  # smaller errors tell nothing about the next step


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


def _at_nodes(dense: np.ndarray) -> np.ndarray:
    """Weights [node, stage] of the stages in the state at the Gauss points."""
    return np.array([x * (1 - x) * (dense[0] + dense[1] * x + dense[2] * x**2) for x in NODES])


RODAS_NODES, TSIT_NODES = _at_nodes(RODAS_DENSE), _at_nodes(TSIT_DENSE)


def step_rodas5p(y, p, c, flags, h, work, n, most, lesions):
    """One step from y with the rates at y in `work.rates`; leaves the stages, and y1 in `work.end`.

    The last two stages are evaluated at y1 as far as it is known then; the last one completes it and is the estimated error.
    """
    stages, inner, factors, inverse = work.stages, work.end, work.factors, 1.0 / h
    factored(y, p, c, flags, inverse * (1.0 / RODAS_GAMMA), factors, most, lesions)
    for i in range(n):
        stages[i] = work.rates[i]
    solve(factors, stages, most)
    for stage in static(range(1, 8)):
        for i in range(n):
            if stage < 6:
                total = y[i]
                for j in static(range(stage)):
                    total = total + RODAS_A[stage, j] * stages[j * n + i]
                inner[i] = total
            else:
                inner[i] = inner[i] + stages[(stage - 1) * n + i]
        rhs(inner, p, c, flags, stages[stage * n :], most, lesions)
        for i in range(n):
            total = RODAS_C[stage, 0] * stages[i]
            for j in static(range(1, stage)):
                total = total + RODAS_C[stage, j] * stages[j * n + i]
            stages[stage * n + i] = stages[stage * n + i] + inverse * total
        solve(factors, stages[stage * n :], most)
    for i in range(n):
        inner[i] = inner[i] + stages[7 * n + i]


def step_tsit5(y, p, c, flags, h, work, n, most, lesions):
    """One explicit step from y with the rates at y in `work.rates`; leaves the stages, and y1 in `work.end`."""
    stages, inner = work.stages, work.end
    for i in range(n):
        stages[i] = work.rates[i]
    for stage in static(range(1, 7)):
        for i in range(n):
            total = TSIT_A[stage, 0] * stages[i]
            for j in static(range(1, stage)):
                total = total + TSIT_A[stage, j] * stages[j * n + i]
            inner[i] = y[i] + h * total
        rhs(inner, p, c, flags, stages[stage * n :], most, lesions)


def step(y, p, c, flags, h, work, n, most, lesions):
    """One step of the chosen method."""
    if METHOD == 0:
        step_rodas5p(y, p, c, flags, h, work, n, most, lesions)
    else:
        step_tsit5(y, p, c, flags, h, work, n, most, lesions)


def error_of(stages, h, n, i):
    """Estimated error of state i in the step just taken."""
    if METHOD == 0:
        return stages[7 * n + i]
    total = TSIT_ERROR[0] * stages[i]
    for j in static(range(1, 7)):
        total = total + TSIT_ERROR[j] * stages[j * n + i]
    return h * total


def interpolant(h, work, n):
    """The three rows d0, d1, d2 of the interpolant of the step just taken."""
    stages, dense = work.stages, work.dense
    for i in range(n):
        for row in static(range(3)):
            if METHOD == 0:
                total = RODAS_DENSE[row, 0] * stages[i]
                for j in static(range(1, 8)):
                    total = total + RODAS_DENSE[row, j] * stages[j * n + i]
                dense[row * n + i] = total
            else:
                total = TSIT_DENSE[row, 0] * stages[i]
                for j in static(range(1, 7)):
                    total = total + TSIT_DENSE[row, j] * stages[j * n + i]
                dense[row * n + i] = h * total


def bend(work, n):
    """The interpolant of the step under way, made when it is first asked for."""
    if work.clock[BENT, 0] == 0.0:
        interpolant(work.clock[LENGTH], work, n)
        work.clock[BENT, 0] = 1.0


def states_at_nodes(y, h, work, n):
    """States at the three Gauss points of the step just taken, into `work.nodes`."""
    stages, end, nodes = work.stages, work.end, work.nodes
    for i in range(n):
        if METHOD == 0:
            first, second, third = RODAS_NODES[0, 0] * stages[i], RODAS_NODES[1, 0] * stages[i], RODAS_NODES[2, 0] * stages[i]
            for j in static(range(1, 8)):
                first = first + RODAS_NODES[0, j] * stages[j * n + i]
                second = second + RODAS_NODES[1, j] * stages[j * n + i]
                third = third + RODAS_NODES[2, j] * stages[j * n + i]
        else:
            first, second, third = TSIT_NODES[0, 0] * stages[i], TSIT_NODES[1, 0] * stages[i], TSIT_NODES[2, 0] * stages[i]
            for j in static(range(1, 7)):
                first = first + TSIT_NODES[0, j] * stages[j * n + i]
                second = second + TSIT_NODES[1, j] * stages[j * n + i]
                third = third + TSIT_NODES[2, j] * stages[j * n + i]
            first, second, third = h * first, h * second, h * third
        start, last = y[i], end[i]
        nodes[i] = NODES[2] * start + (NODES[0] * last + first)
        nodes[n + i] = 0.5 * start + (0.5 * last + second)
        nodes[2 * n + i] = NODES[0] * start + (NODES[2] * last + third)


def interpolate(y, work, x, point, n):
    """State at the share x of the step, into `point`; at the end it is y1 itself."""
    dense, end, rest, whole = work.dense, work.end, 1.0 - x, x == 1.0
    for i in range(n):
        curve = dense[i] + x * (dense[n + i] + x * dense[2 * n + i])
        point[i] = select(whole, end[i], rest * y[i] + x * (end[i] + rest * curve))


def interpolate_once(y, work, x, h, point, n):
    """State at the share x of the step, into `point`, from the stages themselves."""
    weights, stages, end, rest = work.weights, work.stages, work.end, 1.0 - x
    for j in static(range(8)):
        if METHOD == 0:
            weights[j] = x * rest * (RODAS_DENSE[0, j] + x * (RODAS_DENSE[1, j] + x * RODAS_DENSE[2, j]))
        else:
            weights[j] = h * (x * rest * (TSIT_DENSE[0, j] + x * (TSIT_DENSE[1, j] + x * TSIT_DENSE[2, j])))
    for i in range(n):
        total = weights[0] * stages[i]
        for j in static(range(1, 8 if METHOD == 0 else 7)):
            total = total + weights[j] * stages[j * n + i]
        point[i] = rest * y[i] + (x * end[i] + total)


def interpolate_one(y, work, x, i, n, lane):
    """One state of one patient at the share x of the step."""
    dense, end, rest = work.dense, work.end, 1.0 - x
    if x == 1.0:
        return end[i, lane]
    curve = dense[i, lane] + x * (dense[n + i, lane] + x * dense[2 * n + i, lane])
    return rest * y[i, lane] + x * (end[i, lane] + rest * curve)


def error_norm(y, h, work, atol, atol_factor, rtol, n):
    """Root mean square of the error over the states that live, 1 being the tolerance; infinite if any state is not finite."""
    end, counts, total, count = work.end, work.counts, lane_of(0.0), lane_of(0.0)
    for i in range(n):
        scale = atol_factor * atol[i] + rtol * maximum(abs(y[i]), abs(end[i]))
        scaled = error_of(work.stages, h, n, i) / scale
        total = total + (counts[i] * (scaled * scaled) + 0.0 * end[i])
        count = count + counts[i]
    norm = total / maximum(count, 1.0)
    return select(norm < np.inf, sqrt(norm), np.inf)


def first_step(y, work, atol, rtol, n, longest):
    """A step that changes the state by about a tenth, after Hairer, Norsett and Wanner, Solving ODEs I, II.4."""
    size, speed, counts, rates = lane_of(0.0), lane_of(0.0), work.counts, work.rates
    for i in range(n):
        inverse = 1.0 / (atol[i] + rtol * abs(y[i]))
        size = size + counts[i] * (y[i] * inverse) * (y[i] * inverse)
        speed = speed + counts[i] * (rates[i] * inverse) * (rates[i] * inverse)
    moves = (speed > 0.0) & (size > 0.0) & (speed < np.inf)
    h = minimum(0.1 * sqrt(size / select(moves, speed, 1.0)), longest)
    return select(moves, h, select(speed == 0.0, longest, minimum(1e-3, longest)))


def growth(error, before):
    """Factor on the step after an accepted step, between 0.2 and 6: proportional-integral control.

    A step of order p is tried that aims at an error of 1 with exponents (0.6, -0.2) / p on this error and the one before, after
    Gustafsson 1991, ACM Trans. Math. Softw. 17:533, and Hairer and Wanner, Solving ODEs II, IV.2; 0.93 is the safety factor.
    """
    error, before = maximum(error, SMALLEST_ERROR), maximum(before, SMALLEST_BEFORE)
    return minimum(6.0, maximum(0.2, 0.93 * rough_exp2((0.2 / ORDER) * rough_log2(before) - (0.6 / ORDER) * rough_log2(error))))


def shrinkage(error):
    """Factor on the step after a rejected step, between 0.1 and 0.9: the error of a step of order p goes as its length to p."""
    factor_ = maximum(0.1, minimum(0.9, 0.9 * rough_exp2((-1.0 / ORDER) * rough_log2(minimum(error, 1e12)))))
    return select(error < 1e12, factor_, 0.1)


def next_length(h, rest):
    """Length of the next step: the proposal, but never one that leaves a tiny last step (the remainder is halved)."""
    return select(h >= rest, rest, select(1.9 * h > rest, 0.5 * rest, h))
