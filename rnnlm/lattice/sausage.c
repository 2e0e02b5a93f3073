// Confusion networks and word posteriors as files have them.
#include "lattice/sausage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *spelling(const struct lattice *lattice, int32_t word, const char *none)
{
    return word >= 0 ? vocabulary_word(&lattice->words, word) : none;
}

// How many words of a slot are written, no word among them.
static size_t count_words(const struct confusions *confusions, size_t slot, double least)
{
    const struct slot_word *word = confusions->word + confusions->first[slot];
    size_t words = confusions->first[slot + 1] - confusions->first[slot];
    while (words > 0 && word[words - 1].posterior < least)
        words--;
    return words;
}

// ---- SRILM's ----------------------------------------------------------------------------------

// Whether there is more than no word.
static bool has_words(const struct confusions *confusions, size_t slot, double least)
{
    size_t words = count_words(confusions, slot, least);
    return words > 1 || (words == 1 && confusions->word[confusions->first[slot]].word != WORD_OOV);
}

static void write_info(const struct lattice *lattice, const struct slot_word *word, size_t number,
                       struct output *output)
{
    if (word->word != WORD_OOV && !isnan(word->begin) && !isnan(word->end))
        output_format(output, "info %zu %s %.9g %.9g %.9g %.9g ? ?\n", number,
                      spelling(lattice, word->word, ""), word->begin, word->end - word->begin,
                      word->acoustic, word->lm);
}

void sausage_write_mesh(const struct lattice *lattice, const struct confusions *confusions,
                        double least, struct output *output)
{
    size_t slots = 0, number = 0;
    for (size_t i = 0; i < confusions->slots; i++)
        slots += has_words(confusions, i, least);
    output_format(output, "name %s\nnumaligns %zu\nposterior 1\n", lattice->id, slots);
    for (size_t i = 0; i < confusions->slots; i++) {
        const struct slot_word *word = confusions->word + confusions->first[i];
        size_t words = count_words(confusions, i, least);
        if (!has_words(confusions, i, least))
            continue;
        output_format(output, "align %zu", number);
        for (size_t k = 0; k < words; k++)
            output_format(output, " %s %.9g", spelling(lattice, word[k].word, "*DELETE*"),
                          word[k].posterior);
        output_text(output, "\n");
        for (size_t k = 0; k < words; k++)
            write_info(lattice, &word[k], number, output);
        number++;
    }
}

// ---- Kaldi's ----------------------------------------------------------------------------------

bool sausage_write_kaldi(const struct lattice *lattice, const struct confusions *confusions,
                         double least, const struct symbols *symbols, struct output *output,
                         struct error *error)
{
    output_text(output, lattice->id);
    for (size_t i = 0; i < confusions->slots; i++) {
        output_text(output, " [");
        const struct slot_word *word = confusions->word + confusions->first[i];
        for (size_t k = 0; k < count_words(confusions, i, least); k++) {
            output_text(output, " ");
            if (!symbols_write(symbols, lattice, spelling(lattice, word[k].word, NULL), output,
                               error))
                return false;
            output_format(output, " %.9g", word[k].posterior);
        }
        output_text(output, " ]");
    }
    output_text(output, "\n");
    return true;
}

// ---- CTM --------------------------------------------------------------------------------------

struct span {
    double begin, end;
};

// The times of a path's words.
static void take_path_times(const struct lattice *lattice, const struct lattice_path *path,
                            struct span *span)
{
    for (size_t i = 0, words = 0; i < path->links; i++) {
        const struct lattice_link *link = &lattice->link[path->link[i]];
        if (link->kind == LINK_WORD || link->kind == LINK_IGNORED)
            span[words++] =
                (struct span){lattice->node[link->from].time, lattice->node[link->to].time};
    }
}

// Average times, one word behind the other.
static void take_average_times(const struct confusions *confusions, struct span *span)
{
    for (size_t i = 0; i < confusions->words; i++) {
        const struct slot_word *own = confusions_own(confusions, 2 * i + 1);
        span[i] = own != NULL ? (struct span){own->begin, own->end} : (struct span){NAN, NAN};
        if (i == 0 || !(span[i].begin < span[i - 1].end))
            continue;
        double middle = (span[i].begin + span[i - 1].end) / 2;
        middle = middle < span[i - 1].begin ? span[i - 1].begin : middle;
        span[i - 1].end = span[i].begin = middle;
        span[i].end = span[i].end < middle ? middle : span[i].end;
    }
}

bool posteriors_write(const struct lattice *lattice, const struct confusions *confusions,
                      const struct lattice_path *path, struct output *output, struct error *error)
{
    struct span *span = memory_new(confusions->words, sizeof *span, error);
    if (span == NULL)
        return false;
    if (path != NULL)
        take_path_times(lattice, path, span);
    else
        take_average_times(confusions, span);
    for (size_t i = 0; i < confusions->words; i++) {
        const struct slot_word *own = confusions_own(confusions, 2 * i + 1);
        output_format(output, "%s 1 ", lattice->id);
        if (isnan(span[i].begin) || isnan(span[i].end))
            output_text(output, "* * ");
        else
            output_format(output, "%.3f %.3f ", span[i].begin, span[i].end - span[i].begin);
        output_format(output, "%s %.6f\n", spelling(lattice, confusions->sentence[i], ""),
                      own != NULL ? own->posterior : 0);
    }
    free(span);
    return true;
}
