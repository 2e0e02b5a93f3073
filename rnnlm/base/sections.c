// Files of named sections.
#include "base/sections.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { PIECE = FILE_BUFFER }; // bytes at a time, a multiple of CHECKSUM_BLOCK

_Static_assert(sizeof(struct sections_header) == 64, "no padding");
_Static_assert(sizeof(struct section) == SECTION_NAME + 8 + 5 * 8, "no padding");

void sections_free(struct sections *sections)
{
    free(sections->section);
    memset(sections, 0, sizeof *sections);
}

const struct section *sections_find(const struct sections *sections, const char *name)
{
    for (size_t i = 0; i < sections->count; i++)
        if (strcmp(sections->section[i].name, name) == 0)
            return &sections->section[i];
    return NULL;
}

const struct section *sections_array(const struct sections *sections, const char *name,
                                     enum section_type type, uint64_t count, struct error *error)
{
    const struct section *section = sections_find(sections, name);
    if (section == NULL) {
        error_set(error, "%s: found no such section", name);
        return NULL;
    }
    if (section->type == (uint32_t)type && section->rows == 1 &&
        section->width == section->stride && (count == 0 || section->width == count))
        return section;
    error_set(error,
              "%s: found %" PRIu64 " rows of %" PRIu64 " elements, %" PRIu64
              " apart, of type %" PRIu32 "; wanted one row%s%.0" PRIu64 " of type %d",
              name, section->rows, section->width, section->stride, section->type,
              count > 0 ? " of " : "", count, (int)type);
    return NULL;
}

uint64_t section_element(uint32_t type)
{
    static const uint64_t size[] = {0, 1, 8, 4, 4, 2, 8, 2};
    return type < sizeof size / sizeof size[0] ? size[type] : 0;
}

uint64_t section_bytes(const struct section *section)
{
    return section->rows * section->stride * section_element(section->type);
}

// ---- tables ------------------------------------------------------------------------------------

static uint64_t aligned(uint64_t offset)
{
    return (offset + SECTIONS_ALIGNMENT - 1) / SECTIONS_ALIGNMENT * SECTIONS_ALIGNMENT;
}

static bool section_ok(const struct section *section, struct error *error)
{
    uint64_t size = section_element(section->type), count, bytes;
    if (memchr(section->name, '\0', SECTION_NAME) == NULL || section->name[0] == '\0')
        return error_set(error, "table of sections: found a name without an end");
    if (size == 0)
        return error_set(error,
                         "%s: found element type %" PRIu32 ", which this version does not know",
                         section->name, section->type);
    if (section->width > section->stride ||
        __builtin_mul_overflow(section->rows, section->stride, &count) ||
        __builtin_mul_overflow(count, size, &bytes) || bytes > (uint64_t)1 << 62)
        return error_set(error,
                         "%s: found %" PRIu64 " rows of %" PRIu64 " elements, %" PRIu64 " apart",
                         section->name, section->rows, section->width, section->stride);
    return true;
}

bool sections_ok(const struct sections *sections, uint64_t begin, struct error *error)
{
    uint64_t end = begin;
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->section[i];
        if (!section_ok(section, error))
            return false;
        uint64_t wanted = i > 0 && section[-1].joined != 0 ? end : aligned(end);
        if (section->offset != wanted || wanted > (uint64_t)1 << 62)
            return error_set(error, "%s: found at byte %" PRIu64 ", wanted byte %" PRIu64,
                             section->name, section->offset, wanted);
        end = section->offset + section_bytes(section);
        for (size_t j = 0; j < i; j++)
            if (strcmp(sections->section[j].name, section->name) == 0)
                return error_set(error, "%s: found twice", section->name);
    }
    return end == sections->file_bytes ||
           error_set(error, "file size: found %" PRIu64 ", wanted %" PRIu64, sections->file_bytes,
                     end);
}

// ---- writing ----------------------------------------------------------------------------------

void section_put(struct section_sink *sink, const void *data, size_t size)
{
    if (sink->output != NULL)
        output_write(sink->output, data, size);
    else
        checksum_add(&sink->checksum, data, size);
}

static void put(const struct section_plan *plan, struct section_sink *sink)
{
    if (plan->put != NULL)
        plan->put(plan, sink);
    else if (section_bytes(&plan->section) > 0)
        section_put(sink, plan->data, section_bytes(&plan->section));
}

static uint64_t table_checksum(const struct sections_header *header, const struct section *table)
{
    struct sections_header plain = *header;
    struct checksum checksum;
    plain.checksum = 0;
    checksum_start(&checksum);
    checksum_add(&checksum, &plain, sizeof plain);
    checksum_add(&checksum, table, header->sections * sizeof *table);
    return checksum_end(&checksum);
}

