"""Lists of hypotheses, and surprisal."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from .model import Model, Text


class Hypothesis(NamedTuple):
    """A hypothesis of an n-best list that has been rescored."""

    text: Text
    score: float  # all together
    model_score: float  # log10
    place: int  # where it stood in the list


def rescore(
    model: Model,
    hypotheses: Sequence[Text],
    scores: Sequence[float] | None = None,
    *,
    model_weight: float = 1.0,
    word_score: float = 0.0,
) -> list[Hypothesis]:
    """A list's hypotheses, the best one first.

    scores[i] is what is known of hypothesis i otherwise: acoustic or translation score. All is one sum,
    scores[i] + model_weight * log10 P(hypothesis i) + word_score * words, so that scores in other units than
    log10 want a weight that says so (log(10) for natural logarithms). Those that are equal stay in order.
    """
    model_scores = model.score_sentences(hypotheses)
    known = [0.0] * len(model_scores) if scores is None else [float(score) for score in scores]
    if len(known) != len(model_scores):
        raise ValueError(
            f"found {len(known)} scores and {len(model_scores)} hypotheses, wanted one for each hypothesis"
        )
    result = [
        Hypothesis(
            text,
            known[place] + model_weight * log10_prob + word_score * len(text.split()),
            log10_prob,
            place,
        )
        for place, (text, log10_prob) in enumerate(zip(hypotheses, model_scores))
    ]
    return sorted(result, key=lambda hypothesis: -hypothesis.score)


class Surprisal(NamedTuple):
    """How much of a surprise a word is where it stands."""

    word: str
    bits: float  # -log2 P(word | words before); inf if it has no probability
    entropy: float  # bits, of the distribution that the word is drawn from


def surprisal(model: Model, text: str) -> list[Surprisal]:
    """Of each word of a text, one sentence a line, and of the </s> behind each line."""
    result = []
    for line in text.removesuffix("\n").split("\n"):
        words = [word.decode() for word in line.encode().split()]
        if model.unit == "char":
            words = list("\u2581".join(words))
        words.append("</s>")
        result += [Surprisal(word, *bits) for word, bits in zip(words, model._surprisal(line))]
    return result
