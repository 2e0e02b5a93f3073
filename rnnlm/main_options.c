// The options of rnnlm.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "learn/dropout.h"
#include "main.h"
#include "score/neural_cache.h"

struct settings set = {.classes = 100,
                       .hidden = 30,
                       .output = "class",
                       .direct_order = 3,
                       .bptt_block = 10,
                       .shuffle_block = 1000,
                       .seed = 1,
                       .debug = 1,
                       .alpha = 0.1,
                       .beta = 1e-7,
                       .gradient_cutoff = 15,
                       .min_improvement = 1.003,
                       .lambda = "0.75",
                       .temperature = 1,
                       .dynamic_by = DYNAMIC_OPTIONS_DEFAULT,
                       .noise = 1000,
                       .noise_power = 0.75,
                       .teach_share = 0.5,
                       .longest_sentence = 1000,
                       .peers_words = 20000,
                       .peers_step = 1};
struct given given;

#define MANY 9e15 // what counts may reach

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Files (plain or gzip-compressed; - is standard input)"},
    {OPTION_LIST, "rnnlm", "FILE", &set.models, NULL, 0, 0,
     "Model: written by training, read otherwise. Given several times, the models are averaged."},
    {OPTION_LIST, "train", "FILE[:WEIGHT]", &set.train, NULL, 0, 0,
     "Train on this text, one sentence a line; given several times, on all of them. FILE may be a "
     "pattern in quotes, as 'news/*.txt'. An epoch reads a text WEIGHT times (1): 2.5 is twice and "
     "then half of its lines, drawn anew for each epoch; words are counted so too. If the model "
     "exists, its training goes on."},
    {OPTION_TEXT, "valid", "FILE", &set.valid, NULL, 0, 0,
     "Validation text, which steers the learning rate."},
    {OPTION_TEXT, "test", "FILE", &set.test, NULL, 0, 0,
     "Text to compute the perplexity of, or n-best lists to score."},

    {.type = OPTION_GROUP, .help = "Words of a new model (without these, all words of the text)"},
    {OPTION_TEXT, "vocab", "FILE", &set.vocabulary, NULL, 0, 0,
     "Only the words of this list: blanks or newlines between them, or lines WORD COUNT. All "
     "others "
     "become <unk>, or -unk-word, in -train and -valid, and it is learnt. rnnlm-ngram vocab makes "
     "lists. Words that the text does not have are left out."},
    {OPTION_TEXT, "unit", "NAME", &set.unit, NULL, 0, 0,
     "What words are: word, runs of anything but blanks; or char, characters (code points of "
     "UTF-8), "
     "with a ▁ between two words of a line: for text without blanks between words; or pieces, "
     "words "
     "as SentencePiece writes them, where those that begin a word begin with ▁, so that figures "
     "are told of words too. The model "
     "remembers it (and is in the native format), and its texts are read so. (word)"},
    {OPTION_COUNT, "min-count", "N", &set.min_count, &given.min_count, 1, MANY,
     "Only words that the text has at least N times; the others as with -vocab."},
    {OPTION_COUNT, "vocab-size", "N", &set.vocabulary_size, &given.vocabulary_size, 1, INT32_MAX,
     "Only the N most frequent words, </s> and <unk> not counted; the others as with -vocab."},

    {.type = OPTION_GROUP, .help = "Size of a new model"},
    {OPTION_COUNT, "hidden", "N", &set.hidden, &given.hidden, 1, SHAPE_MOST_UNITS,
     "Units of the hidden layer: short for -layers elman:N."},
    {OPTION_TEXT, "layers", "KIND:N,...", &set.layers, NULL, 0, 0,
     "Layers from the bottom up, each with its number of units, as in lstm:200,lstm:200. Kinds: "
     "elman, jordan, lstm, gru, sru, qrnn, compression, projection"},
    {OPTION_COUNT, "embedding", "N", &set.embedding, &given.embedding, 0, SHAPE_MOST_UNITS,
     "A vector of N numbers for each word, which the lowest layer takes in: short for a layer "
     "projection:N at the bottom; 0 for none."},
    {OPTION_TEXT, "embedding-from", "FILE", &set.embedding_from, NULL, 0, 0,
     "A new network's rows for words taken in begin as this file has them, where it has the word: "
     "vectors of word2vec (text or binary), GloVe or rnnlm-model -vectors, of as many numbers as "
     "-embedding says."},
    {OPTION_TEXT, "activation", "NAME", &set.activation, NULL, 0, 0,
     "What units of elman and jordan layers make of their sums: logistic (as the reference), tanh, "
     "relu or elu. "
     "For a single layer: KIND:N:NAME."},
    {OPTION_TEXT, "output", "NAME", &set.output, &given.output, 0, 0,
     "How words are predicted: class (a softmax over classes of words, then one over the words of "
     "the word's class), full (one softmax over all words: slower, better), adaptive (one over "
     "frequent words and clusters of the others, whose words have the shorter rows, the rarer they "
     "are: for large vocabularies). Clusters are chosen for speed, or given by the numbers of "
     "their "
     "first words: adaptive:2000,10000; adaptive:2000,10000/100 has the words of the last one in "
     "classes of 100, adaptive:2000,10000/50/40 these in groups of 40. tree: a binary tree, in "
     "which a word takes some log2 of the vocabulary's "
     "number of rows: the least work for a word, and the worst of these. nce: full learnt against "
     "noise, with -streams or -fast: as fast with a million words as with ten thousand, and for "
     "-unnormalised."},
    {OPTION_COUNT, "noise", "N", &set.noise, &given.noise, 1, 1 << 16,
     "With -output nce: words drawn as noise for each block. More come nearer to a full softmax."},
    {OPTION_NUMBER, "noise-power", "X", &set.noise_power, &given.noise_power, 0, 1,
     "They are drawn in proportion to their counts in the training text, raised to this power."},
    {OPTION_FLAG, "tied", NULL, &set.tied, NULL, 0, 0,
     "The output's rows of words are the input weights of the bottom layer: a word's row there has "
     "as many numbers as the topmost layer has units (-embedding N sees to that)."},
    {OPTION_COUNT, "class", "N", &set.classes, &given.classes, 1, INT32_MAX,
     "Word classes of the output layer."},
    {OPTION_FLAG, "old-classes", NULL, &set.old_classes, NULL, 0, 0,
     "Classes of equal frequency instead of equal square root of frequency: slower, at times "
     "better."},
    {OPTION_TEXT, "class-by", "NAME", &set.class_by, NULL, 0, 0,
     "What makes a class of words: frequency (the default for the reference's networks), or "
     "context: words that follow the same words, which are predicted better (the default for all "
     "others)."},
    {OPTION_COUNT, "compression", "N", &set.compression, &given.compression, 0, 1 << 20,
     "Units of a compression layer below the output; 0 for none."},
    {OPTION_COUNT, "direct", "N", &set.direct, &given.direct, 0, 1 << 20,
     "Direct connections: entries of the hash for n-gram features, in millions; 0 for none."},
    {OPTION_COUNT, "direct-order", "N", &set.direct_order, &given.direct_order, 0, SHAPE_MOST_ORDER,
     "Longest n-gram of the direct connections."},
    {OPTION_COUNT, "rand-seed", "N", &set.seed, &given.seed, 0, UINT32_MAX,
     "Seed of the initial weights, of dropout, of what is drawn of the texts (-shuffle, weights of "
     "-train), and of generated text."},
    {OPTION_FLAG, "binary", NULL, &set.binary, NULL, 0, 0,
     "Save the model in binary instead of text."},
    {OPTION_TEXT, "format", "NAME", &set.format, NULL, 0, 0,
     "Format in which the model is saved: text, binary, native (used in place by scoring, shared "
     "between processes; to be replaced by mv, not written over), native-bf16 (half the size, less "
     "precise and faster: rnnlm-model)."},

    {.type = OPTION_GROUP, .help = "Training"},
    {OPTION_TEXT, "cache-ids", "FOLDER", &set.cache_ids, NULL, 0, 0,
     "Keep the texts of -train in this folder as numbers of words, which this and later trainings, "
     "of "
     "whatever model, use in place instead of reading the texts: they begin at once. What has "
     "changed is made anew."},
    {OPTION_FLAG, "shuffle", NULL, &set.shuffle, NULL, 0, 0,
     "Read the texts in blocks of lines, all texts mixed, in an order that is drawn anew for each "
     "epoch."},
    {OPTION_COUNT, "shuffle-block", "N", &set.shuffle_block, &given.shuffle_block, 1, MANY,
     "Words of such a block: it ends with the line that reaches them."},
    {OPTION_NUMBER, "alpha", "X", &set.alpha, &given.alpha, 0, 1e6,
     "Learning rate at the start (where it is not given, what suits the optimiser). When training "
     "goes on, the same leaves the rate as it has become, another replaces it; with -one-iter, "
     "any."},
    {OPTION_NUMBER, "beta", "X", &set.beta, &given.beta, 0, 1e3,
     "L2 regularisation: a weight shrinks by the learning rate times X / 10 for each word that it "
     "takes part in. With -streams that is weight decay beside the optimiser's own step, whichever "
     "it is, for all words of a block together."},
    {OPTION_NUMBER, "gradient-cutoff", "X", &set.gradient_cutoff, &given.gradient_cutoff, 0, 1e30,
     "Bound on each error that is propagated back; 0 for none."},
    {OPTION_NUMBER, "clip-norm", "X", &set.clip_norm, &given.clip_norm, 0, 1e30,
     "With -streams: bound on the length of the whole gradient of a block, per stream; 0 for "
     "none. Where it is not given: 5, but none with sgd and rows."},
    {OPTION_NUMBER, "dropout", "X", &set.dropout, &given.dropout, 0, DROPOUT_MOST,
     "With -streams, as all of dropout and penalties: the share of units left out in training, of "
     "what layers hand up; sets -dropout-input, -dropout-layers and -dropout-output. Where it is "
     "not given: 0, but 0.3 with -fast for networks that the reference does not have."},
    {OPTION_NUMBER, "dropout-input", "X", &set.dropout_input, &given.dropout_input, 0, DROPOUT_MOST,
     "The same of a bottom layer that carries nothing on."},
    {OPTION_NUMBER, "dropout-layers", "X", &set.dropout_layers, &given.dropout_layers, 0,
     DROPOUT_MOST, "The same between layers."},
    {OPTION_NUMBER, "dropout-output", "X", &set.dropout_output, &given.dropout_output, 0,
     DROPOUT_MOST, "The same of what the topmost layer hands to the output."},
    {OPTION_NUMBER, "dropout-words", "X", &set.dropout_words, NULL, 0, DROPOUT_MOST,
     "Share of the vocabulary that is left out of a block's input."},
    {OPTION_NUMBER, "dropout-recurrent", "X", &set.dropout_recurrent, NULL, 0, DROPOUT_MOST,
     "Share of the weights of recurrent matrices that is left out in a block."},
    {OPTION_TEXT, "dropout-mask", "NAME", &set.dropout_mask, NULL, 0, 0,
     "What is left out of units: word, new for each word; or block, the same throughout a stream's "
     "block. (word)"},
    {OPTION_TEXT, "products", "NAME", &set.products, NULL, 0, 0,
     "With -streams, large products of training: float; or bf16, of numbers rounded to bfloat16, "
     "with sums and weights in float: up to twice as fast where the processor has them."},
    {OPTION_NUMBER, "penalty-activation", "X", &set.penalty_activation, NULL, 0, 1e6,
     "X times the mean square of what goes to the output is a penalty on each word."},
    {OPTION_NUMBER, "penalty-change", "X", &set.penalty_change, NULL, 0, 1e6,
     "The same of how much the topmost layer changes from word to word."},
    {OPTION_NUMBER, "self-normalise", "X", &set.self_normalise, NULL, 0, 1e3,
     "X times the square of the logarithm of each softmax's sum is a penalty on each word, so that "
     "sums come near to 1 and -unnormalised is safe: for -output class and full. 0.3 and 1 do "
     "that."},
    {OPTION_LIST, "teach", "MODEL[:WEIGHT]", &set.teach, NULL, 0, 0,
     "Learn from what this network says of the training text, too; given several times, from their "
     "mixture (in equal parts, or by WEIGHT). Teachers are of -output class, trained on the same "
     "-train with the same -class. They are asked once; their answers take some 2 bytes for each "
     "class and each word of a class, for each word of the text, on the disk of the model."},
    {OPTION_NUMBER, "teach-share", "X", &set.teach_share, &given.teach_share, 0, 1,
     "Share of the teachers in what is learnt; the text itself has the rest."},
    {OPTION_TEXT, "optimiser", "NAME", &set.optimiser, NULL, 0, 0,
     "How gradients move weights: sgd (the only one without -streams), rows (a step for each row: "
     "the default with -streams for the reference's networks), adam (for all others), adagrad, "
     "rmsprop, momentum, average (sgd whose model is the average of the weights since validation "
     "bettered by less than -min-improvement)."},
    {OPTION_COUNT, "bptt", "N", &set.bptt, &given.bptt, 0, 1 << 19,
     "Steps of back-propagation through time; 0 for a simple recurrent network."},
    {OPTION_COUNT, "bptt-block", "N", &set.bptt_block, &given.bptt_block, 1, 1 << 19,
     "Words after which errors are propagated back through time together."},
    {OPTION_NUMBER, "min-improvement", "X", &set.min_improvement, &given.min_improvement, 0, 1e6,
     "Ratio of log probabilities below which the rate is halved, then training ends."},
    {OPTION_NUMBER, "decay", "X", &set.decay, NULL, 0, 0.999,
     "Multiply the learning rate by X after each epoch that betters the best one by less than "
     "-min-improvement, until a hundredth of the rate at the start is left; 0 to halve."},
    {OPTION_FLAG, "one-iter", NULL, &set.one_epoch, NULL, 0, 0,
     "One epoch without validation text, for a learning rate schedule of your own. Each draws what "
     "its -rand-seed says (-shuffle, weights of -train)."},
    {OPTION_COUNT, "max-iter", "N", &set.most_epochs, &given.most_epochs, 0, MANY,
     "At most so many epochs, those of earlier runs included; 0 for no bound."},
    {OPTION_FLAG, "fast", NULL, &set.fast, NULL, 0, 0,
     "Train as fast as this machine can, at the same perplexity: chooses -streams, -threads, "
     "-epochs, -bptt and, for networks that the reference does not have, -dropout where they are "
     "not "
     "given."},
    {OPTION_COUNT, "streams", "N", &set.streams, &given.streams, 0, 1 << 16,
     "Learn from N parts of the text side by side, in batches; 0 for one word at a time. Results "
     "depend on it."},
    {OPTION_COUNT, "threads", "N", &set.threads, &given.threads, 0, 1 << 12,
     "Threads of -streams, validation, testing and rescoring; 0 for one for each processor. "
     "Results do not depend on it."},
    {OPTION_TEXT, "peers", "NAME", &set.peers, NULL, 0, 0,
     "How processes that mpirun has started train one model (make MPI=1; README): synchronous, the "
     "gradients of all are summed in each block, as if one process had -streams N; or average, for "
     "slow networks: each moves weights w of its own, and every -peers-words d = eta d + zeta "
     "(mean of w - S), W = W + d, and S = W + eta d is what all go on from."},
    {OPTION_COUNT, "peers-pieces", "N", &set.pieces, &given.pieces, 1, 1 << 16,
     "With -peers synchronous: pieces whose gradients are summed. Models depend on it in their "
     "last "
     "bits, but not on the number of processes. Where it is not given: as many as processes."},
    {OPTION_COUNT, "peers-words", "N", &set.peers_words, &given.peers_words, 1, MANY,
     "With -peers average: words, of all processes together, between two averages."},
    {OPTION_NUMBER, "peers-momentum", "X", &set.peers_momentum, &given.peers_momentum, 0, 0.999,
     "With -peers average: eta. Where it is not given: 1 - 1/processes."},
    {OPTION_NUMBER, "peers-step", "X", &set.peers_step, &given.peers_step, 0, 1e3,
     "With -peers average: zeta."},
    {OPTION_COUNT, "epochs", "N", &set.epochs, &given.epochs, 0, MANY,
     "Train for N epochs in all, with a learning rate that falls to 0 within them instead of being "
     "halved; 0 to halve."},
    {OPTION_COUNT, "anti-kasparek", "N", &set.save_every, &given.save_every, 0, MANY,
     "Save the model every N words too (at least 10000): the same command goes on from there, bit "
     "by bit, as long as MODEL.checkpoint lies beside it. A training that is interrupted (SIGINT, "
     "SIGTERM, SIGHUP) saves without it."},
    {OPTION_TEXT, "report", "FILE", &set.report, NULL, 0, 0,
     "While training runs, draw what is learnt as a page for a browser, which reads it again by "
     "itself: entropies against words and time, the rate, gradients, the error as it goes back "
     "through time, activations, words, text drawn from the model. Its figures are in MODEL.log, "
     "which every training leaves, and of which rnnlm-report makes pages afterwards, of one "
     "training or of several. With -test alone, a page of the text: words coloured by what they "
     "cost, what would have been more probable, where -ngram, -lm-prob, -cache-neural or -dynamic "
     "helped."},
    {OPTION_COUNT, "snapshot", "N", &set.snapshot, NULL, 0, MANY,
     "Every N words draw some text from the model for page and log; 0: after epochs, where there "
     "is a page."},
    {OPTION_NUMBER, "save-minutes", "X", &set.save_minutes, NULL, 0, 1e6,
     "Save it when X minutes have passed since it was saved last, too; 0 for not."},
    {OPTION_NUMBER, "max-minutes", "X", &set.most_minutes, NULL, 0, 1e6,
     "X minutes after the program has begun, save what has been learnt and end with status 75: the "
     "same "
     "command goes on from there. X has to be more than reading the texts and a validation take. 0 "
     "for "
     "no bound."},

    {.type = OPTION_GROUP, .help = "Testing and rescoring"},
    {OPTION_LIST, "ngram", "FILE", &set.ngrams, NULL, 0, 0,
     "Back-off n-gram model (ARPA file, or binary model of rnnlm-ngram build) to mix with; may be "
     "given several times. -lm and -ngrams are the same."},
    {OPTION_LIST, "lm-prob", "FILE", &set.lm_probs, NULL, 0, 0,
     "Another model's probabilities of the test's words, to mix with: one number a line, SRILM's "
     "-ppl -debug 2 output, or a table of -debug 2; may be given several times."},
    {OPTION_TEXT, "lambda", "X", &set.lambda, &given.lambda, 0, 0,
     "Weight of the networks beside -ngram and -lm-prob; auto finds it on the -tune text."},
    {OPTION_TEXT, "weights", "X,X,...", &set.weights, NULL, 0, 0,
     "Weights of several networks, in their order; or those of all models, then of -ngram, then "
     "of "
     "-lm-prob, in place of -lambda too. auto finds all, and -lambda and -cache-lambda where they "
     "are not given, on the -tune text. Equal if not given."},
    {OPTION_TEXT, "mixing", "HOW", &set.mixing, NULL, 0, 0,
     "linear, the weighted mean of the models' probabilities; or log-linear, their product with "
     "weights as exponents, whatever their sum, divided by the sum of that over all words: slow, "
     "as all probabilities are computed. (linear)"},
    {OPTION_TEXT, "tune", "FILE", &set.tune, NULL, 0, 0,
     "Text to find weights on, and what -cache-neural and -dynamic auto leave open: another one "
     "than that of -test."},
    {OPTION_LIST, "tune-lm-prob", "FILE", &set.tune_lm_probs, NULL, 0, 0,
     "What -lm-prob is for the test text, for the text to find weights on; given several times "
     "likewise."},
    {OPTION_FLAG, "unk", NULL, &set.unk, NULL, 0, 0,
     "Take unknown words as <unk>, where the network has it; an n-gram model always does. <UNK>, "
     "[unk] and the like are found too."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unk_word, NULL, 0, 0,
     "The models' word for unknown words, where it is called otherwise; implies -unk. In training, "
     "what the words that -vocab, -min-count or -vocab-size leave out become."},
    {OPTION_TEXT, "unk-probs", "FILE", &set.unk_probs, NULL, 0, 0,
     "Lines WORD PROBABILITY, Kaldi's unk.probs: an unknown word has this share of the probability "
     "of "
     "the models' word for them, one that is not among these 1e-7; implies -unk. That word is "
     "RNN_UNK "
     "where a model has it."},
    {OPTION_COUNT, "unk-count", "N", &set.unk_count, NULL, 1, 1e15,
     "Unknown words share that probability equally among N; implies -unk."},
    {OPTION_TEXT, "write", "NAME", &set.write, NULL, 0, 0,
     "What -test prints instead: srilm, what SRILM's ngram -ppl prints; scores, the log10 "
     "probability of each line, one a line; surprisal, a table of each word's bits, entropies and "
     "frequency. -format is an older spelling."},
    {OPTION_TEXT, "hidden-states", "FILE", &set.hidden_states, NULL, 0, 0,
     "Write with -test what the network keeps of the text, as an array for NumPy (.npy): a row for "
     "each word "
     "and each end of a line, the state of the uppermost layer behind it."},
    {OPTION_FLAG, "per-sentence", NULL, &set.per_sentence, NULL, 0, 0,
     "Take each line of -test, -tune and -gen from the start state, as if nothing stood before it. "
     "For networks that were trained on running text; those of -independent do so by themselves."},
    {OPTION_TEXT, "dynamic", "X|auto", &set.dynamic_text, &given.dynamic, 0, 0,
     "Go on learning from the test text at this rate, each network by itself; 0 for not. The model "
     "file stays as it is. auto: the rate, with rms the decay, and, if -dynamic-rule is not given "
     "and there are statistics, the rule, with which -tune FILE is most likely, each of some that "
     "are tried. (0)"},
    DYNAMIC_OPTIONS_ROWS(set.dynamic_by),
    {OPTION_COUNT, "cache-neural", "WINDOW", &set.cache_window, NULL, 1, NEURAL_CACHE_MOST,
     "Mix each network with a cache of its own states (Grave et al. 2017): of the last WINDOW "
     "words, "
     "those that came in states like the one now are likelier. 500 and more pay for running text."},
    {OPTION_NUMBER, "cache-theta", "X", &set.cache_theta, &given.cache_theta, 0, 1e6,
     "How much likeness counts in it, and"},
    {OPTION_NUMBER, "cache-lambda", "X", &set.cache_lambda, &given.cache_lambda, 0, 1,
     "its share of the probability. Each that is not given is found on -tune, for each network."},
    {OPTION_FLAG, "unnormalised", NULL, &set.unnormalised, NULL, 0, 0,
     "Score words by exp(row . x + bias) alone, without the sum over all words, which networks of "
     "-output nce or -self-normalise have learnt to be near 1: far faster with large vocabularies. "
     "What is printed "
     "are "
     "scores, and no perplexities; the log score less the log probability of -test without it is "
     "the sum of log10 Z."},
    {OPTION_FLAG, "nbest", NULL, &set.nbest, NULL, 0, 0,
     "The test file holds n-best lists, \"ID word word ...\": print each line's log10 "
     "probability."},

    {.type = OPTION_GROUP, .help = "Sampling"},
    {OPTION_COUNT, "gen", "N", &set.words_to_generate, &given.generate, 0, MANY,
     "Generate so many words."},
    {OPTION_COUNT, "gen-sentences", "N", &set.sentences_to_generate, &given.sentences, 0, MANY,
     "Generate so many whole sentences, each from the start state (-per-sentence)."},
    {OPTION_COUNT, "gen-longest", "N", &set.longest_sentence, &given.longest, 1, MANY,
     "Words that -gen-sentences draws for a sentence at most."},
    {OPTION_NUMBER, "temperature", "X", &set.temperature, &given.temperature, 0, 1e6,
     "Draw from P^(1/X) instead of P, the probabilities of the mixture of all models: below 1 "
     "likely words become likelier, 0 always takes the likeliest, above 1 all become more alike."},
    {OPTION_TEXT, "prefix", "WORDS", &set.prefix, NULL, 0, 0,
     "Begin the text, or with -gen-sentences each sentence, with these words, in one argument."},

    {.type = OPTION_GROUP, .help = "General"},
    {OPTION_FLAG, "independent", NULL, &set.independent, NULL, 0, 0,
     "Forget everything at the end of a sentence, in training and in testing."},
    {OPTION_COUNT, "debug", "N", &set.debug, &given.debug, 0, 100,
     "0 prints results only, 1 settings too, 2 each word's probability as well."},
};