static void make_table(struct sections_header *header, struct section *table,
                       const struct section_plan *plan)
{
    uint64_t end = sizeof *header + header->sections * sizeof *table;
    for (size_t i = 0; i < header->sections; i++) {
        struct section_sink sink = {.output = NULL};
        table[i] = plan[i].section;
        table[i].joined = 0;
        table[i].offset = aligned(end);
        end = table[i].offset + section_bytes(&table[i]);
        checksum_start(&sink.checksum);
        put(&plan[i], &sink);
        table[i].checksum = checksum_end(&sink.checksum);
    }
    header->file_bytes = end;
    header->checksum = table_checksum(header, table);
}

struct section_plan section_plan_array(const char *name, enum section_type type, uint64_t count,
                                       const void *data)
{
    struct section_plan plan = {
        .section = {.type = type, .rows = 1, .width = count, .stride = count}, .data = data};
    memcpy(plan.section.name, name, strlen(name));
    return plan;
}

bool sections_write(struct output *output, const char *kind, const struct section_plan *plan,
                    size_t count, struct error *error)
{
    static const char zeros[SECTIONS_ALIGNMENT];
    struct sections_header header = {
        .byte_order = SECTIONS_BYTE_ORDER, .version = SECTIONS_VERSION, .sections = count};
    struct section *table = memory_new(count, sizeof *table, error);
    if (table == NULL)
        return false;
    memcpy(header.magic, SECTIONS_MAGIC, SECTIONS_MAGIC_SIZE);
    memcpy(header.kind, kind, strlen(kind) + 1);
    make_table(&header, table, plan);
    output_write(output, &header, sizeof header);
    output_write(output, table, count * sizeof *table);
    uint64_t end = sizeof header + count * sizeof *table;
    for (size_t i = 0; i < count; i++) {
        struct section_sink sink = {.output = output};
        output_write(output, zeros, table[i].offset - end);
        put(&plan[i], &sink);
        end = table[i].offset + section_bytes(&table[i]);
    }
    free(table);
    return true;
}

// ---- header and table -------------------------------------------------------------------------

bool sections_recognise(struct input *input)
{
    size_t size;
    const char *begin = input_ahead(input, SECTIONS_MAGIC_SIZE, &size);
    if (size > SECTIONS_MAGIC_SIZE)
        size = SECTIONS_MAGIC_SIZE;
    return size > 0 && memcmp(begin, SECTIONS_MAGIC, size) == 0;
}

static bool header_ok(const struct sections_header *header, const char *kind, struct error *error)
{
    if (memcmp(header->magic, SECTIONS_MAGIC, SECTIONS_MAGIC_SIZE) != 0)
        return error_set(error, "this is no native %s", kind);
    if (header->byte_order == SECTIONS_OTHER_ORDER)
        return error_set(error, "written by a machine of the other byte order: convert it there to "
                                "a form in text");
    if (header->byte_order != SECTIONS_BYTE_ORDER)
        return error_set(error, "byte order: found mark %08" PRIx32 ", wanted %08" PRIx32,
                         header->byte_order, SECTIONS_BYTE_ORDER);
    if (header->version != SECTIONS_VERSION)
        return error_set(error, "native format version: found %" PRIu32 ", wanted at most %d",
                         header->version, SECTIONS_VERSION);
    if (memchr(header->kind, '\0', SECTIONS_KIND) == NULL)
        return error_set(error, "header: found a kind of file without an end");
    if (strcmp(header->kind, kind) != 0)
        return error_set(error, "found a %s, wanted a %s", header->kind, kind);
    return (header->sections >= 1 && header->sections <= SECTIONS_MOST) ||
           error_set(error, "header: found %" PRIu64 " sections, wanted 1 to %d", header->sections,
                     SECTIONS_MOST);
}

static bool size_ok(uint64_t found, uint64_t wanted, struct error *error)
{
    return found == wanted ||
           error_set(error, "found %" PRIu64 " bytes, wanted %" PRIu64 ": the file is %s", found,
                     wanted, found < wanted ? "cut short" : "too long");
}

// What stands in the header and its table; both are there.
static bool table_ok(struct sections *sections, const struct sections_header *header, uint64_t size,
                     struct error *error)
{
    uint64_t found = table_checksum(header, sections->section);
    sections->file_bytes = header->file_bytes;
    if (found != header->checksum)
        return error_set(error,
                         "header: found checksum %016" PRIx64 ", wanted %016" PRIx64
                         ": the file is damaged",
                         found, header->checksum);
    if (header->spare != 0)
        return error_set(error, "header: found %" PRIu64 " in a spare field, wanted 0",
                         header->spare);
    for (size_t i = 0; i < sections->count; i++)
        if (sections->section[i].joined != 0)
            return error_set(error,
                             "table of sections: found %" PRIu32 " in a spare field, wanted 0",
                             sections->section[i].joined);
    return sections_ok(sections, sizeof *header + sections->count * sizeof(struct section),
                       error) &&
           (size == UINT64_MAX || size_ok(size, header->file_bytes, error));
}

