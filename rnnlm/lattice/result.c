// What is written of a lattice.
#include "lattice/result.h"

#include "lattice/paths.h"
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

bool lattice_result_write(const struct lattice *lattice, const struct lattice_result_form *form,
                          struct output *output, struct error *error)
{
    if (form->writing == WRITE_LATTICE && form->format == LATTICE_KALDI)
        return kaldi_write(lattice, form->symbols, output, error);
    if (form->writing == WRITE_LATTICE) {
        slf_write(lattice, form->quotes, output);
        return true;
    }
    struct lattice_paths paths;
    size_t most = form->writing == WRITE_BEST ? 1 : form->most;
    bool ok = lattice_paths_find(lattice, most, &paths, error);
    for (size_t i = 0; ok && i < paths.count; i++)
        write_path(lattice, &paths.path[i], form, output);
    lattice_paths_free(&paths);
    return ok;
}
