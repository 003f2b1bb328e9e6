"""Small systems written by hand in the engine's own language, and their closed forms."""

from functools import cache

import numpy as np

from remission.engine.codegen import ARGUMENTS, HEAD
from remission.engine.compiled import Compiled, Hazard
from remission.engine.elimination import functions
from remission.engine.linear import Arrow, arrow

SIZES = ("n_clones", "n_clone_states", "n_inputs", "n_patient_parameters", "n_lesion_parameters", "n_patient_constants")
SIZES += ("n_lesion_constants", "n_quadratures", "n_lesion_quadratures", "n_outputs", "n_lesion_outputs")

FACTORED = f"""
def factored({ARGUMENTS["factored"]}):
    matrix({ARGUMENTS["matrix"]})
    factor({ARGUMENTS["factor"]})

"""


def compiled(structure: Arrow, atol, text: str, cell_state=(), hazards=(), **sizes: int) -> Compiled:
    """A system from the text of its own functions; those it lacks do nothing, sizes it does not give are 0."""
    given = dict.fromkeys(SIZES, 0) | sizes
    numbers = {name.upper(): size for name, size in given.items() if not name.endswith("_constants")}
    numbers |= {"N_CONSTANTS": given["n_patient_constants"], "N_LESION_CONSTANTS": given["n_lesion_constants"]}
    numbers |= {"N_PATIENT": structure.n_patient, "N_BLOCK": structure.n_block}
    numbers |= {"FIRST_INPUT": given["n_patient_parameters"] - given["n_inputs"]}
    numbers |= {"PP_SIZE": structure.pp_size, "LESION_SIZE": structure.lesion_size}
    own = text + functions(structure) + FACTORED
    missing = [f"def {name}({arguments}):\n    pass\n" for name, arguments in ARGUMENTS.items() if f"def {name}(" not in own]
    whole = "\n".join([HEAD, *(f"{name} = {size}" for name, size in numbers.items()), own, *missing])
    return Compiled(
        n_patient=structure.n_patient,
        n_block=structure.n_block,
        arrow=structure,
        atol=np.asarray(atol, float),
        text=whole,
        cell_state=np.asarray(cell_state, np.int64),
        hazards=hazards,
        **given,
    )


TWO_COMPARTMENTS = """
def rhs(y, p, c, flags, dy, L, lesions):
    dy[0] = -(p[0] + p[1]) * y[0] + p[2] * y[1] + p[3]
    dy[1] = p[1] * y[0] - p[2] * y[1]

def matrix(y, p, c, flags, shift, a, L, lesions):
    a[0] = shift + p[0] + p[1]
    a[1] = -p[2]
    a[2] = -p[1]
    a[3] = shift + p[2]

def quad(y, p, c, flags, g, bd, L, lesions):
    g[0] = y[0]

def out(y, p, c, q, flags, o, L, lesions):
    o[0] = y[0]
    o[1] = y[1]
    o[2] = q[0]

def dose(agent, amount, lesion, y, p, c, flags, L, lane):
    y[0, lane] = y[0, lane] + amount

"""


@cache
def two_compartments() -> Compiled:
    """Amounts in the central and the peripheral compartment; p: elimination, out, back, infusion rate (all 1/day)."""
    structure = arrow(2, 0, {(0, 0), (0, 1), (1, 0), (1, 1)}, (), (), ())
    sizes = {"n_patient_parameters": 4, "n_inputs": 1, "n_quadratures": 1, "n_outputs": 3}
    return compiled(structure, [1e-9, 1e-9], TWO_COMPARTMENTS, **sizes)


BINDING = """
def rhs(y, p, c, flags, dy, L, lesions):
    net = p[0] * y[0] * y[1] - p[1] * y[2]
    dy[0] = -net - p[2] * y[0]
    dy[1] = -net
    dy[2] = net

def matrix(y, p, c, flags, shift, a, L, lesions):
    for i in range(3):
        sign = -1.0 if i == 2 else 1.0
        a[3 * i] = sign * p[0] * y[1]
        a[3 * i + 1] = sign * p[0] * y[0]
        a[3 * i + 2] = -sign * p[1]
    a[0] = a[0] + p[2] + shift
    a[4] = a[4] + shift
    a[8] = a[8] + shift

def out(y, p, c, q, flags, o, L, lesions):
    for i in range(3):
        o[i] = y[i]

def init(p, c, y, L, lane):
    y[0, lane] = 1.0
    y[1, lane] = 2.0
    y[2, lane] = 0.0

"""