static bool new_table(struct sections *sections, const struct sections_header *header,
                      struct error *error)
{
    sections->count = header->sections;
    sections->section = memory_new(sections->count, sizeof *sections->section, error);
    return sections->section != NULL;
}

bool sections_read(struct sections *sections, struct input *input, const char *kind,
                   struct error *error)
{
    struct sections_header header;
    uint64_t size = input_bytes_left(input);
    memset(sections, 0, sizeof *sections);
    if (!input_read(input, &header, sizeof header, error))
        return false;
    bool ok = header_ok(&header, kind, error) && new_table(sections, &header, error);
    if (ok &&
        !input_read(input, sections->section, sections->count * sizeof(struct section), error)) {
        sections_free(sections);
        return false;
    }
    if (ok && table_ok(sections, &header, size, error))
        return true;
    sections_free(sections);
    return error_prefix(error, "%s: ", input_name(input));
}

bool sections_in(struct sections *sections, const void *data, size_t size, const char *kind,
                 struct error *error)
{
    struct sections_header header;
    memset(sections, 0, sizeof *sections);
    if (size < sizeof header)
        return size_ok(size, sizeof header, error);
    memcpy(&header, data, sizeof header);
    if (!header_ok(&header, kind, error) || !new_table(sections, &header, error))
        return false;
    size_t table = sections->count * sizeof(struct section);
    if (size - sizeof header < table) {
        sections_free(sections);
        return size_ok(size, sizeof header + table, error);
    }
    memcpy(sections->section, (const char *)data + sizeof header, table);
    if (table_ok(sections, &header, size, error))
        return true;
    sections_free(sections);
    return false;
}

// ---- sections ---------------------------------------------------------------------------------

bool section_checksum_ok(const struct section *section, uint64_t found, struct error *error)
{
    return found == section->checksum || error_set(error,
                                                   "%s: found checksum %016" PRIx64
                                                   ", wanted %016" PRIx64 ": the file is damaged",
                                                   section->name, found, section->checksum);
}

// What an input says of its end has the file's name alone.
static bool ended(const struct section_reader *reader)
{
    const struct section *section = reader->section;
    uint64_t at = input_offset(reader->input);
    return input_ok(reader->input, reader->error) &&
           error_set(reader->error,
                     "%s: %s: file ends at byte %" PRIu64 ", %" PRIu64 " more bytes wanted",
                     input_name(reader->input), section->name, at,
                     section->offset + section_bytes(section) - at);
}

bool section_begin(struct section_reader *reader, const struct section *section)
{
    char gap[SECTIONS_ALIGNMENT];
    uint64_t at = input_offset(reader->input);
    reader->section = section;
    if (!reader->joined)
        checksum_start(&reader->checksum);
    if (at > section->offset)
        return error_set(reader->error,
                         "%s: %s: found before a section that it has to follow: the order is wrong",
                         input_name(reader->input), section->name);
    for (; at < section->offset; at = input_offset(reader->input)) {
        uint64_t left = section->offset - at;
        if (!input_read(reader->input, gap, left < sizeof gap ? left : sizeof gap, NULL))
            return ended(reader);
    }
    return true;
}

bool section_read(struct section_reader *reader, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        size_t piece = size < PIECE ? size : PIECE;
        if (!input_read(reader->input, at, piece, NULL))
            return ended(reader);
        checksum_add(&reader->checksum, at, piece);
        at += piece;
        size -= piece;
    }
    return true;
}

bool section_end(struct section_reader *reader, const struct section *section)
{
    reader->joined = section->joined != 0;
    return reader->joined ||
           section_checksum_ok(section, checksum_end(&reader->checksum), reader->error) ||
           error_prefix(reader->error, "%s: ", input_name(reader->input));
}

bool section_into(struct section_reader *reader, const struct section *section, void *data)
{
    return section_begin(reader, section) && section_read(reader, data, section_bytes(section)) &&
           section_end(reader, section);
}

// ---- memory -----------------------------------------------------------------------------------

bool section_reserve(const struct section_reader *reader, struct room *room, size_t needed)
{
    return room_reserve(room, reader->input, needed, reader->error) ||
           error_prefix(reader->error, "%s: %s: ", input_name(reader->input),
                        reader->section->name);
}

void *section_new(struct section_reader *reader, const struct section *section, size_t extra)
{
    struct room room = {.total = section_bytes(section) + extra};
    size_t bytes = section_bytes(section);
    bool ok = section_begin(reader, section) && section_reserve(reader, &room, 0);
    for (size_t at = 0; ok && at < bytes;) {
        size_t piece = bytes - at < PIECE ? bytes - at : PIECE;
        ok = section_reserve(reader, &room, at + piece) &&
             section_read(reader, (char *)room.data + at, piece);
        at += piece;
    }
    if (ok && section_reserve(reader, &room, room.total) && section_end(reader, section))
        return room.data;
    free(room.data);
    return NULL;
}
