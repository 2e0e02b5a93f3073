// The command line of rnnlm-nbest.
#ifndef TOOLS_NBEST_OPTIONS_H
#define TOOLS_NBEST_OPTIONS_H

#include "dynamic_options.h"
#include "nbest/rerank.h"
#include "options.h"
#include "tool-lists.h"

#define PROGRAM "rnnlm-nbest"

static struct {
    struct option_list models;
    const char *weights, *ngram, *lm_prob, *lm_score, *mix, *history, *write, *form, *out;
    const char *unk_probs, *unk_word, *word_list, *ac_cost, *lm_cost, *graph_cost;
    const char *utt2spk;
    struct dynamic_options dynamic_by;
    const char *tune, *ref_form, *marks, *write_weights, *weights_file;
    struct option_list ignored;
    struct rerank_weights rank;
    double oov, dynamic;
    int64_t unk_count, speaker_field, restarts, threads;
    bool list_lm, unk, independent, keep_going, unnormalised, dynamic_reset;
} set = {.mix = "word",
         .history = "none",
         .write = "scores",
         .marks = "trn",
         .rank = {.ac_scale = 1, .lm_scale = 1, .lambda = 0.75},
         .oov = -5,
         .dynamic_by = DYNAMIC_OPTIONS_DEFAULT,
         .restarts = 20};

