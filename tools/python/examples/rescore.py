#!/usr/bin/env python3
"""The best hypothesis of each n-best list: rescore.py MODEL WEIGHT < LISTS

Lines are ID, score (natural logarithm) and words, with tabs between; those of one list stand together. WEIGHT is
that of the model's natural logarithm.
"""

import itertools
import math
import sys

import rnnlm


def main(path, weight):
    model = rnnlm.Model(path)
    rows = (line.rstrip("\n").split("\t") for line in sys.stdin)
    for name, group in itertools.groupby(rows, key=lambda row: row[0]):
        _, scores, texts = zip(*group)
        best = rnnlm.rescore(model, texts, map(float, scores), model_weight=float(weight) * math.log(10))[0]
        print(name, best.text, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
