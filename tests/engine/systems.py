"""Small systems written by hand with the engine's own interface, and their closed forms."""

from functools import cache
from math import exp

import numpy as np
from numba import cfunc, types

from remission.engine.compiled import Addresses, Compiled, Hazard
from remission.engine.linear import arrow

F, D, I = types.CPointer(types.float64), types.float64, types.int64
SIGNATURES = {
    "rhs": types.void(F, F, F, F, I),
    "jac": types.void(F, F, F, F, I),
    "quad": types.void(F, F, F, F, F, I),
    "out": types.void(F, F, F, F, F, I),
    "dose": types.void(I, D, I, F, F, F, I),
    "event": types.void(I, I, I, F, F, F, I),
    "init": types.void(F, F, I),
}


def none_quad(y, p, flags, g, bd, L):
    pass


def none_event(hazard, lesion, clone, y, p, flags, L):
    pass


def none_dose(agent, amount, lesion, y, p, flags, L):
    pass


def none_init(p, y, L):
    pass


def compiled(structure, atol, functions, **fields) -> Compiled:
    """A system from plain functions; what is not given does nothing."""
    given = {"quad": none_quad, "event": none_event, "dose": none_dose, "init": none_init} | functions
    made = {name: cfunc(SIGNATURES[name])(given[name]) for name in SIGNATURES}
    names = ("n_clones", "n_clone_states", "n_inputs", "n_lesion_parameters")
    names += ("n_quadratures", "n_lesion_quadratures", "n_outputs", "n_lesion_outputs")
    sizes = dict.fromkeys(names, 0)
    return Compiled(
        n_patient=structure.n_patient,
        n_block=structure.n_block,
        arrow=structure,
        atol=np.asarray(atol, float),
        addresses=Addresses(**{name: function.address for name, function in made.items()}),
        keep=made,
        **(sizes | fields),
    )


@cache
def two_compartments() -> Compiled:
    """Amounts in the central and the peripheral compartment; p: elimination, out, back, infusion rate (all 1/day)."""
    structure = arrow(2, 0, {(0, 0), (0, 1), (1, 0), (1, 1)}, (), (), ())
    s00, s01, s10, s11 = (structure.slot_pp[pair] for pair in ((0, 0), (0, 1), (1, 0), (1, 1)))

    def rhs(y, p, flags, dy, L):
        dy[0] = -(p[0] + p[1]) * y[0] + p[2] * y[1] + p[3]
        dy[1] = p[1] * y[0] - p[2] * y[1]

    def jac(y, p, flags, J, L):
        J[s00], J[s01], J[s10], J[s11] = -(p[0] + p[1]), p[2], p[1], -p[2]

    def quad(y, p, flags, g, bd, L):
        g[0] = y[0]

    def out(y, p, q, flags, o, L):
        o[0], o[1], o[2] = y[0], y[1], q[0]

    def dose(agent, amount, lesion, y, p, flags, L):
        y[0] += amount

    functions = {"rhs": rhs, "jac": jac, "quad": quad, "out": out, "dose": dose}
    sizes = {"n_patient_parameters": 4, "n_inputs": 1, "n_quadratures": 1, "n_outputs": 3}
    return compiled(structure, [1e-9, 1e-9], functions, **sizes)


@cache
def binding() -> Compiled:
    """Ligand, receptor and complex with fast binding; p: on 1/(nM day), off 1/day, elimination 1/day. Start 1, 2, 0 nM."""
    pairs = {(i, j) for i in range(3) for j in range(3)}
    structure = arrow(3, 0, pairs, (), (), ())
    slot = np.array([[structure.slot_pp[i, j] for j in range(3)] for i in range(3)])

    def rhs(y, p, flags, dy, L):
        net = p[0] * y[0] * y[1] - p[1] * y[2]
        dy[0] = -net - p[2] * y[0]
        dy[1] = -net
        dy[2] = net

    def jac(y, p, flags, J, L):
        for i in range(3):
            sign = 1.0 if i == 2 else -1.0
            J[slot[i, 0]] = sign * p[0] * y[1]
            J[slot[i, 1]] = sign * p[0] * y[0]
            J[slot[i, 2]] = -sign * p[1]
        J[slot[0, 0]] -= p[2]

    def out(y, p, q, flags, o, L):
        o[0], o[1], o[2] = y[0], y[1], y[2]

    def init(p, y, L):
        y[0], y[1], y[2] = 1.0, 2.0, 0.0

    functions = {"rhs": rhs, "jac": jac, "out": out, "init": init}
    return compiled(structure, [1e-9] * 3, functions, n_patient_parameters=3, n_outputs=3)


