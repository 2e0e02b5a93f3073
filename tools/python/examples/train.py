#!/usr/bin/env python3
"""Trains an LSTM and shows how far it is: train.py TRAIN VALID MODEL [UNITS [EPOCHS]]"""

import sys

import rnnlm


def show(progress):
    done = f"{100 * progress.words / progress.total_words:5.1f} %" if progress.total_words else ""
    print(f"\repoch {progress.epoch}: {done}, perplexity {progress.train_perplexity:.1f}", end="", file=sys.stderr)
    if progress.epoch_done:
        print(f", of the validation text {progress.valid_perplexity:.1f}", file=sys.stderr)


def main(train, valid, model, units="200", epochs="8"):
    rnnlm.train(
        train=train,
        valid=valid,
        model=model,
        layers=f"lstm:{units}",
        streams=20,
        bptt_block=20,
        dropout=0.3,
        epochs=int(epochs),
        progress=show,
    )


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 3 else sys.exit(__doc__)
