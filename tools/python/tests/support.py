"""Models that the tests share, and the programs' answers."""

import atexit
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import rnnlm

PROGRAMS = Path(os.environ.get("RNNLM_BIN", "bin")).resolve()
DIRECTORY = Path(tempfile.mkdtemp(prefix="rnnlm-python-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)

# Its numbers were chosen, so that scores can be added up by hand: <s> a b is .5 .25; z is never said but by
# itself; there is no back-off weight of b.
ARPA = """\\data\\
ngram 1=6
ngram 2=2

\\1-grams:
-0.5\t</s>
-99\t<s>\t-0.25
-1.5\t<unk>
-0.75\ta\t-0.125
-0.875\tb
-2\tz

\\2-grams:
-0.375\t<s> a
-0.0625\ta b

\\end\\
"""


def file(name, text):
    """A file of the tests' folder; a text's path."""
    path = DIRECTORY / name
    path.write_text(text)
    return str(path)


def sentences(count, seed):
    """Lines of a small language."""
    draw = random.Random(seed)
    lines = []
    for _ in range(count):
        many = draw.random() < 0.5
        line = ["the", draw.choice(["dogs", "cats"] if many else ["dog", "cat"])]
        line += ["that", "sleep" if many else "sleeps"] if draw.random() < 0.3 else []
        line += ["chase" if many else "chases", draw.choice(["mice", "me", "you", "them"])]
        lines.append(" ".join(line))
    return lines


def program(name, *arguments):
    """What a program prints."""
    return subprocess.run(
        [PROGRAMS / name, *map(str, arguments)], capture_output=True, text=True, check=True
    ).stdout


ARPA_PATH = file("test.arpa", ARPA)
NO_UNKNOWN_PATH = file("closed.arpa", ARPA.replace("=6", "=5").replace("-1.5\t<unk>\n", ""))
TRAIN_PATH = file("train.txt", "\n".join(sentences(300, 1)) + "\n")
VALID_PATH = file("valid.txt", "\n".join(sentences(50, 2)) + "\n")
TEST_PATH = file("test.txt", "the dog chases mice\n\nthe cats that sleep chase you\nzebras the dogs\n")
BINARY_PATH = str(DIRECTORY / "test.binary")
NETWORK_PATH = str(DIRECTORY / "network")
LSTM_PATH = str(DIRECTORY / "lstm")
program("rnnlm-ngram", "build", "-lm", ARPA_PATH, "-o", BINARY_PATH)
program("rnnlm-ngram", "train", "-order", 3, "-discount", "wb", "-text", TRAIN_PATH, "-o", DIRECTORY / "wb3.arpa")
WB3_PATH = str(DIRECTORY / "wb3.arpa")
SMALL = {"train": TRAIN_PATH, "valid": VALID_PATH, "max_iter": 2, "classes": 3}
rnnlm.train(model=NETWORK_PATH, hidden=9, direct=1, bptt=2, **SMALL)
rnnlm.train(model=LSTM_PATH, layers="lstm:7", independent=True, streams=4, min_count=20, **SMALL)

KINDS = {
    "network": (NETWORK_PATH,),
    "independent lstm with <unk>": (LSTM_PATH,),
    "ARPA": (ARPA_PATH,),
    "binary": (BINARY_PATH,),
    "trigrams": (WB3_PATH,),
    "mixture": (NETWORK_PATH, WB3_PATH, LSTM_PATH),
}


def models():
    """One of each kind, with its name."""
    return [(name, rnnlm.Model(*paths)) for name, paths in KINDS.items()]