const struct options main_options = {
    .program = PROGRAM,
    .summary = "recurrent neural network language models",
    .usage = "-train FILE -valid FILE -rnnlm MODEL [options]\n"
             "-rnnlm MODEL -test FILE [options]\n"
             "-rnnlm MODEL -test LISTS -nbest [options]\n"
             "-rnnlm MODEL -gen N | -gen-sentences N [options]",
    .about = "Recurrent neural network language models: training, perplexity, rescoring, sampling.",
    .table = table,
    .count = sizeof table / sizeof table[0],
};

enum model_format model_format;
enum test_form main_form;

static const char *const forms[] = {
    [TEST_SRILM] = "srilm", [TEST_SCORES] = "scores", [TEST_SURPRISAL] = "surprisal"};

// TEST_TOTALS for every other name.
static enum test_form form_named(const char *name)
{
    for (size_t i = TEST_TOTALS + 1; name != NULL && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(name, forms[i]) == 0)
            return (enum test_form)i;
    return TEST_TOTALS;
}

// The output of -test was chosen with -format too, which now names the model's format alone.
static void take_older_spelling(void)
{
    if (form_named(set.format) == TEST_TOTALS)
        return;
    if (set.write == NULL)
        set.write = set.format;
    set.format = NULL;
}

static char **arguments;

