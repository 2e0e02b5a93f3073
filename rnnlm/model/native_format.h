// The header of native model files: its fields, and where the sections lie.
#ifndef MODEL_NATIVE_FORMAT_H
#define MODEL_NATIVE_FORMAT_H

#include "model/model.h"

enum {
    NATIVE_VERSION = 1,
    NATIVE_ALIGNMENT = 4096, // of sections in the file
    NATIVE_MAGIC_SIZE = 8,
    NATIVE_SPARE = 8,
};

#define NATIVE_MAGIC "\x89RNNLM\n" // with its 0 byte

static const uint32_t NATIVE_BYTE_ORDER = 0x01020304, NATIVE_OTHER_ORDER = 0x04030201;

// The offsets of words are used where they lie.
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "native models want a 64-bit machine");

enum native_type {
    NATIVE_BYTE = 1,
    NATIVE_UINT64,
    NATIVE_INT32,
    NATIVE_FLOAT,
    NATIVE_BFLOAT16,
};

// Sections in the order in which they lie.
enum native_section_id {
    NATIVE_TRAIN_FILE, // names as given, without 0 byte; none if empty
    NATIVE_VALID_FILE,
    NATIVE_COUNTS,  // struct vocabulary: count
    NATIVE_OFFSETS, // offset
    NATIVE_LETTERS, // letters
    NATIVE_SLOTS,   // slot
    NATIVE_CLASSES, // struct classes: of_word
    NATIVE_HIDDEN,  // struct model: hidden
    NATIVE_EMBEDDING,
    NATIVE_RECURRENT,
    NATIVE_COMPRESSION,
    NATIVE_OUTPUT,
    NATIVE_MAXENT,
    NATIVE_SECTIONS
};

// `rows` times `stride` elements from `offset` on.
struct native_section {
    uint32_t id, type;
    uint64_t offset; // in the file; 0 for an empty section
    uint64_t rows, stride;
    uint64_t checksum; // of the section's bytes (base/checksum.h)
};

// As it lies in the file. Every field is 8 bytes wide (or two make 8): there is no padding.
struct native_header {
    char magic[NATIVE_MAGIC_SIZE];
    uint32_t byte_order, version;
    uint64_t file_bytes;
    uint64_t words, hidden, classes, compression, maxent, maxent_order; // struct network_shape
    uint64_t letters, slots;                                            // struct vocabulary
    double valid_log10_prob, train_log10_prob, starting_alpha, alpha;   // struct training_record
    uint64_t epochs, position, save_every, train_words, bptt, bptt_block;
    uint64_t old_classes, independent, halving; // 0 or 1
    uint64_t spare[NATIVE_SPARE];               // 0
    struct native_section section[NATIVE_SECTIONS];
    uint64_t checksum; // of all that stands before
};

_Static_assert(sizeof(struct native_header) ==
                   8 * (25 + NATIVE_SPARE) + NATIVE_SECTIONS * sizeof(struct native_section),
               "no padding");

// What a section is called in messages.
const char *native_section_name(size_t id);

uint64_t native_section_bytes(const struct native_section *section);

// Elements of a row that mean something; the rest of the stride is padding.
uint64_t native_section_width(const struct native_header *header, size_t id);

// From the sizes in the header and section[].type: the rest of the table but for the checksums,
// and file_bytes.
void native_layout(struct native_header *header);

uint64_t native_header_checksum(const struct native_header *header);

// Whether a header as read makes sense and its sections lie where they must. After this, all sizes
// fit together and no section leaves the file_bytes of the file or meets another.
bool native_header_ok(const struct native_header *header, struct error *error);

struct network_shape native_shape(const struct native_header *header);

#endif
