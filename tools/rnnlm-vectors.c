// rnnlm-vectors: word vectors, learnt from a text, and what they tell of words. The first argument is a command, each
// with options of its own.
#include <stdio.h>
#include <string.h>

#include "tool.h"
#include "vector-words.h"
#include "vectors-train.h"
#include "vectors/questions.h"

#define PROGRAM "rnnlm-vectors"

// ---- neighbours -------------------------------------------------------------------------------

static struct {
    const char *vectors, *questions;
    int64_t nearest;
} look_set = {.nearest = 10};

#define LOOK_OPTIONS                                                                               \
    {OPTION_TEXT,                                                                                  \
     "vectors",                                                                                    \
     "FILE",                                                                                       \
     &look_set.vectors,                                                                            \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     "Vectors, in word2vec's text or binary form or without its first line, as GloVe has them; "   \
     "plain or gzip-compressed, - is standard input."},                                            \
    {                                                                                              \
        OPTION_COUNT, "nearest", "N", &look_set.nearest, NULL, 1, 1e6,                             \
            "How many words are printed of each."                                                  \
    }

static const struct option neighbours_table[] = {LOOK_OPTIONS};

static const struct options neighbours_options = {
    .program = PROGRAM " neighbours",
    .summary = "the words whose vectors are nearest",
    .usage = "-vectors FILE [-nearest N] WORD...",
    .about =
        "Prints the words whose vectors are nearest to that of each WORD, by angle: the word,\n"
        "the neighbour and the cosine, with tabs between.",
    .table = neighbours_table,
    .count = sizeof neighbours_table / sizeof *neighbours_table,
    .operands = "WORD...",
};

static bool look_read(struct vector_table *table, struct error *error)
{
    if (look_set.vectors == NULL)
        return error_usage(error, "-vectors FILE is wanted");
    return vector_table_read(table, look_set.vectors, error);
}

static bool neighbours(const struct option_list *operands, struct output *output,
                       struct error *error)
{
    struct vector_table table = {.row = NULL};
    if (operands->count == 0)
        return error_usage(error, "no word given");
    bool ok = look_read(&table, error);
    const struct vectors vectors = vectors_of(&table);
    const struct vector_words wanted = {
        &vectors, look_set.vectors, *operands, {.count = 0}, look_set.nearest};
    ok = ok && vector_words_print(wanted, output, error);
    vector_table_free(&table);
    return ok;
}

// ---- analogy ----------------------------------------------------------------------------------

static const struct option analogy_table[] = {
    LOOK_OPTIONS,
    {OPTION_TEXT, "questions", "FILE", &look_set.questions, NULL, 0, 0,
     "Questions with their answers, lines A B C D, and : KIND before those of a kind, as "
     "word2vec's "
     "questions-words.txt has them. Printed are, with tabs between, a kind, how many answers are "
     "right, of how many, the same in per cent, and the questions that have words without vectors. "
     "Case matters."},
};

static const struct options analogy_options = {
    .program = PROGRAM " analogy",
    .summary = "what is to a word as one is to another",
    .usage = "-vectors FILE [-nearest N] 'A B C'...\n-vectors FILE -questions FILE",
    .about =
        "Prints the words that are to C as B is to A: those nearest to B - A + C, of vectors of\n"
        "length 1, but A, B and C. Or answers the questions of a file and counts what is right.",
    .table = analogy_table,
    .count = sizeof analogy_table / sizeof *analogy_table,
    .operands = "'A B C'...",
};

static void analogy_tell(void *context, const char *kind, const struct question_counts *counts)
{
    double asked = counts->asked > 0 ? (double)counts->asked : 1;
    output_format(context, "%s\t%" PRIu64 "\t%" PRIu64 "\t%.2f%%\t%" PRIu64 "\n",
                  kind != NULL ? kind : "all", counts->right, counts->asked,
                  100 * (double)counts->right / asked, counts->unknown);
}

static bool analogy(const struct option_list *operands, struct output *output, struct error *error)
{
    struct vector_table table = {.row = NULL};
    if ((operands->count == 0) == (look_set.questions == NULL))
        return error_usage(error, "wanted: analogies 'A B C', or -questions FILE");
    bool ok = look_read(&table, error);
    const struct vectors vectors = vectors_of(&table);
    const struct vector_words wanted = {
        &vectors, look_set.vectors, {.count = 0}, *operands, look_set.nearest};
    ok = ok && (look_set.questions != NULL
                    ? questions_answer(&table, look_set.questions, analogy_tell, output, error)
                    : vector_words_print(wanted, output, error));
    vector_table_free(&table);
    return ok;
}

static int look(const struct options *options, tool_work *work, int argc, char **argv)
{
    static struct option_list operands;
    enum options_result result = options_parse(options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(options->program, work, &operands);
}

static int neighbours_main(int argc, char **argv)
{
    return look(&neighbours_options, neighbours, argc, argv);
}

static int analogy_main(int argc, char **argv)
{
    return look(&analogy_options, analogy, argc, argv);
}

// ---- commands ---------------------------------------------------------------------------------

static const struct tool_command commands[] = {
    {"train", vectors_train_main}, {"neighbours", neighbours_main}, {"analogy", analogy_main}};

static const struct options program_options = {
    .program = PROGRAM,
    .summary = "word vectors: learn them from a text, ask them",
    .usage = "train -train TEXT -output FILE [options]\n"
             "neighbours -vectors FILE [-nearest N] WORD...\n"
             "analogy -vectors FILE [-nearest N] 'A B C'...\n"
             "analogy -vectors FILE -questions FILE",
    .about =
        "Vectors of words: learnt from a text by skip-gram or CBOW (train), their neighbours\n"
        "(neighbours), analogies and how many are right (analogy). rnnlm -embedding-from takes\n"
        "such vectors as a network's first ones; rnnlm-model -vectors writes those of a network.\n"
        "COMMAND --help lists the options of a command.",
    .commands = "train neighbours analogy",
    .operands = "COMMAND",
};

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    return tool_choose(&program_options, commands, sizeof commands / sizeof *commands, argc, argv);
}
