// Where the content of a native model comes from.
#include "model/native_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/native_v1.h"

enum { MOST_TEXT = 1 << 20 };

bool native_wrong(const struct native_source *source)
{
    return error_prefix(source->error, "%s: ", source->name);
}

void native_source_free(struct native_source *source)
{
    sections_free(&source->sections);
}

// ---- header and table -------------------------------------------------------------------------

static bool size_ok(uint64_t found, uint64_t wanted, struct error *error)
{
    return found == wanted ||
           error_set(error, "found %" PRIu64 " bytes, wanted %" PRIu64 ": the file is %s", found,
                     wanted, found < wanted ? "cut short" : "too long");
}

// `size` of the file: UINT64_MAX if it is not known.
static bool convert(struct native_source *source, const struct native_v1_header *header,
                    uint64_t size, struct training_record *record)
{
    return (native_v1_convert(header, &source->shape, record, &source->sections, source->error) &&
            (size == UINT64_MAX || size_ok(size, source->sections.file_bytes, source->error))) ||
           native_wrong(source);
}

bool native_source_read(struct native_source *source, struct input *input,
                        struct training_record *record, struct error *error)
{
    struct native_v1_header header;
    size_t there;
    const char *begin = input_ahead(input, sizeof header, &there);
    uint64_t size = input_bytes_left(input);
    *source = (struct native_source){.name = input_name(input),
                                     .old = native_v1_recognise(begin, there),
                                     .reader = {.input = input, .error = error},
                                     .error = error};
    if (!source->old)
        return sections_read(&source->sections, input, "model", error);
    return input_read(input, &header, sizeof header, error) &&
           convert(source, &header, size, record);
}

bool native_source_map(struct native_source *source, const struct map *map, const char *path,
                       struct training_record *record, struct error *error)
{
    struct native_v1_header header;
    *source = (struct native_source){.name = path,
                                     .old = native_v1_recognise(map->data, map->size),
                                     .mapped = map->data,
                                     .error = error};
    if (!source->old)
        return sections_in(&source->sections, map->data, map->size, "model", error) ||
               native_wrong(source);
    if (map->size < sizeof header)
        return size_ok(map->size, sizeof header, error) || native_wrong(source);
    memcpy(&header, map->data, sizeof header);
    return convert(source, &header, map->size, record);
}

// ---- sections ---------------------------------------------------------------------------------

const struct section *native_section(const struct native_source *source, const char *name)
{
    const struct section *section = sections_find(&source->sections, name);
    if (section == NULL)
        error_set(source->error, "%s: %s: found no such section", source->name, name);
    return section;
}

const struct section *native_array(const struct native_source *source, const char *name,
                                   enum section_type type, uint64_t count)
{
    const struct section *section =
        sections_array(&source->sections, name, type, count, source->error);
    if (section == NULL)
        native_wrong(source);
    return section;
}

void *native_place(const struct native_source *source, const struct section *section)
{
    return (void *)((uintptr_t)source->mapped + section->offset);
}

void *native_verified_place(const struct native_source *source, const struct section *section)
{
    void *place = native_place(source, section);
    if (section_checksum_ok(section, checksum_of(place, section_bytes(section)), source->error))
        return place;
    native_wrong(source);
    return NULL;
}

void *native_content(struct native_source *source, const struct section *section)
{
    if (section == NULL)
        return NULL;
    if (source->mapped == NULL)
        return section_new(&source->reader, section, 1);
    const void *place = native_verified_place(source, section);
    char *data = place != NULL ? memory_new(section_bytes(section) + 1, 1, source->error) : NULL;
    if (data != NULL)
        memcpy(data, place, section_bytes(section));
    return data;
}

// A text may have a 0 byte at its end (today's) or not (names of version 1), and nowhere else.
char *native_text(struct native_source *source, const char *name)
{
    const struct section *section = native_array(source, name, SECTION_BYTE, 0);
    if (section != NULL && section->width > MOST_TEXT) {
        error_set(source->error, "%s: %s: found %" PRIu64 " bytes, wanted at most %d", source->name,
                  name, section->width, MOST_TEXT);
        return NULL;
    }
    char *text = native_content(source, section);
    if (text == NULL || strlen(text) + 1 >= section->width)
        return text;
    error_set(source->error, "%s: %s: found a text that ends at byte %zu of %" PRIu64, source->name,
              name, strlen(text), section->width);
    free(text);
    return NULL;
}