@cache
def clone_under_drug() -> Compiled:
    """One clone per lesion under a decaying drug; p: net growth, turnover, kill, decay, arrivals and spread, 1/day; lesion p:
    cells at start.

    Patient state 0 is the drug effect (1 at the start). Events: 0 death of the patient at hazard 1e-9 per cell and day;
    1 a founder cell arrives in a lesion at rate p[4]; 2 a lesion of 1000 cells appears at rate p[5]. Lesion integral: cell days.
    """
    structure = arrow(1, 1, {(0, 0)}, (), {(0, 0)}, {(0, 0)})
    pp, lp, ll = structure.slot_pp[0, 0], structure.slot_lp[0, 0], structure.slot_ll[0, 0]
    pp_size, lesion_size = structure.pp_size, structure.lesion_size

    def net(y, p):
        return p[0] - p[2] * y[0]

    def rhs(y, p, flags, dy, L):
        dy[0] = -p[3] * y[0]
        for l in range(L):
            dy[1 + l] = flags[l] * (p[0] - p[2] * y[0]) * y[1 + l]

    def jac(y, p, flags, J, L):
        J[pp] = -p[3]
        for l in range(L):
            base = pp_size + l * lesion_size
            J[base + lp] = -flags[l] * p[2] * y[1 + l]
            J[base + ll] = flags[l] * (p[0] - p[2] * y[0])

    def quad(y, p, flags, g, bd, L):
        g[0] = 0.0
        g[1] = p[5]
        for l in range(L):
            g[0] += 1e-9 * y[1 + l]
            g[2 + 2 * l] = p[4]
            g[3 + 2 * l] = y[1 + l]
            birth = p[0] / (1.0 - p[1])
            bd[2 * l] = birth
            bd[2 * l + 1] = birth * p[1] + p[2] * y[0]

    def out(y, p, q, flags, o, L):
        o[0] = 0.0
        for l in range(L):
            o[0] += y[1 + l]
            o[1 + l] = y[1 + l]

    def dose(agent, amount, lesion, y, p, flags, L):
        for l in range(L):
            if lesion < 0 or lesion == l:
                if agent == 0:
                    y[1 + l] *= exp(-amount)
                else:
                    y[1 + l] += amount

    def event(hazard, lesion, clone, y, p, flags, L):
        if hazard == 1:
            y[1 + lesion] += 1.0
        elif hazard == 2:
            y[1 + lesion] = 1000.0

    def init(p, y, L):
        y[0] = 1.0
        for l in range(L):
            y[1 + l] = p[6 + l]

    functions = {"rhs": rhs, "jac": jac, "quad": quad, "out": out, "dose": dose, "event": event, "init": init}
    hazards = (
        Hazard("death", "patient", 0, stop=True),
        Hazard("founder", "lesion", 0, repeats=True),
        Hazard("spread", "patient", 1, seeds=True, repeats=True),
    )
    sizes = {"n_clones": 1, "n_clone_states": 1, "n_patient_parameters": 6, "n_lesion_parameters": 1}
    sizes |= {"n_quadratures": 2, "n_lesion_quadratures": 2, "n_outputs": 1, "n_lesion_outputs": 1}
    return compiled(structure, [1e-6, 1.0], functions, cell_state=np.array([0]), hazards=hazards, **sizes)
