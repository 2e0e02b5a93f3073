"""Lists, surprisal, and the decoders of other packages."""

import math
import os
import pickle
import subprocess
import sys
import unittest
from pathlib import Path

import rnnlm
import support


class Lists(unittest.TestCase):
    def test_rescore(self):
        model = rnnlm.Model(support.ARPA_PATH)
        hypotheses = ["z", "a b", "b a", "a b"]
        result = rnnlm.rescore(model, hypotheses)
        self.assertEqual([item.place for item in result], [1, 3, 2, 0])
        self.assertAlmostEqual(result[0].score, model.score("a b"), 6)
        result = rnnlm.rescore(model, hypotheses, [1, 2, 3, 4], model_weight=0.5, word_score=-0.25)
        self.assertAlmostEqual(result[0].score, 4 + 0.5 * model.score("a b") - 0.5, 6)
        self.assertAlmostEqual(result[0].model_score, model.score("a b"), 6)
        self.assertEqual([item.place for item in result], [3, 2, 1, 0])
        self.assertEqual(rnnlm.rescore(model, []), [])
        with self.assertRaisesRegex(ValueError, "2 scores and 1 hypo"):
            rnnlm.rescore(model, ["a"], [1, 2])
        with self.assertRaises(TypeError):
            rnnlm.rescore(model, "a b")


class Surprisal(unittest.TestCase):
    def test_as_the_programs_write_it(self):
        cases = {
            support.WB3_PATH: ["rnnlm-ngram", "ppl", "-lm", support.WB3_PATH, "-text", support.VALID_PATH],
            support.LSTM_PATH: ["rnnlm", "-rnnlm", support.LSTM_PATH, "-unk", "-test", support.VALID_PATH],
        }
        for path, command in cases.items():
            lines = support.program(*command, "-write", "surprisal").splitlines()
            columns = lines[0].split("\t")
            wanted = [dict(zip(columns, line.split("\t"))) for line in lines[1:]]
            found = rnnlm.surprisal(rnnlm.Model(path), Path(support.VALID_PATH).read_text())
            self.assertEqual([item.word for item in found], [row["word"] for row in wanted])
            for i, (item, row) in enumerate(zip(found, wanted)):
                self.assertAlmostEqual(item.bits, float(row["surprisal"]), 3)
                # The program has the entropy behind a word, which is that before the next.
                if item.word != "</s>":
                    self.assertAlmostEqual(found[i + 1].entropy, float(row["entropy"]), 3)

    def test_characters(self):
        path = str(support.DIRECTORY / "chars")
        support.program(
            "rnnlm", "-train", support.TRAIN_PATH, "-valid", support.VALID_PATH, "-rnnlm", path, "-unit", "char",
            "-layers", "gru:6", "-streams", "4", "-class", "5", "-max-iter", "1",
        )
        model = rnnlm.Model(path)
        self.assertEqual(model.unit, "char")
        self.assertEqual(rnnlm.Model(support.NETWORK_PATH).unit, "word")
        text = support.file("text", "the dogs\nthe  cat sleeps \n\n")
        lines = Path(text).read_text().split("\n")[:-1]
        wanted = support.program("rnnlm", "-rnnlm", path, "-test", text, "-per-sentence", "-write", "scores").split()
        for line, score in zip(lines, wanted):
            self.assertAlmostEqual(model.score(line), float(score), 4)
        found = rnnlm.surprisal(model, "the cat")
        self.assertEqual([item.word for item in found], [*"the\u2581cat", "</s>"])
        self.assertAlmostEqual(-sum(item.bits for item in found) * math.log10(2), model.score("the cat"), 4)
        with self.assertRaisesRegex(ValueError, "of unit word, wanted one of unit char as"):
            rnnlm.Model(path, support.NETWORK_PATH)

    def test_by_hand(self):
        model = rnnlm.Model(support.NETWORK_PATH)
        found = rnnlm.surprisal(model, "the\n\ndogs")
        self.assertEqual([item.word for item in found], ["the", "</s>", "</s>", "dogs", "</s>"])
        probs = model.distribution(model.start_state())
        self.assertAlmostEqual(found[0].entropy, -sum(p * math.log2(p) for p in probs), 4)
        self.assertAlmostEqual(found[0].bits, -math.log2(probs[model.index("the")]), 4)
        unknown = rnnlm.surprisal(rnnlm.Model(support.NO_UNKNOWN_PATH), "new")
        self.assertEqual(unknown[0].bits, math.inf)


