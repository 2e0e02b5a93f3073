// A text as ids of its own words.
#include "text/id_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/descriptor.h"
#include "base/memory.h"

// Where ids go: to memory, and when that is full, to a file.
struct store {
    const char *folder;
    int file;
    int32_t *ids; // [count]
    size_t count, capacity;
    struct checksum checksum;
};

static bool make_file(struct store *store, const char *name, struct error *error)
{
    store->file = descriptor_nameless(store->folder);
    return store->file >= 0 || error_set(error, "%s: cannot make a temporary file in %s: %s", name,
                                         store->folder, strerror(errno));
}

static bool empty(struct store *store, const char *name, struct error *error)
{
    size_t bytes = store->count * sizeof *store->ids;
    if (store->file < 0 && !make_file(store, name, error))
        return false;
    checksum_add(&store->checksum, store->ids, bytes);
    store->count = 0;
    return descriptor_write(store->file, store->ids, bytes) ||
           error_set(error, "%s: cannot write its ids to a temporary file in %s: %s", name,
                     store->folder, strerror(errno));
}

static bool store_id(struct store *store, int32_t id, const char *name, struct error *error)
{
    if (store->count == ID_TEXT_SHORT && !empty(store, name, error))
        return false;
    if (!memory_grow(&store->ids, &store->capacity, store->count + 1, sizeof *store->ids, error))
        return false;
    store->ids[store->count++] = id;
    return true;
}

static bool store_text(struct store *store, struct id_text *text, struct reader *reader,
                       struct error *error)
{
    struct token token;
    while (reader_next(reader, &token)) {
        int32_t id = vocabulary_add(&text->words, token.text, token.length, error);
        if (id < 0)
            return error_prefix(error, "%s: line %llu: ", reader_name(reader),
                                (unsigned long long)reader_line_number(reader));
        if (!store_id(store, id, reader_name(reader), error))
            return false;
        text->words.count[id]++;
        text->tokens++;
    }
    if (!reader_ok(reader, error))
        return false;
    return text->tokens > 0 || error_set(error, "%s: the text is empty", reader_name(reader));
}

static bool map_ids(struct store *store, struct id_text *text, const char *name,
                    struct error *error)
{
    if (store->file < 0) {
        checksum_add(&store->checksum, store->ids, store->count * sizeof *store->ids);
        text->id = text->memory = store->ids;
        store->ids = NULL;
    } else {
        if (!empty(store, name, error) || !map_descriptor(&text->map, store->file, name, error))
            return false;
        text->id = text->map.data;
    }
    text->checksum = checksum_end(&store->checksum);
    return true;
}

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && *folder != '\0' ? folder : "/tmp";
}

bool id_text_read(struct id_text *text, struct reader *reader, const char *folder,
                  struct error *error)
{
    struct store store = {.folder = folder != NULL ? folder : temporary_folder(), .file = -1};
    memset(text, 0, sizeof *text);
    checksum_start(&store.checksum);
    bool ok = vocabulary_init(&text->words, error) && store_text(&store, text, reader, error) &&
              map_ids(&store, text, reader_name(reader), error);
    if (store.file >= 0)
        close(store.file);
    free(store.ids);
    return ok;
}

void id_text_free(struct id_text *text)
{
    vocabulary_free(&text->words);
    map_close(&text->map);
    free(text->memory);
    memset(text, 0, sizeof *text);
}

void id_text_let_go(const struct id_text *text)
{
    if (text->map.data != NULL)
        map_let_go(&text->map);
}
