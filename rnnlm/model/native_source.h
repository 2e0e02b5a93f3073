// Where the content of a native model comes from: a file being read, or one in memory; of today's
// version, or of version 1. Sections of a file being read are asked for in the order of its table.
#ifndef MODEL_NATIVE_SOURCE_H
#define MODEL_NATIVE_SOURCE_H

#include "base/sections.h"
#include "model/model.h"

struct native_source {
    const char *name; // of the file
    struct sections sections;
    struct network_shape shape;
    bool old;                     // of version 1: shape and record are there already
    struct section_reader reader; // of a file being read
    const void *mapped;           // or NULL
    struct error *error;
};

// Begins with an input, or with a map: header and table, verified; of version 1, shape and record
// too. native_source_free() in any case. Error: with the file's name.
bool native_source_read(struct native_source *source, struct input *input,
                        struct training_record *record, struct error *error);
bool native_source_map(struct native_source *source, const struct map *map, const char *path,
                       struct training_record *record, struct error *error);
void native_source_free(struct native_source *source);

// Puts the file's name before an error that is there. Returns false.
bool native_wrong(const struct native_source *source);

// The section of this name, or NULL and an error; with `count` elements of a type in one row, for
// native_array(); 0 stands for any count.
const struct section *native_section(const struct native_source *source, const char *name);
const struct section *native_array(const struct native_source *source, const char *name,
                                   enum section_type type, uint64_t count);

// The content of a section, verified by its checksum, in memory of its own with a 0 byte behind it;
// free() it. NULL and an error also for a section that is NULL.
void *native_content(struct native_source *source, const struct section *section);

// A text, to be freed.
char *native_text(struct native_source *source, const char *name);

// Where a section lies in the map. Arrays in a model are not const, since training has them too;
// nobody writes to these, and the processor would not let them.
void *native_place(const struct native_source *source, const struct section *section);

// The same for sections that are small enough to be verified.
void *native_verified_place(const struct native_source *source, const struct section *section);

#endif
