"""What programs written for kenlm do, with `import rnnlm as kenlm`."""

import copy
import math
import pickle
import unittest
from pathlib import Path

import rnnlm as kenlm
import support


class Sentences(unittest.TestCase):
    def setUp(self):
        self.model = kenlm.Model(support.ARPA_PATH)

    def test_scores_are_those_of_the_file(self):
        cases = {
            ("a b", True, True): -0.375 - 0.0625 - 0.5,
            ("a b", True, False): -0.375 - 0.0625,
            ("a b", False, True): -0.75 - 0.0625 - 0.5,
            ("a b", False, False): -0.75 - 0.0625,
            ("", True, True): -0.25 - 0.5,
            ("", False, True): -0.5,
            ("", True, False): 0,
            (" a\tz\n", True, True): -0.375 - 0.125 - 2 - 0.5,
            ("new a", True, True): -0.25 - 1.5 - 0.75 - 0.125 - 0.5,
            ("a </s>", True, False): -0.375 - 0.125 - 0.5,
        }
        for (sentence, bos, eos), wanted in cases.items():
            with self.subTest(sentence=sentence, bos=bos, eos=eos):
                self.assertAlmostEqual(self.model.score(sentence, bos, eos), wanted, 6)
                self.assertAlmostEqual(self.model.score(sentence.encode(), bos=bos, eos=eos), wanted, 6)
                full = list(self.model.full_scores(sentence, bos=bos, eos=eos))
                self.assertAlmostEqual(sum(item[0] for item in full), wanted, 6)

    def test_full_scores_say_which_ngram_and_what_is_unknown(self):
        full = list(self.model.full_scores("a b new"))
        self.assertEqual([item.ngram_length for item in full], [2, 2, 1, 1])
        self.assertEqual([item.oov for item in full], [False, False, True, False])
        self.assertAlmostEqual(full[1].log_prob, -0.0625, 6)
        log_prob, length, oov = full[2]
        self.assertEqual((round(log_prob, 6), length, oov), (-1.5, 1, True))

    def test_perplexity(self):
        self.assertAlmostEqual(self.model.perplexity("a b"), 10 ** (0.9375 / 3), 5)
        self.assertAlmostEqual(self.model.perplexity(""), 10**0.75, 5)

    def test_words(self):
        self.assertIn("a", self.model)
        self.assertIn(b"</s>", self.model)
        self.assertNotIn("new", self.model)
        self.assertNotIn("<unk>", self.model)
        self.assertEqual(self.model.order, 2)
        self.assertEqual(self.model.vocabulary_size, 6)
        self.assertEqual(self.model.vocabulary()[self.model.index("b")], "b")
        self.assertEqual(self.model.index("new"), -1)

    def test_without_unknown_word_the_floor(self):
        for floor in (-100, -7, -math.inf):
            model = kenlm.Model(support.NO_UNKNOWN_PATH, floor=floor)
            self.assertAlmostEqual(model.score("a new", eos=False), -0.375 + floor, 6)
            self.assertEqual(list(model.full_scores("new"))[0], (floor, 0, True))
        self.assertEqual(kenlm.Model(support.NO_UNKNOWN_PATH).floor, -100)
        self.assertEqual(kenlm.Model(support.NO_UNKNOWN_PATH, floor=-math.inf).perplexity("new"), math.inf)

    def test_settings_and_old_names(self):
        config = kenlm.Config()
        config.load_method = kenlm.LoadMethod.POPULATE_OR_READ
        config.arpa_complain = kenlm.ARPALoadComplain.NONE
        for model in (kenlm.Model(support.ARPA_PATH, config), kenlm.LanguageModel(support.ARPA_PATH)):
            self.assertEqual(model.score("a b"), self.model.score("a b"))
        self.assertEqual(self.model.path, support.ARPA_PATH.encode())

    def test_pickle_and_copy(self):
        for name, model in support.models():
            with self.subTest(name):
                other = pickle.loads(pickle.dumps(model))
                self.assertIsNot(other, model)
                self.assertEqual(other.score("the dog"), model.score("the dog"))
                self.assertEqual(copy.deepcopy(model).score("the dog"), model.score("the dog"))


