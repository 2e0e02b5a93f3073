// Compressed data on its way from or to a descriptor: gzip's format, as many members as there are.
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

struct gzip;

// Whether data that begin so are compressed; two bytes tell.
bool gzip_recognise(const void *data, size_t size);

// Begins to read what `size` bytes, at most GZIP_BEGUN, have been read of already. Error: no memory.
enum { GZIP_BEGUN = FILE_BUFFER };
struct gzip *gzip_reader_new(const void *begun, size_t size, struct error *error);

// As descriptor_read() gives the bytes themselves; after -1 *wrong says what is wrong. Zeros behind
// the last member are padding (of tapes), anything else there is an error.
ssize_t gzip_read(struct gzip *gzip, int descriptor, void *data, size_t size, const char **wrong);

// Begins to write. Error: no memory.
struct gzip *gzip_writer_new(struct error *error);

// Takes all bytes; the `last` ones (or none) end the member. False, and what is wrong.
bool gzip_write(struct gzip *gzip, int descriptor, const void *data, size_t size, bool last,
                const char **wrong);

// Nothing for NULL.
void gzip_free(struct gzip *gzip);

// Compressed data of its own, which may stand before and behind others in a file; by any number of
// threads. `to` has room for gzip_most() bytes; *packed: those used. Error: no memory.
size_t gzip_most(size_t size);
bool gzip_pack(const void *data, size_t size, void *to, size_t *packed, struct error *error);

// Ends the data written so far, so that such data may follow.
bool gzip_end_member(struct gzip *gzip, int descriptor, const char **wrong);

#endif
