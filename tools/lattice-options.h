// What rnnlm-lattice can be told on its command line.
#ifndef TOOLS_LATTICE_OPTIONS_H
#define TOOLS_LATTICE_OPTIONS_H

#include <math.h>

#include "lattice/lattice.h"
#include "options.h"

#define PROGRAM "rnnlm-lattice"

static struct {
    const char *model, *ngram, *old_ngram, *unk_word, *list, *symbols, *output, *folder, *write,
        *format, *mix, *cost, *unk_probs;
    struct option_list ignored;
    struct lattice_scales scales;
    bool acoustic_given, lm_given, pronunciation_given, penalty_given, lambda_given,
        old_scale_given, oov_given;
    double frame_shift, prune, posterior_scale, least_posterior, lambda, merge_margin,
        merge_distance, beam, oov_penalty, old_scale, most_seconds;
    int64_t merge_order, most_histories, most_nodes, most_steps, memory, nbest, debug, threads,
        unk_count;
    bool unk, trim, quotes, gz, keep_going, least_errors, unnormalised;
} set = {.write = "best",
         .lambda = 1,
         .beam = INFINITY,
         .oov_penalty = -5,
         .merge_order = 5,
         .merge_margin = 64,
         .old_scale = 1,
         .most_nodes = 200000,
         .most_steps = 2000000,
         .memory = 150,
         .nbest = 100};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Models"},
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0,
     "Network, in any model format. Without models the lattices' own scores count."},
    {OPTION_FLAG, "unnormalised", NULL, &set.unnormalised, NULL, 0, 0,
     "Take the scores of a network of -output nce or -self-normalise for probabilities: far faster "
     "with large vocabularies, and as good as their sums are near 1."},
    {OPTION_TEXT, "ngram", "FILE", &set.ngram, NULL, 0, 0,
     "Back-off model, an ARPA file or a binary model of rnnlm-ngram build, alone or mixed with the "
     "network word by word; the lattice's own scores are then replaced. -lm and -ngrams are the "
     "same."},
    {OPTION_NUMBER, "lambda", "X", &set.lambda, &set.lambda_given, 0, 1,
     "Weight of the network beside the back-off model (0.5 if not given), or of the only model "
     "beside the lattice's own scores (1 if not given: they are replaced)."},
    {OPTION_TEXT, "old-ngram", "FILE", &set.old_ngram, NULL, 0, 0,
     "Back-off model that the lattices' language scores were made with: what it says of a word "
     "behind its history, sentence ends included, is subtracted, and what is left stays beside the "
     "new score: pronunciations and transitions in Kaldi's graph costs. -lambda then mixes with it "
     "in the place of the lattice's own scores. Words that it does not know count as "
     "-oov-penalty."},
    {OPTION_NUMBER, "old-scale", "X", &set.old_scale, &set.old_scale_given, 0, 1e9,
     "Weight of what is subtracted."},
    {OPTION_TEXT, "mix", "HOW", &set.mix, NULL, 0, 0,
     "How the lattice's own scores are mixed in: `linear` (probabilities; the default for SLF) or "
     "`log` (logarithms; the default for the others without -old-ngram, whose costs are not those "
     "of words alone)."},
    {OPTION_FLAG, "unk", NULL, &set.unk, NULL, 0, 0,
     "Words that a model does not know are taken as <unk>, if it has that word; <UNK>, [unk] and "
     "the like are found too."},
    {OPTION_TEXT, "unk-probs", "FILE", &set.unk_probs, NULL, 0, 0,
     "Lines WORD PROBABILITY, Kaldi's unk.probs: an unknown word is scored as the models' word for "
     "rare words, times its probability among these. Not in -old-ngram."},
    {OPTION_COUNT, "unk-count", "N", &set.unk_count, NULL, 1, 1e15,
     "Unknown words share the probability of the models' word for them equally among N."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unk_word, NULL, 0, 0,
     "The models' word for unknown words, where it is called otherwise; implies -unk. With "
     "-unk-probs or -unk-count, for rare words, where it is not RNN_UNK."},
    {OPTION_NUMBER, "oov-penalty", "X", &set.oov_penalty, &set.oov_given, -1e9, 0,
     "log10 probability of a word that no model knows; with -unk-probs the share of a word that "
     "the table does not have, -7 if not given."},
    {OPTION_LIST, "ignore", "WORD", &set.ignored, NULL, 0, 0,
     "A word that language models do not see, such as a noise or a pause; may be given several "
     "times."},
    {.type = OPTION_GROUP, .help = "Scores: what is not given is as in the lattice's header"},
    {OPTION_NUMBER, "ac-scale", "X", &set.scales.acoustic, &set.acoustic_given, 0, 1e9,
     "Weight of acoustic scores."},
    {OPTION_NUMBER, "lm-scale", "X", &set.scales.lm, &set.lm_given, 0, 1e9,
     "Weight of language model scores."},
    {OPTION_NUMBER, "pr-scale", "X", &set.scales.pronunciation, &set.pronunciation_given, 0, 1e9,
     "Weight of pronunciation scores."},
    {OPTION_NUMBER, "word-penalty", "X", &set.scales.word_penalty, &set.penalty_given, -1e9, 1e9,
     "What each word adds (log10)."},
    {.type = OPTION_GROUP, .help = "Size and speed"},
    {OPTION_NUMBER, "prune", "P", &set.prune, NULL, 0, 1,
     "First drop links whose posterior probability, by the lattice's own scores, is below P."},
    {OPTION_NUMBER, "posterior-scale", "X", &set.posterior_scale, NULL, 0, 1e9,
     "Scores are divided by X for posterior probabilities, here and in the output; 0: by the "
     "language model scale, as SRILM does, and Kaldi, whose acoustic scale is one over that of "
     "the language model. With that scale 1, posteriors are far too sure of themselves: Kaldi's "
     "lattices want -lm-scale 12, or -ac-scale 0.083, or what was best on other utterances."},
    {OPTION_COUNT, "merge-order", "N", &set.merge_order, NULL, 0, 1000,
     "Merge hypotheses of a node whose last N-1 words are the same, as far as -merge-margin lets "
     "them. 0: only those with all words the same, so that without -merge-distance, -beam and "
     "-max-histories the result is exact."},
    {OPTION_NUMBER, "merge-margin", "X", &set.merge_margin, NULL, 0, 1e9,
     "-merge-order keeps a hypothesis that is behind the better one by less than X times the root "
     "mean square difference of their hidden vectors (log10 of a probability), as it may win "
     "later; 0: it keeps none. On 400 lattices of 12 to 25 words the default found the best "
     "sentence of -merge-order 0 each time with 3 % of its work; 0 took half the default's time, "
     "but one sentence in ten was more than 0.1 % worse, up to 10 %."},
    {OPTION_NUMBER, "merge-distance", "X", &set.merge_distance, NULL, 0, 1,
     "Merge hypotheses of a node with the same last word whose hidden vectors have a root mean "
     "square difference below X."},
    {OPTION_NUMBER, "beam", "X", &set.beam, NULL, 0, INFINITY,
     "Drop hypotheses that are worse than the best of their node by more than X (log10, scaled)."},
    {OPTION_COUNT, "max-histories", "N", &set.most_histories, NULL, 0, 1000000,
     "Keep the best N hypotheses of a node; 0: all."},
    {OPTION_COUNT, "max-nodes", "N", &set.most_nodes, NULL, 0, 1e12,
     "Search states alive at a time: links behind hypotheses that wait for their node. Where there "
     "would be more, those that look worst by their score and the best way on go; a note says so. "
     "0: no limit."},
    {OPTION_COUNT, "max-steps", "N", &set.most_steps, NULL, 0, 1e15,
     "Work for a lattice: probabilities and states computed. Where a third of it is not enough, "
     "the search narrows likewise. 0: no limit."},
    {OPTION_COUNT, "memory", "MB", &set.memory, NULL, 0, 1e9,
     "Memory for the search in a lattice, without models; it narrows likewise, and drops the links "
     "of the result that are worst. 0: no limit."},
    {OPTION_NUMBER, "max-seconds", "X", &set.most_seconds, NULL, 0, 1e9,
     "Time for the search in a lattice; it narrows likewise, and the result then depends on the "
     "machine. 0: no limit."},
    {OPTION_COUNT, "threads", "N", &set.threads, NULL, 0, 1 << 12,
     "Threads; 0 for one for each processor. Results do not depend on it."},
    {.type = OPTION_GROUP, .help = "Input"},
    {OPTION_TEXT, "list", "FILE", &set.list, NULL, 0, 0, "More lattice files, one name a line."},
    {OPTION_TEXT, "words", "FILE", &set.symbols, NULL, 0, 0,
     "Table of words and numbers, as Kaldi's words.txt, if the lattices have numbers for words."},
    {OPTION_TEXT, "fst-cost", "SCORE", &set.cost, NULL, 0, 0,
     "What the costs of OpenFst's files, which do not say what part of them is a language model's, "
     "are taken for: `acoustic` scores (the default: new language model scores come beside them) "
     "or `lm` (they take their place)."},
    {OPTION_NUMBER, "frame-shift", "X", &set.frame_shift, NULL, 0, 1000,
     "Seconds from one frame to the next (most often 0.01, or 0.03) of Kaldi's compact lattices, "
     "whose alignments then give nodes their times; 0: they have none. Words are where they belong "
     "after lattice-align-words."},
    {OPTION_FLAG, "htk-quotes", NULL, &set.quotes, NULL, 0, 0,
     "Words of SLF lattices have HTK's quotes and backslashes; without this option words are what "
     "stands there, as SRILM has it."},
    {OPTION_FLAG, "trim", NULL, &set.trim, NULL, 0, 0,
     "Nodes that are not on a way from start to end are dropped; otherwise they are errors."},
    {OPTION_FLAG, "keep-going", NULL, &set.keep_going, NULL, 0, 0,
     "Report and skip lattices that cannot be used; the exit status is then 1 at the end."},
    {.type = OPTION_GROUP, .help = "Output"},
    {OPTION_TEXT, "write", "WHAT", &set.write, NULL, 0, 0,
     "`best`: lines ID WORD WORD ...; `nbest`: lines of ID, acoustic score, language model score, "
     "number of words and words, between tabs; `lattice`; `posteriors`: a line ID 1 START "
     "DURATION WORD POSTERIOR for each word of the best sentence, in the order of NIST's CTM, "
     "with * for times that the lattice does not have (see -frame-shift); `sausage`: a confusion "
     "network, aligned to the "
     "sentence of -mbr, in SRILM's form of word meshes (wlat-format)."},
    {OPTION_FLAG, "mbr", NULL, &set.least_errors, NULL, 0, 0,
     "The best sentence is the one with the fewest word errors to be expected, given the posterior "
     "probabilities of all ways (minimum Bayes risk), not the most likely one; wants -write best, "
     "posteriors or sausage."},
    {OPTION_NUMBER, "min-posterior", "P", &set.least_posterior, NULL, 0, 1,
     "Leave words out of sausages whose posteriors are below P: what a slot then lacks of 1 is "
     "theirs."},
    {OPTION_COUNT, "nbest", "N", &set.nbest, NULL, 1, 1e9,
     "Length of n-best lists; no two hypotheses have the same words."},
    {OPTION_TEXT, "format", "FORMAT", &set.format, NULL, 0, 0,
     "Of lattices: `slf`, `kaldi`, `fst` or `fsa`; that of the input if not given. The last two "
     "are OpenFst's transducers and acceptors in text form; costs are of all scores, with their "
     "scales and the word penalty. With -write sausage, `kaldi` gives lines ID [ WORD POSTERIOR "
     "... ] ..., with numbers for words if there is -words."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0, "Write here, not to standard output."},
    {OPTION_TEXT, "out-dir", "DIR", &set.folder, NULL, 0, 0,
     "Write a file DIR/ID for each utterance; n-best lists are then lines of acoustic score, "
     "language model score, number of words, words, as SRILM reads them."},
    {OPTION_FLAG, "gz", NULL, &set.gz, NULL, 0, 0, "These files are DIR/ID.gz, compressed."},
    {OPTION_COUNT, "debug", "N", &set.debug, NULL, 0, 1,
     "1: sizes and work of each lattice on standard error."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "rescore word lattices with recurrent networks and n-gram models",
    .usage = "[-rnnlm MODEL] [-ngram MODEL] [-old-ngram MODEL] [-lambda X] [-write WHAT] "
             "LATTICES...",
    .about = "Gives the words of lattices new language model scores, and prints the best sentence\n"
             "of each, an n-best list, posterior probabilities of words, a confusion network, or\n"
             "the lattice. LATTICES are files of HTK's standard lattice format (one utterance a\n"
             "file), of Kaldi's compact lattices in text form (any number of utterances), or of\n"
             "OpenFst's text form, as fstprint, k2 and Kaldi's lattice-to-fst write it (one, or\n"
             "any number with names as Kaldi has them), recognised by content, plain or\n"
             "gzip-compressed; - is standard input. Histories of words are expanded as far as\n"
             "-merge-order, -merge-distance and -beam let them. Scores are log10, but in the\n"
             "lattices themselves, which keep their base.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "LATTICES...",
};

#endif