class States(unittest.TestCase):
    def test_words_one_by_one_are_the_sentence(self):
        for name, model in support.models():
            for bos, begin in ((True, model.BeginSentenceWrite), (False, model.NullContextWrite)):
                with self.subTest(name, bos=bos):
                    now, behind = kenlm.State(), kenlm.State()
                    begin(now)
                    total, full = 0, []
                    for word in ["the", "dogs", "zebra", "a", "b", "</s>"]:
                        full.append(model.BaseFullScore(now, word, behind))
                        score = model.BaseScore(now, word, behind)
                        self.assertEqual(full[-1].log_prob, score)
                        total += score
                        now, behind = behind, now
                    self.assertAlmostEqual(total, model.score("the dogs zebra a b", bos=bos), 4)
                    self.assertEqual(full, list(model.full_scores("the dogs zebra a b", bos=bos)))

    def test_one_state_may_be_before_and_behind(self):
        for name, model in support.models():
            with self.subTest(name):
                state, before, behind = model.start_state(), model.start_state(), kenlm.State()
                for word in ("the", "dog", "zebra"):
                    score = model.BaseScore(before, word, behind)
                    self.assertEqual(model.BaseScore(state, word, state), score)
                    self.assertEqual(state, behind)
                    before = copy.copy(behind)

    def test_equality_order_hash_copy(self):
        for name, model in support.models():
            with self.subTest(name):
                first, second, other = model.start_state(), model.start_state(), model.start_state(False)
                self.assertEqual(first, second)
                self.assertEqual(hash(first), hash(second))
                self.assertNotEqual(first, other)
                self.assertTrue((first < other) != (first > other))
                self.assertEqual(len({first, second, other, copy.copy(other), copy.deepcopy(first)}), 2)
                twin = copy.copy(first)
                model.BaseScore(first, "the", first)
                model.BaseScore(first, "dogs", first)
                self.assertEqual(twin, second)
        self.assertEqual(kenlm.State(), kenlm.State())
        self.assertNotEqual(kenlm.State(), first)
        self.assertFalse(first == 3)
        with self.assertRaises(TypeError):
            first < 3

    def test_pickled_with_the_model(self):
        for name, model in support.models():
            with self.subTest(name):
                state = model.start_state()
                model.BaseScore(state, "the", state)
                twin_model, twin = pickle.loads(pickle.dumps((model, state)))
                self.assertEqual(
                    twin_model.BaseScore(twin, "dog", kenlm.State()),
                    model.BaseScore(state, "dog", kenlm.State()),
                )
                self.assertEqual(twin.tobytes(), state.tobytes())
        self.assertEqual(pickle.loads(pickle.dumps(kenlm.State())), kenlm.State())


class Programs(unittest.TestCase):
    """The numbers are those that the programs print."""

    def test_ngram_ppl(self):
        for path in (support.ARPA_PATH, support.WB3_PATH):
            text = support.program("rnnlm-ngram", "ppl", "-lm", path, "-text", support.TEST_PATH, "-debug", 2)
            wanted = [float(line.split("[ ")[-1].split(" ]")[0]) for line in text.splitlines() if "\tp( " in line]
            model = kenlm.Model(path)
            lines = [line for line in Path(support.TEST_PATH).read_text().splitlines() if line.strip()]
            found = [item.log_prob for line in lines for item in model.full_scores(line)]
            known = [score for score in found if score > -99]
            wanted = [score for score in wanted if score > -99]
            self.assertEqual(len(known), len(wanted))
            for a, b in zip(known, wanted):
                self.assertAlmostEqual(a, b, 4)

    def test_networks(self):
        for path in (support.NETWORK_PATH, support.LSTM_PATH):
            arguments = ["-rnnlm", path, "-test", support.VALID_PATH, "-per-sentence", "-write", "scores", "-unk"]
            wanted = [float(line) for line in support.program("rnnlm", *arguments).split()]
            model = kenlm.Model(path)
            found = [model.score(line) for line in Path(support.VALID_PATH).read_text().splitlines()]
            self.assertEqual(len(found), len(wanted))
            for a, b in zip(found, wanted):
                self.assertAlmostEqual(a, b, 3)

    def test_mixtures_are_sums(self):
        weights = [0.5, 0.25, 0.25]
        paths = support.KINDS["mixture"]
        mixture = kenlm.Model(*paths, weights=weights)
        parts = [kenlm.Model(path) for path in paths]
        for sentence in ("the dogs that sleep chase me", "", "the mice"):
            scores = zip(*(part.full_scores(sentence) for part in parts))
            wanted = [math.log10(sum(w * 10**s.log_prob for w, s in zip(weights, word))) for word in scores]
            for found, score in zip(mixture.full_scores(sentence), wanted):
                self.assertAlmostEqual(found.log_prob, score, 5)


if __name__ == "__main__":
    unittest.main()
