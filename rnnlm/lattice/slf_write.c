// HTK's standard lattice format: writing.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lattice/slf.h"

static void write_word(const char *word, bool quotes, struct output *output)
{
    if (!quotes) {
        output_text(output, word);
        return;
    }
    for (const char *at = word; *at != '\0'; at++) {
        unsigned char letter = (unsigned char)*at;
        bool escaped = letter == '\\' || (at == word && (letter == '"' || letter == '\''));
        if (letter > ' ' && letter < 127)
            output_format(output, escaped ? "\\%c" : "%c", letter);
        else
            output_format(output, "\\%03o", letter);
    }
}

static void write_score(const char *key, double log10_score, double unit, struct output *output)
{
    if (log10_score <= LATTICE_ZERO)
        output_format(output, "\t%s=-1e10", key);
    else
        output_format(output, "\t%s=%.9g", key, log10_score / unit);
}

static void write_link(const struct lattice *lattice, size_t index, double unit, bool quotes,
                       bool pronunciations, struct output *output)
{
    const struct lattice_link *link = &lattice->link[index];
    const char *word = lattice_word(lattice, link);
    output_format(output, "J=%zu\tS=%zu\tE=%zu\tW=", index, link->from, link->to);
    write_word(word != NULL ? word : "!NULL", quotes && word != NULL, output);
    if (link->note > 0 && lattice->format == LATTICE_SLF)
        output_format(output, "\t%s", lattice->notes + link->note);
    write_score("a", link->acoustic, unit, output);
    write_score("l", link->lm, unit, output);
    if (pronunciations)
        write_score("r", link->pronunciation, unit, output);
    output_text(output, "\n");
}

void slf_write(const struct lattice *lattice, bool quotes, struct output *output)
{
    double base = lattice->base > 0 ? lattice->base : exp(1), unit = log10(base);
    const struct lattice_scales *scales = &lattice->scales;
    bool pronunciations = false;
    for (size_t i = 0; i < lattice->links; i++)
        pronunciations = pronunciations || lattice->link[i].pronunciation != 0;
    output_format(output, "VERSION=1.1\nUTTERANCE=%s\nbase=%.15g\n", lattice->id, base);
    output_format(output, "acscale=%.9g\nlmscale=%.9g\nwdpenalty=%.9g\n", scales->acoustic,
                  scales->lm, scales->word_penalty / unit);
    if (pronunciations)
        output_format(output, "prscale=%.9g\n", scales->pronunciation);
    output_format(output, "start=%zu\nend=%zu\nN=%zu\tL=%zu\n", lattice->start, lattice->end,
                  lattice->nodes, lattice->links);
    for (size_t i = 0; i < lattice->nodes; i++) {
        output_format(output, "I=%zu", i);
        if (!isnan(lattice->node[i].time))
            output_format(output, "\tt=%.9g", lattice->node[i].time);
        output_text(output, "\n");
    }
    for (size_t i = 0; i < lattice->links; i++)
        write_link(lattice, i, unit, quotes, pronunciations, output);
}
