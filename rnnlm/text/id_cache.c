// Files of ids.
#include "text/id_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"
#include "base/sections.h"
#include "text/span.h"

enum { PIECE = 1 << 20 }; // bytes at a time

static const char kind[] = "text ids";

// What a text's file was when it was read: the section `text`.
struct stamp {
    uint64_t bytes, seconds, nanoseconds, checksum;
};

enum { STAMP = sizeof(struct stamp) / sizeof(uint64_t) };

// ---- the text's file --------------------------------------------------------------------------

static struct stamp stamp_of(const struct stat *status)
{
    return (struct stamp){.bytes = (uint64_t)status->st_size,
                          .seconds = (uint64_t)status->st_mtim.tv_sec,
                          .nanoseconds = (uint64_t)status->st_mtim.tv_nsec};
}

static bool same_time(const struct stamp *a, const struct stamp *b)
{
    return a->bytes == b->bytes && a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

static bool checksum_file(const char *path, uint64_t *result, struct error *error)
{
    struct checksum checksum;
    int file = descriptor_open(path, O_RDONLY, 0);
    char *piece = memory_new(PIECE, 1, error);
    size_t there = 0;
    ssize_t got = file < 0 ? -1 : 1;
    checksum_start(&checksum);
    while (piece != NULL && got > 0) {
        got = descriptor_read(file, piece + there, PIECE - there);
        there += got > 0 ? (size_t)got : 0;
        if (there < PIECE && got > 0)
            continue;
        checksum_add(&checksum, piece, there);
        there = 0;
    }
    bool ok = piece != NULL &&
              (got == 0 || error_set(error, "cannot read %s: %s", path, strerror(errno)));
    *result = checksum_end(&checksum);
    if (file >= 0)
        close(file);
    free(piece);
    return ok;
}

// ---- reading ----------------------------------------------------------------------------------

// The bytes of an array; NULL and a message if there is none of this type.
static const void *array(const struct id_text *text, const struct sections *sections,
                         const char *name, enum section_type type, uint64_t count,
                         const struct section **section, struct error *error)
{
    *section = sections_array(sections, name, type, count, error);
    return *section != NULL ? (const char *)text->map.data + (*section)->offset : NULL;
}

static bool read_stamp(const struct id_text *text, const struct sections *sections,
                       const char *path, const struct stamp *now, struct error *error)
{
    const struct section *section;
    const void *data = array(text, sections, "text", SECTION_UINT64, STAMP, &section, error);
    struct stamp then;
    uint64_t checksum;
    if (data == NULL || !section_checksum_ok(section, checksum_of(data, sizeof then), error))
        return false;
    memcpy(&then, data, sizeof then);
    if (same_time(&then, now))
        return true;
    if (then.bytes == now->bytes && !checksum_file(path, &checksum, error))
        return false;
    return (then.bytes == now->bytes && then.checksum == checksum) ||
           error_set(error, "%s has changed", path);
}

static bool is_word(const char *word)
{
    for (const char *at = word; *at != '\0'; at++)
        if (span_is_blank(*at) || *at == '\n')
            return false;
    return *word != '\0';
}

static bool read_words(struct id_text *text, const struct sections *sections, struct error *error)
{
    const struct section *section;
    const char *letters = array(text, sections, "words", SECTION_BYTE, 0, &section, error);
    if (letters == NULL || !vocabulary_init(&text->words, error))
        return false;
    size_t size = section->width;
    if (!section_checksum_ok(section, checksum_of(letters, size), error))
        return false;
    if (size < 5 || letters[size - 1] != '\0' || memcmp(letters, "</s>", 5) != 0)
        return error_set(error, "words: found %zu bytes that begin without </s>, or end in a word",
                         size);
    for (const char *word = letters + 5; word < letters + size; word += strlen(word) + 1) {
        size_t before = text->words.size;
        if (!is_word(word))
            return error_set(error, "words: word %zu: found \"%.60s\", wanted letters", before,
                             word);
        if (vocabulary_add(&text->words, word, strlen(word), error) < 0)
            return false;
        if (text->words.size == before)
            return error_set(error, "words: found \"%.60s\" twice", word);
    }
    return true;
}

static bool count_ids(struct id_text *text, uint64_t begin, uint64_t end, struct error *error)
{
    size_t words = text->words.size;
    for (uint64_t i = begin; i < end; i++) {
        if (text->id[i] < 0 || (size_t)text->id[i] >= words)
            return error_set(error, "ids: token %" PRIu64 ": found id %" PRId32 " of %zu words", i,
                             text->id[i], words);
        text->words.count[text->id[i]]++;
    }
    return true;
}

static bool every_word_comes(const struct id_text *text, struct error *error)
{
    if (text->tokens == 0 || text->id[text->tokens - 1] != WORD_END)
        return error_set(error, "ids: found a text that ends within a line");
    for (size_t i = 0; i < text->words.size; i++)
        if (text->words.count[i] == 0)
            return error_set(error, "ids: word %zu, \"%.60s\", never comes", i,
                             vocabulary_word(&text->words, (int32_t)i));
    return true;
}

static bool read_ids(struct id_text *text, const struct sections *sections, struct error *error)
{
    enum { IDS = PIECE / sizeof(int32_t) };
    const struct section *section;
    struct checksum checksum;
    checksum_start(&checksum);
    text->id = array(text, sections, "ids", SECTION_INT32, 0, &section, error);
    if (text->id == NULL)
        return false;
    text->tokens = section->width;
    for (uint64_t i = 0; i < text->tokens; i += IDS) {
        uint64_t end = text->tokens - i < IDS ? text->tokens : i + IDS;
        checksum_add(&checksum, text->id + i, (end - i) * sizeof *text->id);
        if (!count_ids(text, i, end, error))
            return false;
        if (i % ID_TEXT_TOUCHED == 0)
            id_text_let_go(text);
    }
    text->checksum = checksum_end(&checksum);
    return section_checksum_ok(section, text->checksum, error) && every_word_comes(text, error);
}

bool id_cache_load(struct id_text *text, const char *file, const char *path, struct error *error)
{
    struct sections sections = {.count = 0};
    struct stat status;
    memset(text, 0, sizeof *text);
    if (stat(path, &status) != 0)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    struct stamp now = stamp_of(&status);
    bool ok = map_open(&text->map, file, error) &&
              sections_in(&sections, text->map.data, text->map.size, kind, error) &&
              read_stamp(text, &sections, path, &now, error) &&
              read_words(text, &sections, error) && read_ids(text, &sections, error);
    sections_free(&sections);
    return ok;
}

// ---- writing ----------------------------------------------------------------------------------

static void put_ids(const struct section_plan *plan, struct section_sink *sink)
{
    const struct id_text *text = plan->context;
    for (uint64_t i = 0; i < text->tokens; i += ID_TEXT_TOUCHED) {
        uint64_t left = text->tokens - i;
        section_put(sink, text->id + i,
                    (left < ID_TEXT_TOUCHED ? left : ID_TEXT_TOUCHED) * sizeof *text->id);
        id_text_let_go(text);
    }
}

static bool save(const struct id_text *text, const char *file, const struct stamp *stamp,
                 struct error *error)
{
    struct section_plan plan[] = {
        section_plan_array("text", SECTION_UINT64, STAMP, stamp),
        section_plan_array("words", SECTION_BYTE, text->words.letters_used, text->words.letters),
        section_plan_array("ids", SECTION_INT32, text->tokens, NULL)};
    plan[2].put = put_ids;
    plan[2].context = text;
    struct output *output = output_open(file, error);
    bool ok =
        output != NULL && sections_write(output, kind, plan, sizeof plan / sizeof plan[0], error);
    return output_end(output, ok, error);
}

// A text that was written to in the last seconds may be written to again without a later time.
static bool is_new(const struct stamp *stamp, time_t began)
{
    enum { SECONDS = 2 };
    return (int64_t)stamp->seconds > (int64_t)began - SECONDS;
}

// Reads the text, and leaves what its file was then.
static bool read_text(struct id_text *text, const char *path, const char *folder,
                      struct stamp *stamp, struct error *error)
{
    struct stat before, after;
    time_t began = time(NULL);
    if (stat(path, &before) != 0)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    struct reader *reader = reader_open(path, error);
    bool ok = reader != NULL && id_text_read(text, reader, folder, error);
    reader_close(reader);
    if (!ok)
        return false;
    *stamp = stamp_of(&before);
    if (!checksum_file(path, &stamp->checksum, error))
        return false;
    struct stamp now = stat(path, &after) == 0 ? stamp_of(&after) : (struct stamp){.bytes = 0};
    if (!same_time(stamp, &now))
        return error_set(error, "%s has changed while it was read: its ids are not kept", path);
    if (is_new(stamp, began))
        stamp->seconds = stamp->nanoseconds = 0;
    return true;
}

static bool make(struct id_text *text, const char *file, const char *path, const char *folder,
                 struct error *error)
{
    struct stamp stamp;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, "cannot make the folder %s: %s", folder, strerror(errno));
    if (!output_try(file, error) || !read_text(text, path, folder, &stamp, error) ||
        !save(text, file, &stamp, error))
        return false;
    id_text_free(text);
    return id_cache_load(text, file, path, error) || error_prefix(error, "%s: ", file);
}

