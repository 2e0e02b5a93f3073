// Native model files of version 1, which held the reference's networks only: a fixed header, then
// sections where it says. They are read as if they had a table of sections and the texts of today's.
#ifndef MODEL_NATIVE_V1_H
#define MODEL_NATIVE_V1_H

#include "base/sections.h"
#include "model/model.h"

enum { NATIVE_V1_SPARE = 8, NATIVE_V1_SECTIONS = 13 };

// `rows` times `stride` elements from `offset` on, as it lies in the file.
struct native_v1_section {
    uint32_t id, type;
    uint64_t offset; // in the file; 0 for an empty section
    uint64_t rows, stride;
    uint64_t checksum; // of the section's bytes (base/checksum.h)
};

// As it lies in the file. Every field is 8 bytes wide (or two make 8): there is no padding.
struct native_v1_header {
    char magic[SECTIONS_MAGIC_SIZE];
    uint32_t byte_order, version;
    uint64_t file_bytes;
    uint64_t words, hidden, classes, compression, maxent, maxent_order;
    uint64_t letters, slots;                                              // struct vocabulary
    double valid_log10_prob, train_log10_prob, starting_alpha, alpha;     // struct training_record
    uint64_t epochs, position, save_every, train_words, bptt, bptt_block; // bptt as the reference's
    uint64_t old_classes, independent, halving;                           // 0 or 1
    uint64_t spare[NATIVE_V1_SPARE];                                      // 0
    struct native_v1_section section[NATIVE_V1_SECTIONS];
    uint64_t checksum; // of all that stands before
};

_Static_assert(sizeof(struct native_v1_header) ==
                   8 * (25 + NATIVE_V1_SPARE) +
                       NATIVE_V1_SECTIONS * sizeof(struct native_v1_section),
               "no padding");

// Whether the file begins with a header of version 1; takes nothing from it.
bool native_v1_recognise(const void *begin, size_t size);

// From a header as read: shape, record (without file names) and table, whose sections `train-file`
// and `valid-file` hold names without 0 byte. Error: what is wrong with it. After this, all sizes fit
// together and no section leaves the file or meets another.
bool native_v1_convert(const struct native_v1_header *header, struct network_shape *shape,
                       struct training_record *record, struct sections *sections,
                       struct error *error);

#endif
