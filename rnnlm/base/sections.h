// Files of named sections: what native models and the checkpoints of trainings lie in.
//
// A file is a header, a table of sections and the sections, in the table's order, each at a multiple
// of SECTIONS_ALIGNMENT, so that it can be mapped and used where it lies. Numbers are in the byte
// order of the machine that wrote the file, and a mark tells another machine to refuse it. Header and
// table have a checksum, and each section another. Whatever a file holds, a reader stays inside of
// it, and inside of the memory that it was given.
#ifndef BASE_SECTIONS_H
#define BASE_SECTIONS_H

#include "base/checksum.h"
#include "base/file.h"
#include "base/room.h"

enum {
    SECTIONS_VERSION = 2, // version 1 is that of model/native_v1.h
    SECTIONS_ALIGNMENT = 4096,
    SECTIONS_MAGIC_SIZE = 8,
    SECTIONS_KIND = 16,
    SECTION_NAME = 48,
    SECTIONS_MOST = 1 << 12
};

#define SECTIONS_MAGIC "\x89RNNLM\n" // with its 0 byte

static const uint32_t SECTIONS_BYTE_ORDER = 0x01020304, SECTIONS_OTHER_ORDER = 0x04030201;

enum section_type {
    SECTION_BYTE = 1,
    SECTION_UINT64,
    SECTION_INT32,
    SECTION_FLOAT,
    SECTION_BFLOAT16,
    SECTION_DOUBLE,
    SECTION_INT16
};

// `rows` times `stride` elements from `offset` on, of which `width` in each row mean something. As
// it lies in the table: no padding.
struct section {
    char name[SECTION_NAME]; // of its own in a file
    uint32_t type;
    uint32_t joined; // 0 in files. Of version 1: the next section follows at once, and the checksum
                     // there is of both
    uint64_t rows, width, stride;
    uint64_t offset; // in the file
    uint64_t checksum;
};

// The header, as it lies in the file.
struct sections_header {
    char magic[SECTIONS_MAGIC_SIZE];
    uint32_t byte_order, version;
    char kind[SECTIONS_KIND]; // "model", "checkpoint"; zeros behind it
    uint64_t file_bytes;
    uint64_t sections;
    uint64_t checksum; // of the header with 0 here, and of the table
    uint64_t spare;    // 0
};

// A file's table.
struct sections {
    struct section *section; // [count]
    size_t count;
    uint64_t file_bytes;
};

void sections_free(struct sections *sections);

// NULL if there is none.
const struct section *sections_find(const struct sections *sections, const char *name);

// One with elements of a type in one row, `count` of them; 0 stands for any count. NULL and `error`, with
// the section's name, if there is none.
const struct section *sections_array(const struct sections *sections, const char *name,
                                     enum section_type type, uint64_t count, struct error *error);

// An element's and a section's bytes.
uint64_t section_element(uint32_t type);
uint64_t section_bytes(const struct section *section);

// ---- writing ----------------------------------------------------------------------------------

// Where a section's bytes go: first to its checksum, later to the file.
struct section_sink {
    struct checksum checksum;
    struct output *output; // NULL for the checksum
};

// In all calls for a section but the last a multiple of CHECKSUM_BLOCK bytes.
void section_put(struct section_sink *sink, const void *data, size_t size);

// A section to be written: its bytes are at `data`, or are put by `put`, called twice.
struct section_plan {
    struct section section; // name, type, rows, width, stride
    const void *data;
    void (*put)(const struct section_plan *plan, struct section_sink *sink);
    const void *context; // for `put`
};

// The plan of an array at `data`: one row.
struct section_plan section_plan_array(const char *name, enum section_type type, uint64_t count,
                                       const void *data);

// Names of its own for each. Error: no memory. Failures of writing show in output_commit().
bool sections_write(struct output *output, const char *kind, const struct section_plan *plan,
                    size_t count, struct error *error);

// ---- reading ----------------------------------------------------------------------------------

// Whether a file begins as one of sections does (of any version); takes nothing from it.
bool sections_recognise(struct input *input);

// Header and table, verified. Error: what was found and what was wanted; another kind, another
// version, damage.
bool sections_read(struct sections *sections, struct input *input, const char *kind,
                   struct error *error);

// The same in memory.
bool sections_in(struct sections *sections, const void *data, size_t size, const char *kind,
                 struct error *error);

// For tables made by other means: names of their own, sections one behind the other, each at its
// place, and nothing behind the last.
bool sections_ok(const struct sections *sections, uint64_t begin, struct error *error);

// Reads the bytes of sections, in the table's order: begin, read as often as wanted, end. Sections in
// between are skipped. The end fails if the checksum is wrong. Messages name the file and the section.
struct section_reader {
    struct input *input;
    const struct section *section; // since section_begin()
    struct checksum checksum;
    bool joined; // goes on with a checksum
    struct error *error;
};

bool section_begin(struct section_reader *reader, const struct section *section);
bool section_read(struct section_reader *reader, void *data, size_t size);
bool section_end(struct section_reader *reader, const struct section *section);

// All three: the whole section into `data`, which has section_bytes().
bool section_into(struct section_reader *reader, const struct section *section, void *data);

// The same into memory that is made for it, with `extra` 0 bytes behind; free() it. NULL on failure.
void *section_new(struct section_reader *reader, const struct section *section, size_t extra);

// room_reserve() for the section that is being read, which the message names.
bool section_reserve(const struct section_reader *reader, struct room *room, size_t needed);

// Error: names the section, both checksums.
bool section_checksum_ok(const struct section *section, uint64_t found, struct error *error);

#endif
