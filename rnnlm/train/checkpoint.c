// Checkpoints of trainings.
#include "train/checkpoint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/sections.h"
#include "model/native_text.h"

enum { TEXTS = 3, MOST_TEXT = 1 << 16 };

// Where the model file stands: `before` the save that a checkpoint belongs to, and after it.
struct saves {
    int64_t epochs_before;
    uint64_t position_before;
    int64_t epochs;
    uint64_t position;
    uint64_t stage; // enum checkpoint_stage
};

bool checkpoint_init(struct checkpoint *checkpoint, const char *model_path,
                     const struct training_record *record, struct error *error)
{
    memset(checkpoint, 0, sizeof *checkpoint);
    int length = snprintf(checkpoint->path, CHECKPOINT_PATH, "%s.checkpoint", model_path);
    checkpoint->epochs = record->epochs;
    checkpoint->position = record->position;
    return length < CHECKPOINT_PATH ||
           error_set(error, "%.60s...: found a path of %zu bytes, wanted at most %d", model_path,
                     strlen(model_path), CHECKPOINT_PATH - 16);
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    kept_free(&checkpoint->kept);
}

void checkpoint_setting(struct checkpoint *checkpoint, const char *name, const char *format, ...)
{
    size_t left = CHECKPOINT_SETTINGS - checkpoint->length;
    char value[CHECKPOINT_SETTINGS];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    int length = snprintf(checkpoint->settings + checkpoint->length, left, "%s %s\n", name, value);
    if (length > 0 && (size_t)length < left)
        checkpoint->length += (size_t)length;
}

// ---- writing ----------------------------------------------------------------------------------

static struct section_plan plan(const char *name, const void *data, size_t bytes)
{
    struct section_plan plan = {
        .section = {.type = SECTION_BYTE, .rows = 1, .width = bytes, .stride = bytes},
        .data = data};
    memcpy(plan.section.name, name, strlen(name));
    return plan;
}

static bool write_sections(const struct checkpoint *checkpoint, const struct saves *saves,
                           const char *record, struct section_plan *sections, struct error *error)
{
    const struct kept *kept = &checkpoint->kept;
    sections[0] = plan("settings", checkpoint->settings, checkpoint->length + 1);
    sections[1] = plan("record", record, strlen(record) + 1);
    sections[2] = plan("saves", saves, sizeof *saves);
    for (size_t i = 0; i < kept->count; i++)
        sections[TEXTS + i] = plan(kept->piece[i].name, kept->piece[i].data, kept->piece[i].bytes);
    struct output *output = output_open(checkpoint->path, error);
    bool ok = output != NULL &&
              sections_write(output, "checkpoint", sections, TEXTS + kept->count, error);
    return output_end(output, ok, error);
}

bool checkpoint_write(struct checkpoint *checkpoint, const struct training_record *record,
                      struct error *error)
{
    struct saves saves = {checkpoint->epochs, checkpoint->position, record->epochs,
                          record->position, checkpoint->stage};
    struct section_plan *sections =
        memory_new(TEXTS + checkpoint->kept.count, sizeof *sections, error);
    char *text = native_print_record(record, error);
    bool ok = sections != NULL && text != NULL &&
              write_sections(checkpoint, &saves, text, sections, error);
    free(sections);
    free(text);
    return ok;
}

void checkpoint_saved(struct checkpoint *checkpoint, const struct training_record *record)
{
    checkpoint->epochs = record->epochs;
    checkpoint->position = record->position;
}

void checkpoint_remove(const struct checkpoint *checkpoint)
{
    unlink(checkpoint->path);
}

// ---- reading ----------------------------------------------------------------------------------

// How to get on without it.
static bool explain(const struct checkpoint *checkpoint, struct error *error)
{
    size_t length = strlen(error->text);
    snprintf(error->text + length, sizeof error->text - length,
             "; to go on from the model file alone, remove %s", checkpoint->path);
    return false;
}

// The first line that differs.
static bool settings_same(const struct checkpoint *checkpoint, const char *found,
                          struct error *error)
{
    const char *wanted = checkpoint->settings;
    while (*found != '\0' || *wanted != '\0') {
        size_t there = strcspn(found, "\n"), here = strcspn(wanted, "\n");
        if (there != here || memcmp(found, wanted, here) != 0)
            return error_set(error, "the training was begun with \"%.*s\", found \"%.*s\" now",
                             (int)(there < 200 ? there : 200), found,
                             (int)(here < 200 ? here : 200), wanted);
        found += there + (found[there] != '\0');
        wanted += here + (wanted[here] != '\0');
    }
    return true;
}