char *main_command(struct error *error)
{
    char *text = NULL;
    size_t length = 0, capacity = 0;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        const char *word = arguments[i];
        bool plain =
            *word != '\0' && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_+=.,:/@%") == strlen(word);
        if (!memory_grow(&text, &capacity, length + 4 * strlen(word) + 4, 1, error)) {
            free(text);
            return NULL;
        }
        if (i > 0)
            text[length++] = ' ';
        if (!plain)
            text[length++] = '\'';
        for (; *word != '\0'; word++) {
            const char *put = *word == '\'' ? "'\\''" : (char[]){*word, '\0'};
            for (; *put != '\0'; put++)
                text[length++] = *put;
        }
        if (!plain)
            text[length++] = '\'';
        text[length] = '\0';
    }
    return text;
}

// -dynamic: auto stands for any rate until one is found.
static bool take_dynamic(struct error *error)
{
    const struct option rate = {OPTION_NUMBER, "dynamic", "X", &set.dynamic, NULL, 0, 1e6, ""};
    set.dynamic_auto = main_is_auto(set.dynamic_text);
    if (set.dynamic_auto)
        set.dynamic = 1;
    return set.dynamic_text == NULL || set.dynamic_auto ||
           options_value(&rate, set.dynamic_text, error);
}

enum options_result main_parse(int argc, char **argv)
{
    arguments = argv;
    struct error error;
    enum options_result result = options_parse(&main_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return result;
    if (given.save_every && set.save_every > 0 && set.save_every < 10000)
        set.save_every = 10000;
    if (!take_dynamic(&error)) {
        options_fail(PROGRAM, error.text);
        return OPTIONS_BAD_USAGE;
    }
    take_older_spelling();
    main_form = form_named(set.write);
    return result;
}

bool main_weight(const char *option, const char *text, size_t length, double *weight,
                 struct error *error)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (number_parse(copy, strlen(copy), weight) && *weight >= 0 && *weight <= 1)
        return true;
    return error_usage(error, "option -%s: found \"%s\", wanted a number from 0 to 1, or auto",
                       option, copy);
}

