// Writing of back-off models as ARPA files.
#include "ngram/arpa.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"

static void write_number(struct output *output, float value)
{
    char text[NUMBER_SIZE];
    if (value == -INFINITY)
        output_write(output, "-99", 3);
    else
        output_write(output, text, number_format(text, value));
}

// A back-off weight is there for a context, and where it is not 1.
static void write_ngram(struct output *output, const struct ngram_walk *walk)
{
    const struct ngram_model *model = walk->model;
    const struct trie_node *node = &model->level[walk->order].node[walk->index];
    write_number(output, node->log10_prob);
    for (int k = 0; k < walk->order; k++) {
        output_write(output, k > 0 ? " " : "\t", 1);
        output_text(output, vocabulary_word(&model->words, walk->word[k]));
    }
    if (walk->order < model->order && (node[0].first < node[1].first || node->log10_backoff != 0)) {
        output_write(output, "\t", 1);
        write_number(output, node->log10_backoff);
    }
    output_write(output, "\n", 1);
}

bool arpa_write(const struct ngram_model *model, const char *path, struct error *error)
{
    struct output *output = output_create(path, error);
    if (output == NULL)
        return false;
    output_text(output, "\n\\data\\\n");
    for (int k = 1; k <= model->order; k++)
        output_format(output, "ngram %d=%zu\n", k, ngram_count(model, k));
    for (int k = 1; k <= model->order; k++) {
        output_format(output, "\n\\%d-grams:\n", k);
        struct ngram_walk walk;
        ngram_walk_start(&walk, model, k);
        while (ngram_walk_next(&walk))
            write_ngram(output, &walk);
    }
    output_text(output, "\n\\end\\\n");
    return output_commit(output, error);
}