class Decoders(unittest.TestCase):
    def test_beam_decoder(self):
        for name, model in support.models():
            with self.subTest(name):
                decoder = rnnlm.BeamDecoderModel(model, alpha=0.5, beta=1.5, unk_score_offset=-10)
                self.assertEqual(decoder.order, model.order)
                first = next(word for word in ("the", "a") if word in model)
                score, state = decoder.score(decoder.get_start_state(), first)
                wanted = 0.5 * math.log(10) * model.score(first, eos=False) + 1.5
                self.assertAlmostEqual(score, wanted, 5)
                score, _ = decoder.score(state, "zebra", is_last_word=True)
                both = model.score(first + " zebra") - model.score(first, eos=False)
                self.assertAlmostEqual(score, 0.5 * math.log(10) * (both - 10) + 1.5, 4)
                self.assertEqual(decoder.score_partial_token(first[:1]), 0)
                self.assertEqual(decoder.score_partial_token(""), 0)
                self.assertEqual(decoder.score_partial_token("qx"), -10)
                self.assertEqual(decoder.score_partial_token("q" * 12), -20)
                twin = pickle.loads(pickle.dumps(decoder))
                self.assertEqual(twin.score(twin.get_start_state(), first)[0],
                                 decoder.score(decoder.get_start_state(), first)[0])

                decoder.reset_params(alpha=0, beta=2, unk_score_offset=None)
                self.assertEqual(decoder.score(decoder.get_start_state(), first)[0], 2)
                decoder.reset_params(alpha=1, beta=0, unk_score_offset=-1, score_boundary=False)
                self.assertEqual(decoder.get_start_state(), model.start_state(False))
                score, _ = decoder.score(decoder.get_start_state(), "zebra", is_last_word=True)
                wanted = math.log(10) * (model.score("zebra", bos=False, eos=False) - 1)
                self.assertAlmostEqual(score, wanted, 5)

    def test_ctc_decoder(self):
        words = ["dogs", "the", "zebra", "a", "</s>"]
        for name, model in support.models():
            with self.subTest(name):
                decoder = rnnlm.CTCDecoderModel(model, words)
                state, total = decoder.start(False), 0
                for token in (1, 0, 2, 3):
                    again, score = decoder.score(state, token)
                    state, same = decoder.score(state, token)
                    self.assertIs(state, again)
                    self.assertEqual(score, same)
                    total += score
                state, score = decoder.finish(state)
                total += score
                self.assertAlmostEqual(total, math.log(10) * model.score("the dogs zebra a"), 3)
                nothing = decoder.score(decoder.start(True), 3)[1]
                self.assertAlmostEqual(nothing, math.log(10) * model.score("a", bos=False, eos=False), 4)
                for token in (-1, 5):
                    with self.assertRaises(IndexError):
                        decoder.score(decoder.start(False), token)


class Examples(unittest.TestCase):
    def example(self, name, *arguments, given=""):
        script = Path(__file__).parent.parent / "examples" / name
        path = os.pathsep.join(sys.path)
        return subprocess.run(
            [sys.executable, "-B", script, *arguments], input=given, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": path},
        ).stdout

    def test_examples_run(self):
        report = support.program("rnnlm", "-rnnlm", support.NETWORK_PATH, "-test", support.VALID_PATH,
                                 "-per-sentence")
        wanted = float(report.split("PPL net: ")[1].split()[0])
        found = self.example("perplexity.py", support.VALID_PATH, support.NETWORK_PATH)
        self.assertAlmostEqual(float(found.split("perplexity ")[1].split(",")[0]), wanted, 1)
        lists = "u1\t-3\tthe dog chase mice\nu1\t-3\tthe dog chases mice\nu2\t-1\tyou\nu2\t-90\tthe dogs\n"
        found = self.example("rescore.py", support.NETWORK_PATH, "0.5", given=lists)
        self.assertEqual(found, "u1\tthe dog chases mice\nu2\tyou\n")
        model = support.DIRECTORY / "example"
        self.example("train.py", support.TRAIN_PATH, support.VALID_PATH, str(model), "6", "2")
        found = self.example("continue_text.py", str(model), "the", "dogs").splitlines()
        self.assertEqual(len(found), 8)
        self.assertTrue(all(" the dogs " in line for line in found))
        best, score = found[0].split(" the dogs ")[1], float(found[0].split()[0])
        model = rnnlm.Model(str(model))
        wanted = model.score("the dogs " + best, eos=False) - model.score("the dogs", eos=False)
        self.assertAlmostEqual(score, wanted, 2)


if __name__ == "__main__":
    unittest.main()
