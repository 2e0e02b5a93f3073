// A run on several processes: what has to be the same for all.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/fingerprint.h"
#include "train/run.h"

// ---- the same training --------------------------------------------------------------------------

// Settings that a checkpoint may differ in from a training that goes on, but no two processes.
enum { OTHER_SETTINGS = 1024 };

static void list_others(const struct run *run, char list[OTHER_SETTINGS])
{
    const struct training *training = run->training;
    const struct training_record *record = &run->model->record;
    uint64_t text = corpus_checksum(training->train);
    snprintf(list, OTHER_SETTINGS,
             "program %s\ntext of -train %016" PRIx64 "\nmodel of -rnnlm %016" PRIx64
             "\n-rnnlm after epoch %" PRId64 ", word %" PRIu64 "\n-anti-kasparek %" PRIu64
             "\n-max-iter %" PRId64 "\n-peers %s\n-peers-pieces %zu\n-peers-words %" PRIu64
             "\n-peers-momentum %g\n-peers-step %g\n-valid %s\n",
             training->program != NULL ? training->program : "", text,
             fingerprint_weights(&run->model->network), record->epochs, record->position,
             training->save_every, training->most_epochs,
             training->average ? "average" : "synchronous", training->pieces,
             training->average_every, training->averages.momentum, training->averages.step,
             training->valid != NULL ? "given" : "not given");
}

static size_t line_of(const char *text)
{
    return strcspn(text, "\n");
}

// The first line of which the process called `name` has another.
static bool same_lines(const char *first, const char *other, const char *name, struct error *error)
{
    while (*first != '\0' || *other != '\0') {
        size_t wanted = line_of(first), found = line_of(other);
        if (wanted != found || memcmp(first, other, wanted) != 0)
            return error_set(
                error,
                "%s: found \"%.*s\", process 0 has \"%.*s\": all want the same program, "
                "options and files",
                name, (int)(found < 300 ? found : 300), other, (int)(wanted < 300 ? wanted : 300),
                first);
        first += wanted + (first[wanted] != '\0');
        other += found + (other[found] != '\0');
    }
    return true;
}

// Each tells its name, and after a 0 byte its settings.
static bool compare(const struct run *run, const char *text, size_t size, struct error *error)
{
    struct peers *peers = run->peers;
    struct peers_parts parts = {0};
    bool ok = peers_gather(peers, text, size, &parts, error);
    for (size_t i = 1; ok && i < peers->size; i++) {
        const char *first = parts.part[0].data, *other = parts.part[i].data;
        ok = same_lines(first + strlen(first) + 1, other + strlen(other) + 1, other, error);
        peers->ended = !ok;
    }
    peers_parts_free(&parts);
    return ok;
}

bool division_same_training(const struct run *run, struct error *error)
{
    const struct checkpoint *checkpoint = &run->checkpoint;
    char others[OTHER_SETTINGS], name[PEERS_NAME];
    if (run->peers->size == 1)
        return true;
    list_others(run, others);
    peers_name(run->peers, name);
    size_t size = strlen(name) + 1 + strlen(others) + checkpoint->length + 1;
    char *text = memory_new(size, 1, error);
    if (text == NULL)
        return false;
    snprintf(text, size, "%s%c%s%s", name, '\0', others, checkpoint->settings);
    bool ok = compare(run, text, size, error);
    free(text);
    return ok;
}

bool division_same_weights(const struct run *run, struct error *error)
{
    struct peers *peers = run->peers;
    struct peers_parts parts = {0};
    uint64_t weights = peers->size > 1 ? fingerprint_weights(&run->model->network) : 0, first,
             other;
    bool ok = peers_gather(peers, &weights, sizeof weights, &parts, error);
    for (size_t i = 1; ok && i < peers->size; i++) {
        memcpy(&first, parts.part[0].data, sizeof first);
        memcpy(&other, parts.part[i].data, sizeof other);
        peers->ended = first != other;
        if (first != other)
            ok = error_set(error,
                           "epoch %" PRId64 ": process %zu has other weights (%016" PRIx64
                           ") than process 0 (%016" PRIx64 "): its memory or machine is not sound",
                           run->progress.epoch, i, other, first);
    }
    peers_parts_free(&parts);
    return ok;
}

// ---- checkpoints --------------------------------------------------------------------------------

// Numbers of the first process's record; names are one's own.
static bool share_record(struct training_record *record, struct peers *peers, struct error *error)
{
    struct training_record first = *record;
    if (!peers_broadcast(peers, &first, sizeof first, error))
        return false;
    first.train_file = record->train_file;
    first.valid_file = record->valid_file;
    *record = first;
    return true;
}

bool division_read_checkpoint(struct run *run, bool *found, struct error *error)
{
    struct peers *peers = run->peers;
    struct checkpoint *checkpoint = &run->checkpoint;
    struct training_record *record = &run->model->record;
    *found = false;
    bool ok = !run_leads(run) || checkpoint_read(checkpoint, record, found, error);
    if (!peers_agree(peers, ok, error, error) ||
        !peers_broadcast(peers, found, sizeof *found, error) || !*found)
        return ok && !*found;
    ok = share_record(record, peers, error) &&
         peers_broadcast(peers, &checkpoint->stage, sizeof checkpoint->stage, error);
    for (size_t i = 0; ok && i < checkpoint->kept.count; i++)
        ok = peers_broadcast(peers, checkpoint->kept.piece[i].data, checkpoint->kept.piece[i].bytes,
                             error);
    return ok;
}