@cache
def binding() -> Compiled:
    """Ligand, receptor and complex with fast binding; p: on 1/(nM day), off 1/day, elimination 1/day. Start 1, 2, 0 nM."""
    structure = arrow(3, 0, {(i, j) for i in range(3) for j in range(3)}, (), (), ())
    return compiled(structure, [1e-9] * 3, BINDING, n_patient_parameters=3, n_outputs=3)


CLONE_UNDER_DRUG = """
def rhs(y, p, c, flags, dy, L, lesions):
    dy[0] = -p[3] * y[0]
    for l in range(L):
        dy[1 + l] = select(l < lesions, flags[l] * (p[0] - p[2] * y[0]) * y[1 + l], 0.0)

def matrix(y, p, c, flags, shift, a, L, lesions):
    a[0] = shift + p[3]
    for l in range(L):
        alive = l < lesions
        a[PP_SIZE + l * LESION_SIZE + LL] = select(alive, shift - flags[l] * (p[0] - p[2] * y[0]), shift)
        a[PP_SIZE + l * LESION_SIZE + LP] = select(alive, flags[l] * p[2] * y[1 + l], 0.0)

def quad(y, p, c, flags, g, bd, L, lesions):
    cells = lane_of(0.0)
    g[1] = p[5]
    for l in range(L):
        alive = l < lesions
        cells = select(alive, cells + y[1 + l], cells)
        g[2 + 2 * l] = select(alive, p[4], 0.0)
        g[3 + 2 * l] = select(alive, y[1 + l], 0.0)
        birth = p[0] / (1.0 - p[1])
        bd[2 * l] = select(alive, birth, 0.0)
        bd[2 * l + 1] = select(alive, birth * p[1] + p[2] * y[0], 0.0)
    g[0] = 1e-9 * cells

def out(y, p, c, q, flags, o, L, lesions):
    cells = lane_of(0.0)
    for l in range(L):
        cells = select(l < lesions, cells + y[1 + l], cells)
        o[1 + l] = y[1 + l]
    o[0] = cells

def dose(agent, amount, lesion, y, p, c, flags, L, lane):
    for l in range(L):
        if lesion < 0 or lesion == l:
            if agent == 0:
                y[1 + l, lane] = y[1 + l, lane] * exp(-amount)
            else:
                y[1 + l, lane] = y[1 + l, lane] + amount

def event(hazard, lesion, clone, y, p, c, flags, L, lane):
    if hazard == 1:
        y[1 + lesion, lane] = y[1 + lesion, lane] + 1.0
    if hazard == 2:
        y[1 + lesion, lane] = 1000.0

def init(p, c, y, L, lane):
    y[0, lane] = 1.0
    for l in range(L):
        y[1 + l, lane] = p[6 + l, lane]

"""


@cache
def clone_under_drug() -> Compiled:
    """One clone per lesion under a decaying drug; p: net growth, turnover, kill, decay, arrivals and spread, 1/day; lesion p:
    cells at start.

    Patient state 0 is the drug effect (1 at the start). Events: 0 death of the patient at hazard 1e-9 per cell and day;
    1 a founder cell arrives in a lesion at rate p[4]; 2 a lesion of 1000 cells appears at rate p[5]. Lesion integral: cell days.
    """
    structure = arrow(1, 1, {(0, 0)}, (), {(0, 0)}, {(0, 0)})
    slots = f"LL = {structure.slot_ll[0, 0]}\nLP = {structure.slot_lp[0, 0]}\n"
    hazards = (
        Hazard("death", "patient", 0, stop=True),
        Hazard("founder", "lesion", 0, repeats=True),
        Hazard("spread", "patient", 1, seeds=True, repeats=True),
    )
    sizes = {"n_clones": 1, "n_clone_states": 1, "n_patient_parameters": 6, "n_lesion_parameters": 1}
    sizes |= {"n_quadratures": 2, "n_lesion_quadratures": 2, "n_outputs": 1, "n_lesion_outputs": 1}
    return compiled(structure, [1e-6, 1.0], slots + CLONE_UNDER_DRUG, cell_state=[0], hazards=hazards, **sizes)
