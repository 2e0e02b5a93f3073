// Compressed data, by zlib.
#include "base/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/descriptor.h"
#include "base/memory.h"

enum {
    BUFFER = GZIP_BEGUN,
    TRAILER = 64, // and more than header and trailer have
    GZIP_FORMAT = 15 + 16,
    MEMORY_LEVEL = 8
}; // 32 kB of window, gzip header

struct gzip {
    z_stream stream;
    bool writes, inside; // inside: a member has begun and not ended
    bool ended;          // nothing more comes from the descriptor
    unsigned char buffer[BUFFER];
};

static struct gzip *make(bool writes, struct error *error)
{
    struct gzip *gzip = memory_new(1, sizeof *gzip, error);
    if (gzip == NULL)
        return NULL;
    gzip->writes = writes;
    int code = writes ? deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_FORMAT,
                                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY)
                      : inflateInit2(&gzip->stream, GZIP_FORMAT);
    if (code == Z_OK)
        return gzip;
    free(gzip);
    error_set(error, "not enough memory for compressed data");
    return NULL;
}

void gzip_free(struct gzip *gzip)
{
    if (gzip == NULL)
        return;
    if (gzip->writes)
        deflateEnd(&gzip->stream);
    else
        inflateEnd(&gzip->stream);
    free(gzip);
}

// ---- reading ----------------------------------------------------------------------------------

bool gzip_recognise(const void *data, size_t size)
{
    return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

struct gzip *gzip_reader_new(const void *begun, size_t size, struct error *error)
{
    struct gzip *gzip = make(false, error);
    if (gzip == NULL)
        return NULL;
    memcpy(gzip->buffer, begun, size);
    gzip->stream.next_in = gzip->buffer;
    gzip->stream.avail_in = (unsigned)size;
    gzip->inside = true;
    return gzip;
}

// Reads until the buffer holds `least` bytes, or all there are. False and what is wrong.
static bool refill(struct gzip *gzip, int descriptor, size_t least, const char **wrong)
{
    z_stream *stream = &gzip->stream;
    if (stream->avail_in < least)
        memmove(gzip->buffer, stream->next_in, stream->avail_in);
    while (stream->avail_in < least && !gzip->ended) {
        ssize_t got =
            descriptor_read(descriptor, gzip->buffer + stream->avail_in, BUFFER - stream->avail_in);
        if (got < 0) {
            *wrong = strerror(errno);
            return false;
        }
        gzip->ended = got == 0;
        stream->next_in = gzip->buffer;
        stream->avail_in += (unsigned)got;
    }
    return true;
}

// Between members: whether another one begins.
static bool next_member(struct gzip *gzip, int descriptor, const char **wrong)
{
    z_stream *stream = &gzip->stream;
    if (!refill(gzip, descriptor, 2, wrong))
        return false;
    if (gzip_recognise(stream->next_in, stream->avail_in)) {
        inflateReset(stream);
        gzip->inside = true;
        return true;
    }
    for (; stream->avail_in > 0 && *stream->next_in == 0; stream->next_in++, stream->avail_in--)
        if (stream->avail_in == 1 && !refill(gzip, descriptor, 2, wrong))
            return false;
    if (stream->avail_in > 0)
        *wrong = "compressed data ends here, and other data follows";
    return false;
}

ssize_t gzip_read(struct gzip *gzip, int descriptor, void *data, size_t size, const char **wrong)
{
    z_stream *stream = &gzip->stream;
    *wrong = NULL;
    stream->next_out = data;
    stream->avail_out = size < INT_MAX ? (unsigned)size : INT_MAX;
    while (stream->next_out == data) {
        if (!gzip->inside && !next_member(gzip, descriptor, wrong))
            return *wrong != NULL ? -1 : 0;
        if (!refill(gzip, descriptor, 1, wrong))
            return -1;
        int code = inflate(stream, Z_NO_FLUSH);
        gzip->inside = code != Z_STREAM_END;
        if (code == Z_OK || code == Z_STREAM_END)
            continue;
        *wrong = code == Z_BUF_ERROR   ? "compressed data is cut short"
                 : code == Z_MEM_ERROR ? "not enough memory"
                 : stream->msg != NULL ? stream->msg
                                       : "compressed data is damaged";
        return -1;
    }
    return (ssize_t)(stream->next_out - (unsigned char *)data);
}

// ---- writing ----------------------------------------------------------------------------------

struct gzip *gzip_writer_new(struct error *error)
{
    return make(true, error);
}

bool gzip_write(struct gzip *gzip, int descriptor, const void *data, size_t size, bool last,
                const char **wrong)
{
    z_stream *stream = &gzip->stream;
    const unsigned char *at = data;
    int code = Z_OK;
    if (size == 0 && !last)
        return true; // no byte of a member that has not begun
    do {
        size_t piece = size < INT_MAX ? size : INT_MAX;
        stream->next_in = (unsigned char *)(uintptr_t)at;
        stream->avail_in = (unsigned)piece;
        at += piece;
        size -= piece;
        do {
            stream->next_out = gzip->buffer;
            stream->avail_out = BUFFER;
            code = deflate(stream, last && size == 0 ? Z_FINISH : Z_NO_FLUSH);
            if (!descriptor_write(descriptor, gzip->buffer, BUFFER - stream->avail_out)) {
                *wrong = strerror(errno);
                return false;
            }
        } while (stream->avail_out == 0);
    } while (size > 0);
    return code != Z_STREAM_ERROR;
}

bool gzip_end_member(struct gzip *gzip, int descriptor, const char **wrong)
{
    if (gzip->stream.total_in == 0)
        return true;
    return gzip_write(gzip, descriptor, "", 0, true, wrong) && deflateReset(&gzip->stream) == Z_OK;
}

size_t gzip_most(size_t size)
{
    return compressBound(size) + TRAILER;
}

bool gzip_pack(const void *data, size_t size, void *to, size_t *packed, struct error *error)
{
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data,
                       .avail_in = (unsigned)size,
                       .next_out = to,
                       .avail_out = (unsigned)gzip_most(size)};
    if (size > INT_MAX / 2 || deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_FORMAT,
                                           MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set(error, "not enough memory for compressed data");
    bool ok = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *packed = stream.total_out;
    deflateEnd(&stream);
    return ok || error_set(error, "cannot compress %zu bytes", size);
}
