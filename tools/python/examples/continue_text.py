#!/usr/bin/env python3
"""The most probable ways to go on: continue_text.py MODEL WORDS... (a beam search with score_batch)"""

import sys

import rnnlm

BEAM, BRANCHES, LONGEST = 8, 20, 12


def best_words(model, vocabulary, state):
    """The most probable words behind a state."""
    probs = model.distribution(state)
    ids = sorted(range(len(probs)), key=probs.__getitem__, reverse=True)[:BRANCHES]
    return [vocabulary[i] for i in ids]


def main(path, *words):
    model = rnnlm.Model(path)
    vocabulary = model.vocabulary()
    state = model.start_state()
    for word in words:
        model.BaseScore(state, word, state)
    beam, finished = [(0.0, state, [])], []
    for _ in range(LONGEST):
        # All words behind all hypotheses, in one call.
        steps = [(item, word) for item in beam for word in best_words(model, vocabulary, item[1])]
        behind = [rnnlm.State() for _ in steps]
        scores = model.score_batch([item[1] for item, _ in steps], [word for _, word in steps], behind)
        longer = [
            (item[0] + score, state, item[2] + [word])
            for (item, word), score, state in zip(steps, scores, behind)
        ]
        longer.sort(key=lambda item: item[0], reverse=True)
        finished += [item for item in longer[:BEAM] if item[2][-1] == "</s>"]
        beam = [item for item in longer[:BEAM] if item[2][-1] != "</s>"]
        if not beam:
            break
    for score, _, text in sorted(finished + beam, key=lambda item: item[0], reverse=True)[:BEAM]:
        print(f"{score:.3f}", *words, *text)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 1 else sys.exit(__doc__)
