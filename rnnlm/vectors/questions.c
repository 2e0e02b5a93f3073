// Questions, some hundreds at a time: places and words' vectors are matrices.
#include "vectors/questions.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "base/memory.h"
#include "text/span.h"

enum { BATCH = 256, TILE = 1024 };

struct question {
    int32_t word[4], best;
    float cosine;
};

struct asking {
    const struct vector_table *table;
    float *unit;    // [words][stride] of length 1
    float *place;   // [BATCH][stride]
    float *cosines; // [BATCH][TILE]
    struct question question[BATCH];
    size_t questions;
    char *kind; // NULL: no question yet
    struct question_counts counts, all;
    void (*tell)(void *context, const char *kind, const struct question_counts *counts);
    void *context;
};

static void take_units(struct asking *asking)
{
    const struct vector_table *table = asking->table;
    for (size_t w = 0; w < table->words.size; w++) {
        const float *row = table->row + w * table->stride;
        double sum = 0;
        for (size_t j = 0; j < table->width; j++)
            sum += (double)row[j] * (double)row[j];
        for (size_t j = 0; j < table->width && sum > 0; j++)
            asking->unit[w * table->stride + j] = (float)((double)row[j] / sqrt(sum));
    }
}

static void find_places(struct asking *asking)
{
    size_t stride = asking->table->stride;
    for (size_t q = 0; q < asking->questions; q++) {
        static const float factor[3] = {-1, 1, 1};
        float *place = asking->place + q * stride;
        memset(place, 0, stride * sizeof *place);
        for (size_t k = 0; k < 3; k++)
            kernels->scale_add(place, asking->unit + (size_t)asking->question[q].word[k] * stride,
                               stride, factor[k], 1);
        asking->question[q].best = -1;
    }
}

// Words from `first` on, `count` of them.
static void look_at(struct asking *asking, size_t first, size_t count)
{
    const struct vector_table *table = asking->table;
    matrix_product(asking->cosines, TILE, asking->questions, count, table->width,
                   (struct matrix){asking->place, table->stride, false},
                   (struct matrix){asking->unit + first * table->stride, table->stride, true}, 0);
    for (size_t q = 0; q < asking->questions; q++) {
        struct question *question = &asking->question[q];
        const int32_t *asked = question->word;
        for (size_t i = 0; i < count; i++) {
            float cosine = asking->cosines[q * TILE + i];
            int32_t word = (int32_t)(first + i);
            if ((question->best < 0 || cosine > question->cosine) && word != WORD_END &&
                word != asked[0] && word != asked[1] && word != asked[2]) {
                question->best = word;
                question->cosine = cosine;
            }
        }
    }
}

static void answer(struct asking *asking)
{
    size_t words = asking->table->words.size;
    find_places(asking);
    for (size_t first = 0; first < words && asking->questions > 0; first += TILE)
        look_at(asking, first, words - first < TILE ? words - first : TILE);
    for (size_t q = 0; q < asking->questions; q++)
        asking->counts.right += asking->question[q].best == asking->question[q].word[3];
    asking->counts.asked += asking->questions;
    asking->questions = 0;
}

static void end_kind(struct asking *asking)
{
    answer(asking);
    asking->all.asked += asking->counts.asked;
    asking->all.right += asking->counts.right;
    asking->all.unknown += asking->counts.unknown;
    if (asking->kind != NULL && asking->counts.asked + asking->counts.unknown > 0)
        asking->tell(asking->context, asking->kind, &asking->counts);
    asking->counts = (struct question_counts){0};
}

static bool name_kind(struct asking *asking, struct span name, struct error *error)
{
    char *kind = memory_text(name.text, name.length, error);
    if (kind == NULL)
        return false;
    end_kind(asking);
    free(asking->kind);
    asking->kind = kind;
    return true;
}

static bool take_line(struct asking *asking, const char *line, size_t length, struct error *error)
{
    struct span rest = {line, length}, word[5];
    size_t count = 0;
    struct question *question = &asking->question[asking->questions];
    bool known = true;
    if (length > 0 && *line == ':')
        return name_kind(asking, span_strip((struct span){line + 1, length - 1}), error);
    while (count < 5 && span_take(&rest, &word[count]))
        count++;
    if (count == 0)
        return true;
    if (count != 4)
        return error_set(error, "found \"%.60s\", wanted four words, or : and a kind", line);
    if (asking->kind == NULL && !name_kind(asking, (struct span){"", 0}, error))
        return false;
    for (size_t k = 0; k < 4; k++) {
        question->word[k] = vocabulary_find(&asking->table->words, word[k].text, word[k].length);
        known = known && question->word[k] >= 0;
    }
    asking->counts.unknown += !known;
    asking->questions += known;
    if (asking->questions == BATCH)
        answer(asking);
    return true;
}

static bool ask(struct asking *asking, struct input *input, struct error *error)
{
    const char *line;
    size_t length;
    while ((line = input_line(input, &length)) != NULL)
        if (!take_line(asking, line, length, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                                input_line_number(input));
    if (!input_ok(input, error))
        return false;
    end_kind(asking);
    if (asking->all.asked + asking->all.unknown == 0)
        return error_set(error, "%s: found no question, wanted lines of four words",
                         input_name(input));
    asking->tell(asking->context, NULL, &asking->all);
    return true;
}

bool questions_answer(const struct vector_table *table, const char *path,
                      void (*tell)(void *context, const char *kind,
                                   const struct question_counts *counts),
                      void *context, struct error *error)
{
    struct input *input = input_open_text(path, error);
    struct asking *asking = input != NULL ? memory_new(1, sizeof *asking, error) : NULL;
    bool ok = asking != NULL;
    if (ok) {
        *asking = (struct asking){.table = table, .tell = tell, .context = context};
        asking->unit = memory_new(table->words.size * table->stride, sizeof *asking->unit, error);
        asking->place = memory_new(BATCH * table->stride, sizeof *asking->place, error);
        asking->cosines = memory_new(BATCH * TILE, sizeof *asking->cosines, error);
        ok = asking->unit != NULL && asking->place != NULL && asking->cosines != NULL;
        if (ok)
            take_units(asking);
        ok = ok && ask(asking, input, error);
        free(asking->unit);
        free(asking->place);
        free(asking->cosines);
        free(asking->kind);
    }
    free(asking);
    input_close(input);
    return ok;
}