static struct {
    bool ac_scale, lm_scale, word_penalty, lambda, oov;
} given;

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Models"},
    {OPTION_LIST, "rnnlm", "FILE", &set.models, NULL, 0, 0,
     "Network, in any model format. Given several times, the networks are averaged. Without one "
     "the score is that of -ngram, -lm-prob, -lm-score or -list-lm alone, and one of these is "
     "wanted."},
    {OPTION_TEXT, "weights", "X,X,...", &set.weights, NULL, 0, 0,
     "Weights of several networks, in their order. Equal if not given."},
    {OPTION_FLAG, "unnormalised", NULL, &set.unnormalised, NULL, 0, 0,
     "Take the scores of networks of -output nce or -self-normalise for probabilities: far faster "
     "with large vocabularies, and as good as their sums are near 1."},
    {OPTION_TEXT, "ngram", "FILE", &set.ngram, NULL, 0, 0,
     "Back-off n-gram model (ARPA file, or binary model of rnnlm-ngram build), alone or to mix "
     "with; each hypothesis begins behind <s>. -lm and -ngrams are the same."},
    {OPTION_TEXT, "lm-prob", "FILE", &set.lm_prob, NULL, 0, 0,
     "Another model's probabilities of the words of all hypotheses, each with its </s>, in their "
     "order, to mix with: one number a line, or SRILM's -ppl -debug 2 output."},
    {OPTION_TEXT, "lm-score", "FILE", &set.lm_score, NULL, 0, 0,
     "Another model's log10 scores of all hypotheses, one a line, in their order, to mix with; "
     "beside networks it wants -mix sentence."},
    {OPTION_FLAG, "list-lm", NULL, &set.list_lm, NULL, 0, 0,
     "Mix with the language model scores that the lists have; beside networks it wants -mix "
     "sentence."},
    {OPTION_NUMBER, "lambda", "X", &set.rank.lambda, &given.lambda, 0, 1,
     "Weight of the networks beside the other model; wants -rnnlm."},
    {OPTION_TEXT, "mix", "HOW", &set.mix, NULL, 0, 0,
     "word: linear mixture of the probabilities of each word; sentence: that of the sentences' log "
     "scores."},

    {.type = OPTION_GROUP, .help = "Words that are not in the vocabulary"},
    {OPTION_NUMBER, "oov-penalty", "X", &set.oov, &given.oov, -1e6, 0,
     "log10 probability of a word that no model knows; with -unk-probs the share of a word that "
     "the table does not have, -7 if not given."},
    {OPTION_FLAG, "unk", NULL, &set.unk, NULL, 0, 0,
     "Take unknown words as <unk>, where a model has it; <UNK>, [unk] and the like are found too."},
    {OPTION_TEXT, "unk-probs", "FILE", &set.unk_probs, NULL, 0, 0,
     "Lines WORD PROBABILITY, Kaldi's unk.probs: an unknown word is scored as the model's word for "
     "rare words, times its probability among these. An n-gram model beside networks wants -unk "
     "for it."},
    {OPTION_COUNT, "unk-count", "N", &set.unk_count, NULL, 1, 1e15,
     "Unknown words share the probability of the models' word for them equally among N; implies "
     "-unk."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unk_word, NULL, 0, 0,
     "The models' word for unknown words, where it is called otherwise; implies -unk. With "
     "-unk-probs or -unk-count, for rare words, where it is not RNN_UNK."},
    {OPTION_TEXT, "word-list", "FILE", &set.word_list, NULL, 0, 0,
     "Networks know only the first words of the lines of this file (Kaldi's wordlist.rnn)."},

    {.type = OPTION_GROUP, .help = "History across utterances"},
    {OPTION_TEXT, "history", "WHICH", &set.history, NULL, 0, 0,
     "What comes before a hypothesis in networks: none, nothing, as in rnnlm-lattice; previous, "
     "the first hypothesis of the list before, as rnnlm -nbest has it; best, the best one, after "
     "re-ranking."},
    {OPTION_COUNT, "speaker-field", "N", &set.speaker_field, NULL, 0, 1000,
     "The history ends where the first N parts of the utterance's name change, which - or _ "
     "separates; 0 for never."},
    {OPTION_TEXT, "utt2spk", "FILE", &set.utt2spk, NULL, 0, 0,
     "It ends where the speaker (or talk) changes, by Kaldi's lines UTTERANCE SPEAKER."},
    {OPTION_FLAG, "independent", NULL, &set.independent, NULL, 0, 0,
     "Forget everything at the end of a sentence, and begin the next as rnnlm -independent does: "
     "for networks that were trained so, which know it themselves."},
    {OPTION_NUMBER, "dynamic", "X", &set.dynamic, NULL, 0, 1e6,
     "Learn from the best hypothesis of each list at this rate, each network by itself; 0 for not. "
     "The model file stays as it is."},
    DYNAMIC_OPTIONS_ROWS(set.dynamic_by),
    {OPTION_FLAG, "dynamic-reset", NULL, &set.dynamic_reset, NULL, 0, 0,
     "Forget what has been learnt where the speaker changes (-speaker-field, -utt2spk)."},

    {.type = OPTION_GROUP, .help = "Lists"},
    {OPTION_TEXT, "form", "NAME", &set.form, NULL, 0, 0,
     TOOL_FORM_HELP
     " With id and kaldi, whose lines may be a name alone, no file is taken as a list "
     "of paths."},
    {OPTION_TEXT, "ac-cost", "FILE", &set.ac_cost, NULL, 0, 0,
     "Kaldi's archive of acoustic costs (lines UTTERANCE-N COST)."},
    {OPTION_TEXT, "lm-cost", "FILE", &set.lm_cost, NULL, 0, 0, "That of language model costs."},
    {OPTION_TEXT, "graph-cost", "FILE", &set.graph_cost, NULL, 0, 0,
     "That of the graph's costs without the language model."},
    {OPTION_FLAG, "keep-going", NULL, &set.keep_going, NULL, 0, 0,
     "Leave out utterances that cannot be used, report them, and exit with status 1 at the end."},

    {.type = OPTION_GROUP,
     .help = "Re-ranking: highest X1 * acoustic + X2 * language model + X3 * words"},
    {OPTION_NUMBER, "ac-scale", "X1", &set.rank.ac_scale, &given.ac_scale, 0, 1e30,
     "Weight of the acoustic score."},
    {OPTION_NUMBER, "lm-scale", "X2", &set.rank.lm_scale, &given.lm_scale, 0, 1e30,
     "Weight of the language model's score."},
    {OPTION_NUMBER, "word-penalty", "X3", &set.rank.word_penalty, &given.word_penalty, -1e30, 1e30,
     "What each word adds."},
    {OPTION_TEXT, "weights-file", "FILE", &set.weights_file, NULL, 0, 0,
     "Read these weights, and -lambda, from a file that -write-weights made; what is on the "
     "command line too goes before."},

    {.type = OPTION_GROUP, .help = "Tuning"},
    {OPTION_TEXT, "tune", "REFS", &set.tune, NULL, 0, 0,
     "Find -lm-scale, -word-penalty and, with -mix sentence, -lambda for the fewest word errors; "
     "REFS has what was said, as rnnlm-wer reads it, with the lists' utterance names. Prints the "
     "weights, and nothing else is written."},
    {OPTION_LIST, "ignore", "WORD", &set.ignored, NULL, 0, 0,
     "Leave this word, such as a noise, out of REFS and lists where errors are counted; may be "
     "given "
     "several times."},
    {OPTION_TEXT, "ref-form", "FORM", &set.ref_form, NULL, 0, 0,
     "Form of REFS instead of what it looks like: trn, mlf, kaldi, plain."},
    {OPTION_TEXT, "marks", "WHERE", &set.marks, NULL, 0, 0,
     "In which forms of REFS { A / B / @ } are alternatives, as in rnnlm-wer: trn, all or none."},
    {OPTION_TEXT, "write-weights", "FILE", &set.write_weights, NULL, 0, 0,
     "Write the weights found to a file for -weights-file."},
    {OPTION_COUNT, "restarts", "N", &set.restarts, NULL, 0, 700, "Searches to begin."},

    {.type = OPTION_GROUP, .help = "Output"},
    {OPTION_TEXT, "write", "WHAT", &set.write, NULL, 0, 0,
     "scores: the log10 score of each hypothesis, one a line; srilm: SRILM's score files; kaldi: "
     "an archive of negative natural logarithms; lists: the lists with the new language model "
     "score; ranked: these in the new order; best: UTTERANCE and the words of the best "
     "hypothesis."},
    {OPTION_TEXT, "out", "PATH", &set.out, NULL, 0, 0,
     "Write to this file instead of standard output. If it is a folder (or ends in /: it is then "
     "made), srilm, lists and ranked go there, a file for each utterance, those of srilm "
     "gzip-compressed."},
    {OPTION_COUNT, "threads", "N", &set.threads, NULL, 0, 1 << 12,
     "Threads for networks; 0 for one for each processor. Results do not depend on it."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "score and re-rank n-best lists with networks and n-gram models",
    .usage = "[-rnnlm MODEL] [-ngram MODEL] [options] LISTS...\n"
             "[-rnnlm MODEL] [-ngram MODEL] -tune REFS -write-weights FILE [options] LISTS...",
    .about =
        "Scores n-best lists with networks, an n-gram model or both, or takes scores that are\n"
        "there already, and re-ranks them. LISTS are files, plain or gzip-compressed,\n"
        "folders, and files with a path a line; their form is recognised: lines ID WORD\n"
        "WORD ... as rnnlm -nbest reads them; Kaldi's lines UTTERANCE-N WORD WORD ..., with\n"
        "costs in archives of their own (a folder as steps/rnnlmrescore.sh makes it is\n"
        "recognised too); SRILM's n-best forms; ID, scores and words with tabs between; those\n"
        "of Moses. - is standard input.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "LISTS...",
};

#endif
