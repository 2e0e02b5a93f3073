// What a network keeps of a text, word by word.
#include "score/hidden_states.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "score/scorer.h"

bool hidden_states_count(struct reader *text, uint64_t *tokens, struct error *error)
{
    struct token token;
    for (*tokens = 0; reader_next(text, &token);)
        ++*tokens;
    return reader_ok(text, error) &&
           (*tokens > 0 || error_set(error, "%s: the text is empty", reader_name(text)));
}

// Magic number, version, length of the description, and the description, which spaces and a newline fill up
// to a multiple of 64 bytes.
static void write_heading(struct output *output, uint64_t rows, size_t width)
{
    enum { BEFORE = 10, SIZE = 128 };
    char heading[SIZE + 1];
    const char order = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<';
    memset(heading, ' ', SIZE);
    memcpy(heading, "\x93NUMPY\x01\x00", 8);
    heading[8] = SIZE - BEFORE;
    heading[9] = 0;
    int length =
        snprintf(heading + BEFORE, SIZE - BEFORE,
                 "{'descr': '%cf4', 'fortran_order': False, 'shape': (%" PRIu64 ", %zu), }", order,
                 rows, width);
    heading[BEFORE + length] = ' ';
    heading[SIZE - 1] = '\n';
    output_write(output, heading, SIZE);
}

static bool write_rows(struct scorer *scorer, const struct network_use *use, struct reader *text,
                       uint64_t rows, struct output *output, struct error *error)
{
    struct token token;
    uint64_t row = 0;
    for (; row <= rows && reader_next(text, &token); row++) {
        scorer_advance(scorer, network_use_id(use, &scorer->model->vocabulary, &token));
        if (use->per_sentence && token.sentence_end)
            scorer_restart(scorer);
        scorer_load(scorer);
        output_write(output, scorer_top(scorer),
                     scorer->model->network.width * sizeof *scorer_top(scorer));
    }
    return reader_ok(text, error) &&
           (row == rows ||
            error_set(error,
                      "%s: the text has changed since it was counted: found %s than %" PRIu64
                      " words and ends of lines",
                      reader_name(text), row > rows ? "more" : "fewer", rows));
}

bool hidden_states_write(const struct model *model, const struct network_use *use,
                         struct reader *text, uint64_t tokens, struct output *output,
                         struct error *error)
{
    struct forward_weights weights;
    struct scorer scorer = {.model = NULL};
    bool ok = forward_weights_init(&weights, &model->network, use->independent, error) &&
              scorer_init(&scorer, model, &weights, network_use_start(use), error);
    if (ok) {
        write_heading(output, tokens, model->network.width);
        ok = write_rows(&scorer, use, text, tokens, output, error);
    }
    scorer_free(&scorer);
    forward_weights_free(&weights);
    return ok;
}
