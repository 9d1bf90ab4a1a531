"""Chapter 3: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import stride_and_size

NUMBERS = dict(stride_and_size.q3.answer)
WAY_1, WAY_2, WAY_3 = stride_and_size.q1.answer
ENDS = dict(stride_and_size.q2.answer)
WRONG = {
    "recall": [
        (121, "one slice"),
        (33, "one row of it"),
        (364, "with the bias"),
        (34_848, "All 96 filters"),
        (34_944, "has the layer"),
        (11, "is its side"),
        (400, "Height times width"),
        ((11, 11, 3), "one number, not"),
    ],
    "q1": [
        ([(226, 0, "down"), WAY_2, WAY_3], "too short"),
        ([(231, 0, "down"), WAY_2, WAY_3], "too long"),
        ([(227, 0, "down"), WAY_2, WAY_3], "a longer row"),
        ([WAY_2, WAY_2, WAY_3], 'Way 1 rounds "down"'),
        ([(226, 2, "down"), WAY_2, WAY_3], "Way 1 takes no padding"),
        ([WAY_1, (224, 0, "down"), WAY_3], 'Way 2 rounds "up"'),
        ([WAY_1, (224, 2, "up"), WAY_3], "Way 2 takes no padding"),
        ([WAY_1, (227, 0, "up"), WAY_3], "a shorter row"),
        ([WAY_1, (8, 0, "up"), WAY_3], "does not fit"),
        ([WAY_1, WAY_2, (227, 0, "down")], "paper's 224"),
        ([WAY_1, WAY_2, (224, "same", "down")], "is 56"),
        ([WAY_1, WAY_2, (224, "valid", "down")], "Way 3 gives 54"),
        ([WAY_1, WAY_2, (224, 4, "down")], "Way 3 gives 56"),
        ([WAY_1, WAY_2, (224, (0, 3), "down")], "alike, not 0 and 3"),
        ([WAY_1, WAY_2, (224, 1.5, "down")], "cannot be halved"),
        ([WAY_1, WAY_2, (224, ((0, 3), (0, 3)), "down")], "not `((0, 3), (0"),
        ([WAY_1, WAY_2, (224, "2", "down")], "not `'2'`"),
        ([WAY_1, WAY_2, (224, -2, "down")], "not `-2`"),
        ([WAY_1, WAY_2, WAY_2], "and pads"),
        ([WAY_1, (224, 0, "ceil"), WAY_3], "not `'ceil'`"),
        ([(230, 0, "Down"), WAY_2, WAY_3], "not `'Down'`"),
        ([("230", 0, "down"), WAY_2, WAY_3], "not `'230'`"),
        ([(..., 0, "down"), WAY_2, WAY_3], "not `Ellipsis`"),
        ([230, WAY_2, WAY_3], "Way 1: give a tuple"),
        ([WAY_1, ..., ...], "Way 2 is still missing"),
        (55, "three tuples"),
    ],
    "q2": [
        ({6400: range(227, 259), 9216: range(195, 227)}, "exchanged"),
        ({6400: range(192, 224), 9216: range(224, 256)}, "192 does not"),
        (ENDS | {6400: range(195, 226)}, "before its second number"),
        (ENDS | {9216: [227]}, "end in 9216, but there are more"),
        (ENDS | {6400: range(196, 227)}, "end in 6400, but there are more"),
        (ENDS | {9216: range(227, 260)}, "259 does not"),
        (ENDS | {6400: (200, 210)}, "write `range(a, b + 1)`"),
        (ENDS | {6400: "195-226"}, "not text"),
        (ENDS | {6400: ["195", "226"]}, "whole numbers"),
        (ENDS | {6400: [[195, 226]]}, "flat list"),
        (ENDS | {6400: (size for size in range(195, 227))}, "only once"),
        (ENDS | {6400: range(47, 55)}, "no layer's places"),
        (ENDS | {9216: []}, "9216: the list is empty"),
        (stride_and_size._sizes_by_end("up"), "You rounded up"),
        ({6400: 224, 9216: 227}, "More than one"),
        (ENDS | {9216: ...}, "9216 are still missing"),
        ({"6400": range(195, 227)}, "without quotes"),
    ],
    "q3": [
        (NUMBERS | {"values": 27_225}, "96 filters, not 9"),
        (NUMBERS | {"values": 3_025}, "number of positions"),
        (NUMBERS | {"values": 54 * 54 * 96}, "54 is what"),
        (NUMBERS | {"values": 96}, "each of its filters"),
        (NUMBERS | {"values": "290400"}, "not `'290400'`"),
        (NUMBERS | {"times_as_many_values": 0.88}, "how much is added"),
        (NUMBERS | {"times_as_many_values": 0.532}, "values` is upside down"),
        (NUMBERS | {"times_as_many_values": 2}, "values` is close, but not it"),
        (NUMBERS | {"times_as_many_values": 5.68}, "values by the input's"),
        (NUMBERS | {"times_fewer_positions": 4.13}, "two directions"),
        (NUMBERS | {"times_fewer_positions": 0.0587}, "ons` is upside down"),
        (NUMBERS | {"times_fewer_positions": 0.53}, "227 x 227 by 55 x 55"),
        (NUMBERS | {"values": ...}, "still missing"),
        (290_400, "dictionary"),
    ],
}
RIGHT = {
    "recall": [363.0],
    "q1": [((230, "valid", "down"), [224, 0, "up"], (224, (3, 3), "down"))],
    "q2": [{9216: list(range(227, 259)), 6400: np.arange(195, 227)}],
    "q3": [
        {
            "values": 290_400,
            "times_as_many_values": 1.88,
            "times_fewer_positions": 17,
        }
    ],
}
