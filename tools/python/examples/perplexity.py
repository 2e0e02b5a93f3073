#!/usr/bin/env python3
"""Perplexity of a text, one sentence a line: perplexity.py TEXT MODEL [MODEL...]

Several models are mixed in equal parts. Unknown words without a probability are left out, and counted.
"""

import sys

import rnnlm


def main(text, *paths):
    model = rnnlm.Model(*paths)
    total, words, left_out = 0.0, 0, 0
    with open(text, "rb") as lines:
        for line in lines:
            for word in model.full_scores(line):
                if word.log_prob <= model.floor:
                    left_out += 1
                else:
                    total += word.log_prob
                    words += 1
    print(f"{words} words, perplexity {10 ** (-total / max(words, 1)):.2f}, {left_out} left out")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 2 else sys.exit(__doc__)
