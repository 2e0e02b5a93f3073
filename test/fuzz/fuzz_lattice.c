// Fuzzing of lattices (lattice/slf.c, lattice/kaldi.c, lattice/fst.c, lattice/lattice.c) and of what
// is written of them.
#include "fuzz.h"

#include "base/file.h"
#include "lattice/reader.h"
#include "lattice/result.h"

// Confusion networks and posteriors, in the forms that `way` says.
static void weigh(const struct lattice *lattice, unsigned way, struct output *output)
{
    struct error error = {""};
    const struct lattice_result_form form = {
        .writing = way & 8 ? WRITE_SAUSAGE : WRITE_POSTERIORS,
        .format = way & 1 ? LATTICE_KALDI : LATTICE_SLF,
        .least_errors = way & 2,
        .posterior_scale = way & 4 ? 1e-3 : 10,
    };
    if (!lattice_result_write(lattice, &form, output, &error))
        fuzz_check_error(&error);
}

static void use(struct lattice *lattice, unsigned way)
{
    struct error error = {""};
    double *best = malloc((lattice->nodes + 1) * sizeof *best);
    double *posterior = malloc((lattice->links + 1) * sizeof *posterior);
    fuzz_check(best != NULL && posterior != NULL && lattice->nodes > 0, "a lattice has nodes");
    lattice_best_to_end(lattice, best);
    if (!lattice_posteriors(lattice, 1, posterior, &error))
        fuzz_check_error(&error);
    if (way & 4 && !lattice_prune(lattice, 1e-3, 1, &error))
        fuzz_check_error(&error);
    for (size_t i = 0; i < lattice->links; i++)
        fuzz_check(lattice->link[i].from < lattice->link[i].to &&
                       lattice->link[i].to < lattice->nodes,
                   "links lead forward");
    struct output *output = output_open("/dev/null", &error);
    fuzz_check(output != NULL, "the null device can be written");
    const struct lattice_result_form form = {.writing = WRITE_LATTICE,
                                             .format = lattice->format,
                                             .quotes = way & 1,
                                             .named = !lattice->bare};
    if (!lattice_result_write(lattice, &form, output, &error))
        fuzz_check_error(&error);
    weigh(lattice, way, output);
    output_commit(output, &error);
    free(best);
    free(posterior);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct lattice lattice;
    enum lattice_result result;
    unsigned way = fuzz_choice(&data, &size);
    const struct lattice_reading reading = {.quotes = way & 1,
                                            .trim = way & 2,
                                            .cost_as_lm = way & 16,
                                            .frame_shift = way & 32 ? 0.01 : 0};
    struct lattice_reader *reader =
        lattice_reader_open(fuzz_write(&file, data, size), &reading, &error);
    if (reader == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    while ((result = lattice_read(reader, &lattice, &error)) != LATTICE_NO_MORE) {
        if (result == LATTICE_FAILED) {
            fuzz_check_error(&error);
            continue;
        }
        use(&lattice, way);
        lattice_free(&lattice);
    }
    lattice_reader_close(reader);
    return 0;
}
