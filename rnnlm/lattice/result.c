// What is written of a lattice.
#include "lattice/result.h"

#include "lattice/bayes.h"
#include "lattice/fst.h"
#include "lattice/paths.h"
#include "lattice/sausage.h"
#include "lattice/slf.h"

// The words, `first` in front of the first one.
static void write_words(const struct lattice *lattice, const struct lattice_path *path,
                        const char *first, struct output *output)
{
    for (size_t i = 0; i < path->links; i++) {
        const struct lattice_link *link = &lattice->link[path->link[i]];
        if (link->kind != LINK_WORD && link->kind != LINK_IGNORED)
            continue;
        output_text(output, first);
        output_text(output, lattice_word(lattice, link));
        first = " ";
    }
    output_text(output, "\n");
}

static void write_path(const struct lattice *lattice, const struct lattice_path *path,
                       const struct lattice_result_form *form, struct output *output)
{
    const char *blank = form->with_id ? "\t" : " ";
    if (form->writing == WRITE_BEST) {
        output_text(output, lattice->id);
        write_words(lattice, path, " ", output);
        return;
    }
    if (form->with_id)
        output_format(output, "%s\t", lattice->id);
    output_format(output, "%.9g%s%.9g%s%zu", path->acoustic, blank, path->lm, blank, path->words);
    write_words(lattice, path, blank, output);
}

// ---- words against each other -----------------------------------------------------------------

static void write_sentence(const struct lattice *lattice, const struct confusions *confusions,
                           struct output *output)
{
    output_text(output, lattice->id);
    for (size_t i = 0; i < confusions->words; i++)
        output_format(output, " %s", vocabulary_word(&lattice->words, confusions->sentence[i]));
    output_text(output, "\n");
}

static bool write_confusions(const struct lattice *lattice, const struct confusions *confusions,
                             const struct lattice_path *best,
                             const struct lattice_result_form *form, struct output *output,
                             struct error *error)
{
    if (form->writing == WRITE_POSTERIORS)
        return posteriors_write(lattice, confusions, form->least_errors ? NULL : best, output,
                                error);
    if (form->writing == WRITE_SAUSAGE && form->format == LATTICE_KALDI)
        return sausage_write_kaldi(lattice, confusions, form->least_posterior, form->symbols,
                                   output, error);
    if (form->writing == WRITE_SAUSAGE)
        sausage_write_mesh(lattice, confusions, form->least_posterior, output);
    else
        write_sentence(lattice, confusions, output);
    return true;
}

// What takes all ways into account, from the best one on.
static bool weigh_all(const struct lattice *lattice, const struct lattice_path *best,
                      const struct lattice_result_form *form, struct output *output,
                      struct error *error)
{
    struct confusions confusions;
    bool decode = form->least_errors || form->writing == WRITE_SAUSAGE;
    bool ok =
        confusions_find_from(lattice, form->posterior_scale, best, decode, &confusions, error) &&
        write_confusions(lattice, &confusions, best, form, output, error);
    confusions_free(&confusions);
    return ok;
}

// ---- the whole --------------------------------------------------------------------------------

static bool write_lattice(const struct lattice *lattice, const struct lattice_result_form *form,
                          struct output *output, struct error *error)
{
    if (form->format == LATTICE_KALDI)
        return kaldi_write(lattice, form->symbols, output, error);
    if (form->format == LATTICE_FST || form->format == LATTICE_FSA)
        return fst_write(lattice, form->format == LATTICE_FSA, form->named, form->symbols, output,
                         error);
    slf_write(lattice, form->quotes, output);
    return true;
}

bool lattice_result_write(const struct lattice *lattice, const struct lattice_result_form *form,
                          struct output *output, struct error *error)
{
    if (form->writing == WRITE_LATTICE)
        return write_lattice(lattice, form, output, error);
    struct lattice_paths paths;
    bool weighed = form->writing > WRITE_BEST || form->least_errors;
    bool ok =
        lattice_paths_find(lattice, form->writing == WRITE_NBEST ? form->most : 1, &paths, error);
    if (ok && weighed)
        ok = weigh_all(lattice, &paths.path[0], form, output, error);
    for (size_t i = 0; ok && !weighed && i < paths.count; i++)
        write_path(lattice, &paths.path[i], form, output);
    lattice_paths_free(&paths);
    return ok;
}
