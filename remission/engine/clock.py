"""Rows of the lane array `work.clock`: where each patient of a group is, one number per patient; and names that the texts share.

    DAY, DAY_BEFORE          now; at the beginning of the step under way
    UNTIL, STOP              last day asked for; where the next step may not pass: that day, a dose, the end of an infusion
    INFUSION_ENDS            day the first running infusion ends
    STEP, LENGTH             length proposed for the next step, length of the step under way, in days
    SHARE, KIND, WHICH       part of the step that is kept; what cut it (NOTHING and following), which entry, clone or trigger
    BEFORE                   error of the last accepted step, 1 being the tolerance
    MEMBER, LESIONS          row of the batch; lesions the patient has
    RUNNING, WAITING         1: the lane has a patient; something is due before its next step
    JUMPED, SMALLS           1: the state has jumped, and the step is chosen anew; how many clones are small
    CURSOR, NEXT_SAVE        next row of the grid of days, and that day
    TRIES, ACCEPTED, REJECTED    steps of this call
    STATUS, TRIGGERED        `codes.Status`; trigger that was met, or -1
    BENT                     1 in the first lane: the interpolant of the step under way is there
    AT, OVER, PENDING, FLAGGED, RECORDED    scratch: how a value of all lanes reaches code for one of them

In the arguments of all texts: `work` scratch of the group; `lane` place of one patient; `m` its row in the batch; `most` the largest
number of lesions in the group; `lesions` how many each has; `n` states in use, for `most` lesions; `h` or `length` days of a step; `x`,
`share`, `limit` parts of it, from 0 to 1; `size` length of one row where an array holds several (`node * size + i`).
"""

DAY, STEP, BEFORE, UNTIL, STOP, INFUSION_ENDS = 0, 1, 2, 3, 4, 5
MEMBER, LESIONS, RUNNING, WAITING, JUMPED, SMALLS = 6, 7, 8, 9, 10, 11
CURSOR, NEXT_SAVE, TRIES, ACCEPTED, REJECTED = 12, 13, 14, 15, 16
LENGTH, SHARE, KIND, WHICH, STATUS, TRIGGERED = 17, 18, 19, 20, 21, 22
AT, OVER, PENDING, FLAGGED, RECORDED, DAY_BEFORE, BENT = 23, 24, 25, 26, 27, 28, 29
CLOCK_ROWS = 30

NOTHING, HAZARD, TRIGGER, ENTERS, IS_LOST, IS_LARGE = 0, 1, 2, 3, 4, 5  # what cuts a step; the last three are changes of a clone
