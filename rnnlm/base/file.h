// Files: reading plain, gzip-compressed and standard input alike; writing so that a crash leaves
// the old file or the new.
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

// ---- reading ----------------------------------------------------------------------------------

// A file being read, decompressed on the fly; "-" is standard input. Compressed files one behind the
// other are one file; other data behind them are a failure, as are cut and damaged ones. Failures
// while reading are kept in the input: the reading functions then report the end, and input_ok()
// tells the two apart.
struct input;

// A file of text: UTF-8's byte order mark is passed over, a zero byte is a failure that names its
// line. Error: "cannot open PATH: reason", which may be that standard output goes to this file;
// content that is none of ours (base/content.h), which is found here in files, when it is read in
// pipes.
struct input *input_open_text(const char *path, struct error *error);

// The same, but zero bytes are bytes like others.
struct input *input_open(const char *path, struct error *error);
void input_close(struct input *input);

// Whether the path is that of a regular file, which can be read again: no pipe, and not "-".
bool input_is_file(const char *path);

// An input that has been looked at and found to be text is one from here on, as if it had been opened
// so; nothing has been taken from it. Error: a zero byte.
bool input_as_text(struct input *input, struct error *error);

// The name it was opened by, for messages.
const char *input_name(const struct input *input);

// Next byte, or -1 at the end and after a failure.
int input_byte(struct input *input);

// Next byte without taking it, or -1.
int input_peek(struct input *input);

// Next line without its newline (a last line may lack one), 0-terminated, valid until the next
// call; NULL at the end and after a failure, which a line of more than INPUT_LONGEST bytes is: none
// of the formats that are read line by line has such lines, and a device or a compressed file may
// have one without end. *length (may be NULL) counts bytes.
enum { INPUT_LONGEST = 1 << 24 };
char *input_line(struct input *input, size_t *length);

// Exactly `size` bytes into `data`; false with "PATH: byte N: file ends, M more bytes wanted".
bool input_read(struct input *input, void *data, size_t size, struct error *error);

// A run of bytes that are already in memory, read if need be: sets *size and returns where they
// lie; 0 bytes at the end. input_skip() then takes `size` or fewer of them.
const char *input_block(struct input *input, size_t *size);
void input_skip(struct input *input, size_t size);

// The bytes that come next, without taking them: at least `wanted` (no more than INPUT_AHEAD), unless
// the file has less; a pipe hands them out in parts of any size.
enum { INPUT_AHEAD = FILE_BUFFER / 4 };
const char *input_ahead(struct input *input, size_t wanted, size_t *size);

// Lines begun so far (1 while in the first), bytes taken so far (after decompression).
uint64_t input_line_number(const struct input *input);
uint64_t input_offset(const struct input *input);

// Bytes that are still to be taken, where that is known: UINT64_MAX for compressed files and pipes.
uint64_t input_bytes_left(const struct input *input);

// False, with `error` filled, if reading has failed since opening (I/O error, cut or damaged gzip
// data, no memory).
bool input_ok(const struct input *input, struct error *error);

// ---- writing ----------------------------------------------------------------------------------

// A file being written. A regular file is written beside its name and renamed over it by
// output_commit(), after fsync, unless it is write-protected; a link stays, and what it leads to is
// replaced or made; a name ending in .gz is compressed; "-" is standard output; pipes and devices
// are written directly.
struct output;

struct output *output_open(const char *path, struct error *error);

// The same for a result, which replaces no file that this process has read, and no result that it
// has written, whatever names they were called by: two results of one name would leave one. What has
// been read since the output was opened shows in output_commit().
struct output *output_create(const char *path, struct error *error);

// Whether a result may be written there, as far as that is known now.
bool output_may_replace(const char *path, struct error *error);

// Tries, before work that may take days, what can be tried of writing a result: where it belongs, a
// file is made and removed again. Pipes and devices are not opened, and what is there stays.
bool output_try(const char *path, struct error *error);

// The same for a folder of results.
bool output_try_folder(const char *path, struct error *error);

// Removes what all outputs of this process have written beside the files that they would have
// replaced, and nothing else: for a program's signal handler, whose process ends then. What a
// process that was killed has left, the next one that writes into the folder removes.
void output_remove_unfinished(void);

// Failures are kept and reported by output_commit().
void output_write(struct output *output, const void *data, size_t size);
void output_text(struct output *output, const char *text);
void output_format(struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Whether the file is compressed: several threads may then pack its parts (base/gzip.h), which are
// written as they are.
bool output_is_compressed(const struct output *output);
void output_write_packed(struct output *output, const void *packed, size_t size);

// Hands on what is buffered, so that a reader of standard output sees it now.
void output_flush(struct output *output);

// Ends the writing and frees `output`, also on failure; after one the old file is as it was.
bool output_commit(struct output *output, struct error *error);

// Gives up the writing: the old file stays.
void output_discard(struct output *output);

// The one or the other, as `ok` says; NULL is not ok. Returns whether the result is there. Error: that of
// output_commit(), or else what is there already.
bool output_end(struct output *output, bool ok, struct error *error);

#endif