static bool saves_fit(const struct saves *saves, const struct training_record *record,
                      struct error *error)
{
    if ((record->epochs == saves->epochs && record->position == saves->position) ||
        (record->epochs == saves->epochs_before && record->position == saves->position_before))
        return true;
    return error_set(error,
                     "found the state of a training after epoch %" PRId64 ", word %" PRIu64
                     ", but the model file is of epoch %" PRId64 ", word %" PRIu64,
                     saves->epochs, saves->position, record->epochs, record->position);
}

static const struct section *find(const struct sections *sections, const char *name,
                                  struct error *error)
{
    const struct section *section = sections_find(sections, name);
    if (section == NULL)
        error_set(error, "%s: found no such section", name);
    return section;
}

static char *read_text(struct section_reader *reader, const struct sections *sections,
                       const char *name)
{
    const struct section *section = find(sections, name, reader->error);
    if (section == NULL)
        return NULL;
    size_t bytes = section_bytes(section);
    char *text = bytes <= MOST_TEXT ? memory_new(bytes + 1, 1, reader->error) : NULL;
    if (text == NULL || !section_into(reader, section, text)) {
        if (bytes > MOST_TEXT)
            error_set(reader->error, "%s: found %zu bytes", name, bytes);
        free(text);
        return NULL;
    }
    return text;
}

static bool read_piece(struct section_reader *reader, const struct sections *sections,
                       const char *name, void *data, size_t bytes)
{
    const struct section *section = find(sections, name, reader->error);
    if (section == NULL)
        return false;
    if (section_bytes(section) != bytes)
        return error_set(reader->error, "%s: found %" PRIu64 " bytes, wanted %zu", name,
                         section_bytes(section), bytes);
    return section_into(reader, section, data);
}

// File names and switches are those of the model; numbers are the checkpoint's.
static void take_record(struct training_record *record, const struct training_record *from)
{
    struct training_record taken = *from;
    taken.train_file = record->train_file;
    taken.valid_file = record->valid_file;
    taken.save_every = record->save_every;
    *record = taken;
}

static bool read_record(struct section_reader *reader, const struct sections *sections,
                        struct training_record *record)
{
    struct training_record found = {0};
    char *text = read_text(reader, sections, "record");
    bool ok = text != NULL && native_parse_record(&found, text, reader->error);
    free(text);
    free(found.train_file);
    free(found.valid_file);
    if (ok)
        take_record(record, &found);
    return ok;
}

static bool read_all(struct checkpoint *checkpoint, struct section_reader *reader,
                     const struct sections *sections, struct training_record *record)
{
    struct saves saves;
    struct training_record model = *record; // as the model file has it
    char *settings = read_text(reader, sections, "settings");
    bool ok = settings != NULL && settings_same(checkpoint, settings, reader->error);
    free(settings);
    ok = ok && read_record(reader, sections, record) &&
         read_piece(reader, sections, "saves", &saves, sizeof saves) &&
         saves_fit(&saves, &model, reader->error) &&
         (saves.stage <= CHECKPOINT_LEARNT ||
          error_set(reader->error, "saves: found stage %" PRIu64 ", wanted 0 to %d", saves.stage,
                    CHECKPOINT_LEARNT));
    for (size_t i = 0; ok && i < checkpoint->kept.count; i++) {
        const struct kept_piece *piece = &checkpoint->kept.piece[i];
        ok = read_piece(reader, sections, piece->name, piece->data, piece->bytes);
    }
    if (!ok)
        return false;
    checkpoint->stage = (enum checkpoint_stage)saves.stage;
    return sections->count == TEXTS + checkpoint->kept.count ||
           error_set(reader->error, "found %zu sections, wanted %zu", sections->count,
                     TEXTS + checkpoint->kept.count);
}

bool checkpoint_read(struct checkpoint *checkpoint, struct training_record *record, bool *found,
                     struct error *error)
{
    struct sections sections = {0};
    *found = access(checkpoint->path, F_OK) == 0;
    if (!*found)
        return true;
    struct input *input = input_open(checkpoint->path, error);
    if (input == NULL)
        return false;
    struct section_reader reader = {.input = input, .error = error};
    bool ok = sections_read(&sections, input, "checkpoint", error);
    if (ok && !read_all(checkpoint, &reader, &sections, record)) {
        bool named = strncmp(error->text, checkpoint->path, strlen(checkpoint->path)) == 0;
        ok = named ? false : error_prefix(error, "%s: ", checkpoint->path);
    }
    sections_free(&sections);
    input_close(input);
    return ok || explain(checkpoint, error);
}