bool main_is_auto(const char *text)
{
    return text != NULL && strcmp(text, "auto") == 0;
}

bool main_generates(void)
{
    return set.words_to_generate > 0 || set.sentences_to_generate > 0;
}

// ---- settings as they are echoed --------------------------------------------------------------

static void echo_lambda(struct output *output)
{
    double lambda;
    output_text(output, "Lambda (interpolation coefficient between rnnlm and other lm): ");
    if (number_parse(set.lambda, strlen(set.lambda), &lambda))
        output_format(output, "%f\n", lambda);
    else
        output_format(output, "%s\n", set.lambda);
}

// In the order in which scripts know them.
void main_echo(struct output *output)
{
    if (set.debug < 1 || main_form != TEST_TOTALS)
        return;
    if (given.debug)
        output_format(output, "debug mode: %lld\n", (long long)set.debug);
    for (size_t i = 0; i < set.train.count; i++)
        output_format(output, "train file: %s\n", set.train.item[i]);
    if (set.one_epoch)
        output_text(output, "Training for one iteration\n");
    if (given.most_epochs)
        output_format(output, "Maximum number of iterations: %lld\n", (long long)set.most_epochs);
    if (set.valid != NULL)
        output_format(output, "valid file: %s\n", set.valid);
    if (set.nbest)
        output_text(output, "Processing test data as list of nbests\n");
    if (set.test != NULL)
        output_format(output, "test file: %s\n", set.test);
    if (given.classes)
        output_format(output, "class size: %lld\n", (long long)set.classes);
    if (set.old_classes)
        output_text(output, "Old algorithm for computing classes will be used\n");
    if (given.lambda)
        echo_lambda(output);
    if (given.gradient_cutoff)
        output_format(output, "Gradient cutoff: %f\n", set.gradient_cutoff);
    if (given.dynamic && !set.dynamic_auto)
        output_format(output, "Dynamic learning rate: %f\n", set.dynamic);
    if (given.generate)
        output_format(output, "Generating # words: %lld\n", (long long)set.words_to_generate);
    if (given.sentences)
        output_format(output, "Generating # sentences: %lld\n",
                      (long long)set.sentences_to_generate);
    if (set.independent)
        output_text(output, "Sentences will be processed independently...\n");
    if (given.alpha)
        output_format(output, "Starting learning rate: %f\n", set.alpha);
    if (given.beta)
        output_format(output, "Regularization: %f\n", set.beta);
    if (given.min_improvement)
        output_format(output, "Min improvement: %f\n", set.min_improvement);
    if (given.save_every)
        output_format(output, "Model will be saved after each # words: %lld\n",
                      (long long)set.save_every);
    if (given.hidden)
        output_format(output, "Hidden layer size: %lld\n", (long long)set.hidden);
    if (given.embedding)
        output_format(output, "Embedding size: %lld\n", (long long)set.embedding);
    if (given.compression)
        output_format(output, "Compression layer size: %lld\n", (long long)set.compression);
    if (given.direct)
        output_format(output, "Direct connections: %lldM\n", (long long)set.direct);
    if (given.direct_order)
        output_format(output, "Order of direct connections: %lld\n", (long long)set.direct_order);
    if (given.bptt)
        output_format(output, "BPTT: %lld\n", (long long)set.bptt);
    if (given.bptt_block)
        output_format(output, "BPTT block: %lld\n", (long long)set.bptt_block);
    if (given.seed)
        output_format(output, "Rand seed: %lld\n", (long long)set.seed);
    for (size_t i = 0; i < set.lm_probs.count; i++)
        output_format(output, "other lm probabilities specified in: %s\n", set.lm_probs.item[i]);
    if (set.binary)
        output_text(output, "Model will be saved in binary format\n");
    for (size_t i = 0; i < set.models.count; i++)
        output_format(output, "rnnlm file: %s\n", set.models.item[i]);
}