// ---- both -------------------------------------------------------------------------------------

// FOLDER/NAME-KEY.ids; free() it.
static char *file_of(const char *path, const char *folder, struct error *error)
{
    enum { NAME = 100 }; // bytes of the text's
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        error_set(error, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    size_t size = strlen(folder) + NAME + 32;
    char *file = memory_new(size, 1, error);
    if (file != NULL)
        snprintf(file, size, "%s/%.*s-%016" PRIx64 ".ids", folder, NAME, strrchr(whole, '/') + 1,
                 checksum_of(whole, strlen(whole)));
    free(whole);
    return file;
}

bool id_cache_keeps(const char *path)
{
    return input_is_file(path);
}

bool id_cache_read(struct id_text *text, const char *path, const char *folder, struct error *remark,
                   struct error *error)
{
    struct error reason = {.usage = false};
    memset(text, 0, sizeof *text);
    remark->text[0] = '\0';
    char *file = file_of(path, folder, error);
    bool ok = file != NULL, there = ok && access(file, F_OK) == 0;
    if (there && !id_cache_keeps(file))
        ok = error_set(error, "%s: found what is no regular file", file);
    bool read = ok && there && id_cache_load(text, file, path, &reason);
    if (ok && there && !read && error_is_of_memory(&reason))
        ok = error_set(error, "%s: %.600s", file, reason.text);
    if (ok && !read) {
        id_text_free(text);
        if (there)
            error_set(remark, "%s: made anew: %.600s", file, reason.text);
        ok = make(text, file, path, folder, error);
    }
    free(file);
    return ok;
}
