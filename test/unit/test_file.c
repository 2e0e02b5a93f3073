// Reading files: in every way, from every kind, whole or with a report. Writing is in
// test_output.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "scratch.h"

enum { BUFFER = 1 << 18, LONGEST = 3 * BUFFER + 100 }; // the reader's buffer; the longest content

static struct random generator;

// ---- contents and containers ------------------------------------------------------------------

struct content {
    char *data;
    size_t size;
};

static const struct {
    const char *text;
    size_t size;
} short_contents[] = {{"", 0},           {"\n", 1},          {"a", 1},         {"a\n", 2},
                      {"a\n\nbc", 5},    {"a\r\n b\t\n", 7}, {"\n\n\n", 3},    {"x\0y\n\0\n\0", 7},
                      {"\xfe\n\xff", 3}, {"\x1f", 1},        {"\x1f\n\x8b", 3}};

// Lengths of a first line; two short lines follow, the last of them without newline.
static const size_t long_lines[] = {BUFFER - 2, BUFFER - 1, BUFFER, BUFFER + 1, LONGEST - 100};

enum {
    SHORT = sizeof short_contents / sizeof *short_contents,
    CONTENTS = SHORT + sizeof long_lines / sizeof *long_lines
};

static struct content make_content(size_t i)
{
    struct content content = {malloc(LONGEST), 0};
    assert_non_null(content.data);
    if (i < SHORT) {
        content.size = short_contents[i].size;
        memcpy(content.data, short_contents[i].text, content.size);
    } else {
        size_t length = long_lines[i - SHORT];
        for (size_t j = 0; j < length; j++)
            content.data[j] = (char)('a' + random_next(&generator) % 26);
        memcpy(content.data + length, "\nb\nc", 4);
        content.size = length + 4;
    }
    return content;
}

enum container { PLAIN, GZIP, STDIN_PLAIN, STDIN_GZIP, STDIN_PIPE, CONTAINERS };

static const char *const container_name[] = {"plain", "gzip", "standard input",
                                             "gzip on standard input", "pipe"};

struct source {
    struct input *input;
    int saved;    // standard input of before, -1 if it is untouched
    pid_t writer; // feeds the pipe, 0 if there is none
};

// A child that waits, then writes the content, in parts of so many bytes, into a pipe whose other end
// becomes standard input.
static pid_t feed_pipe(const struct content *content, size_t part, useconds_t wait)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        usleep(wait);
        child_keeps = content->data;
        size_t done = 0;
        for (ssize_t n = 0; n >= 0 && done < content->size; done += n < 0 ? 0 : (size_t)n) {
            size_t left = content->size - done;
            n = write(ends[1], content->data + done, left < part ? left : part);
        }
        _exit(done != content->size);
    }
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    return writer;
}

static struct source open_source(const struct content *content, enum container container)
{
    struct source source = {.saved = -1};
    bool compressed = container == GZIP || container == STDIN_GZIP;
    (compressed ? write_gzip : write_file)("content", content->data, content->size);
    if (container == STDIN_PLAIN || container == STDIN_GZIP)
        source.saved = redirect(STDIN_FILENO, "content", O_RDONLY);
    if (container == STDIN_PIPE) {
        source.saved = dup(STDIN_FILENO);
        source.writer = feed_pipe(content, content->size, 0);
    }
    struct error error = {""};
    source.input = input_open(source.saved >= 0 ? "-" : "content", &error);
    assert_string_equal(error.text, "");
    assert_non_null(source.input);
    assert_string_equal(input_name(source.input), source.saved >= 0 ? "standard input" : "content");
    return source;
}

static void close_source(struct source *source)
{
    struct error error = {""};
    assert_true(input_ok(source->input, &error));
    assert_string_equal(error.text, "");
    input_close(source->input);
    if (source->saved >= 0)
        restore(STDIN_FILENO, source->saved);
    int status = 0;
    if (source->writer > 0)
        assert_int_equal(waitpid(source->writer, &status, 0), source->writer);
    assert_int_equal(status, 0);
}

// ---- reading: the ways ------------------------------------------------------------------------

static void read_lines(struct input *input, const struct content *content)
{
    size_t at = 0, length;
    for (uint64_t line = 1; at < content->size; line++) {
        const char *newline = memchr(content->data + at, '\n', content->size - at);
        size_t end = newline != NULL ? (size_t)(newline - content->data) : content->size;
        char *found = input_line(input, &length);
        assert_non_null(found);
        assert_int_equal(length, end - at);
        assert_memory_equal(found, content->data + at, length);
        assert_int_equal(found[length], '\0');
        at = end + (newline != NULL);
        assert_int_equal(input_line_number(input), line);
        assert_int_equal(input_offset(input), at);
    }
    assert_null(input_line(input, &length));
    assert_null(input_line(input, NULL));
}

static void read_bytes(struct input *input, const struct content *content)
{
    uint64_t line = 0;
    for (size_t i = 0; i < content->size; i++) {
        line += i == 0 || content->data[i - 1] == '\n';
        if (i % 3 == 0 && input_peek(input) != (unsigned char)content->data[i])
            fail_msg("byte %zu seen wrongly", i);
        if (input_byte(input) != (unsigned char)content->data[i])
            fail_msg("byte %zu taken wrongly", i);
        if (input_line_number(input) != line || input_offset(input) != i + 1)
            fail_msg("byte %zu counted wrongly", i);
    }
    assert_int_equal(input_peek(input), -1);
    assert_int_equal(input_byte(input), -1);
}

static void read_blocks(struct input *input, const struct content *content)
{
    size_t at = 0, size;
    for (const char *block; block = input_block(input, &size), size > 0;) {
        size_t part = 1 + (size_t)random_next(&generator) % size;
        assert_true(size <= content->size - at);
        assert_memory_equal(block, content->data + at, part);
        input_skip(input, part);
        at += part;
    }
    assert_int_equal(at, content->size);
}

// One half in one piece, the rest, and one byte too many.
static void read_pieces(struct input *input, const struct content *content)
{
    struct error error = {""};
    char *data = malloc(LONGEST), wanted[64];
    size_t half = content->size / 2;
    assert_true(input_read(input, data, half, &error));
    assert_true(input_read(input, data + half, content->size - half, &error));
    assert_memory_equal(data, content->data, content->size);
    assert_string_equal(error.text, "");
    assert_false(input_read(input, data, 3, &error));
    snprintf(wanted, sizeof wanted, "byte %zu: file ends, 3 more bytes wanted", content->size);
    assert_non_null(strstr(error.text, wanted));
    assert_non_null(strstr(error.text, input_name(input)));
    free(data);
}

static void every_way_from_every_container(void **state)
{
    (void)state;
    void (*const ways[])(struct input *, const struct content *) = {read_lines, read_bytes,
                                                                    read_blocks, read_pieces};
    for (size_t i = 0; i < CONTENTS; i++) {
        struct content content = make_content(i);
        for (enum container container = PLAIN; container < CONTAINERS; container++) {
            for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
                struct source source = open_source(&content, container);
                ways[way](source.input, &content);
                close_source(&source);
            }
        }
        free(content.data);
    }
}

// Whatever parts a pipe hands out, and wherever in the buffer the next byte stands.
static void bytes_ahead(void **state)
{
    (void)state;
    struct content content = make_content(CONTENTS - 1);
    size_t size;
    struct source source = {.saved = dup(STDIN_FILENO), .writer = feed_pipe(&content, 1000, 0)};
    source.input = input_open("-", NULL);
    assert_non_null(source.input);
    for (size_t at = 0; at < content.size; at += 777) {
        size_t left = content.size - at;
        const char *found = input_ahead(source.input, INPUT_AHEAD, &size);
        assert_true(size >= (left < INPUT_AHEAD ? left : INPUT_AHEAD));
        assert_memory_equal(found, content.data + at, left < INPUT_AHEAD ? left : INPUT_AHEAD);
        assert_int_equal(input_offset(source.input), at);
        input_skip(source.input, left < 777 ? left : 777);
    }
    input_ahead(source.input, 1, &size);
    assert_int_equal(size, 0);
    close_source(&source);
    free(content.data);
}

static void bytes_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENTS; i += 3) {
        struct content content = make_content(i);
        for (enum container container = PLAIN; container < CONTAINERS; container++) {
            bool known = container == PLAIN || container == STDIN_PLAIN;
            struct source source = open_source(&content, container);
            for (size_t taken = 0; taken <= content.size && taken < 5; taken++) {
                uint64_t left = input_bytes_left(source.input);
                if (left != (known ? content.size - taken : UINT64_MAX))
                    fail_msg("%s, %zu of %zu bytes taken: %llu left", container_name[container],
                             taken, content.size, (unsigned long long)left);
                input_byte(source.input);
            }
            while (input_line(source.input, NULL) != NULL)
                ;
            close_source(&source);
        }
        free(content.data);
    }
}

// What others have read of standard input is not among the bytes that are left.
static void bytes_left_of_a_file_begun(void **state)
{
    (void)state;
    char byte;
    write_file("content", "abc", 3);
    int saved = redirect(STDIN_FILENO, "content", O_RDONLY);
    assert_int_equal(read(STDIN_FILENO, &byte, 1), 1);
    struct input *input = input_open("-", NULL);
    restore(STDIN_FILENO, saved);
    assert_int_equal(input_bytes_left(input), 2);
    assert_int_equal(input_byte(input), 'b');
    input_close(input);
}

static void interrupted_reading_goes_on(void **state)
{
    (void)state;
    struct content content = make_content(CONTENTS - 1);
    struct source source = {.saved = dup(STDIN_FILENO), .writer = feed_pipe(&content, content.size, 20000)};
    signals_begin();
    source.input = input_open("-", NULL);
    assert_non_null(source.input);
    read_lines(source.input, &content);
    assert_true(signals_end() > 0);
    close_source(&source);
    free(content.data);
}

// ---- reading: failures ------------------------------------------------------------------------

static void files_that_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0777), 0);
    write_file("content", "x", 1);
    const struct {
        const char *path, *reason;
    } rows[] = {{"missing", "No such file"},
                {"folder", "directory"},
                {"folder/", "directory"},
                {"content/x", "Not a directory"},
                {"", "No such file"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {""};
        assert_null(input_open(rows[i].path, &error));
        assert_non_null(strstr(error.text, "cannot open"));
        assert_non_null(strstr(error.text, rows[i].path));
        assert_non_null(strstr(error.text, rows[i].reason));
    }
    assert_int_equal(rmdir("folder"), 0);
}

// Reads to the end; true without a failure, and *same tells whether the content came.
static bool read_through(const char *name, const struct content *content, bool *same)
{
    struct error error = {""};
    struct input *input = input_open(name, &error);
    size_t at = 0, size;
    assert_non_null(input);
    *same = true;
    for (const char *block; block = input_block(input, &size), size > 0; at += size) {
        *same = *same && at + size <= content->size && memcmp(block, content->data + at, size) == 0;
        input_skip(input, size);
    }
    *same = *same && at == content->size;
    bool ok = input_ok(input, &error);
    assert_int_equal(ok, error.text[0] == '\0');
    assert_true(ok || strstr(error.text, name) != NULL);
    assert_true(ok || input_byte(input) == -1);
    input_close(input);
    return ok;
}

// The message about a file of this content: when it is opened, or, from a pipe, when it is read.
static const char *message_about(const char *bytes, size_t size, bool text,
                                 enum container container)
{
    static struct error error;
    struct content content = {(char *)(uintptr_t)bytes, size};
    struct input *(*open_as)(const char *, struct error *) = text ? input_open_text : input_open;
    struct input *input;
    int saved = -1;
    error.text[0] = '\0';
    if (container == STDIN_PIPE) {
        saved = dup(STDIN_FILENO);
        pid_t writer = feed_pipe(&content, size, 0);
        input = open_as("-", &error);
        assert_non_null(input);
        while (input_line(input, NULL) != NULL)
            ;
        bool ok = input_ok(input, &error);
        assert_int_equal(ok, error.text[0] == '\0');
        waitpid(writer, NULL, 0);
        restore(STDIN_FILENO, saved);
    } else {
        (container == GZIP ? write_gzip : write_file)("content", bytes, size);
        input = open_as("content", &error);
        assert_int_equal(input != NULL, error.text[0] == '\0');
    }
    input_close(input);
    return error.text;
}

static void content_of_other_kinds_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t size;
        const char *found;
    } rows[] = {
#define ROW(bytes, found) {bytes, sizeof(bytes) - 1, found}
        ROW("\xff\xfe"
            "a\0\n\0",
            "found UTF-16, wanted UTF-8"),
        ROW("\xfe\xff\0a\0\n", "found UTF-16, wanted UTF-8"),
        ROW("a\0 \0b\0\n\0", "found UTF-16"),
        ROW("\0a\0 \0b\0\n", "found UTF-16"),
        ROW("\xff\xfe\0\0a\0\0\0", "found UTF-32"),
        ROW("BZh91AY&SY\x12\x34", "bzip2 -d"),
        ROW("\xfd\x37zXZ\0\0\4", "xz -d"),
        ROW("\x28\xb5\x2f\xfd\x04", "zstd -d"),
        ROW("PK\3\4\0\0", "zip archive"),
        ROW("mmap lm http://kheafield.com/code format version 5\n\0", "lmplz --arpa"),
        ROW("SRILM_BINARY_NGRAM_002\n", "ngram -lm FILE -write-lm NEW"),
        ROW("Trie Language Model\n\1", "sphinx_lm_convert"),
        ROW("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        ROW("utt-1 \0BCM \4", "ark,t:"),
        ROW("\0BFV \4", "ark,t:"),
    };
    const enum container containers[] = {PLAIN, GZIP, STDIN_PIPE};
    for (size_t i = 0; i < 2 * 3 * (sizeof rows / sizeof *rows); i++) {
        const char *found =
            message_about(rows[i / 6].bytes, rows[i / 6].size, i % 2 == 0, containers[i / 2 % 3]);
        if (strstr(found, rows[i / 6].found) == NULL)
            fail_msg("row %zu: \"%s\"", i / 6, found);
    }
    // Cut short, and words that only begin so.
    const char *const texts[] = {"BZh9",      "PK",      "version https:\n", "Trie Language\n",
                                 "utt-1 B\n", "SRILM\n", "mmap lm\n",        "\xff\n",
                                 "\xef\xbb",  ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(message_about(texts[i], strlen(texts[i]), true, PLAIN), "");
}

static void zero_bytes_are_no_text(void **state)
{
    (void)state;
    static const char bytes[] = "ab\nc\n\nd \0 e\n";
    for (enum container container = PLAIN; container < CONTAINERS; container++) {
        if (container != PLAIN && container != GZIP && container != STDIN_PIPE)
            continue;
        const char *found = message_about(bytes, sizeof bytes - 1, true, container);
        assert_non_null(strstr(found, ": line 4: found a zero byte, wanted text"));
        assert_string_equal(message_about(bytes, sizeof bytes - 1, false, container), "");
    }
    // Beyond the buffer, where the lines before have been taken.
    char *data = malloc(LONGEST);
    memset(data, 'x', LONGEST);
    data[BUFFER / 2] = data[BUFFER + 5] = '\n';
    data[BUFFER + 7] = '\0';
    write_file("content", data, LONGEST);
    free(data);
    struct error error = {""};
    struct input *input = input_open_text("content", &error);
    assert_non_null(input);
    assert_non_null(input_line(input, NULL));
    assert_null(input_line(input, NULL));
    assert_false(input_ok(input, &error));
    assert_string_equal(error.text, "content: line 3: found a zero byte, wanted text");
    input_close(input);
}

static void byte_order_mark_is_passed_over(void **state)
{
    (void)state;
    static const char marked[] = "\xef\xbb\xbf"
                                 "a\n\xef\xbb\xbf"
                                 "b\n";
    for (int i = 0; i < 4; i++) {
        struct error error;
        size_t length;
        (i % 2 == 0 ? write_file : write_gzip)("content", marked, sizeof marked - 1);
        struct input *input = (i < 2 ? input_open_text : input_open)("content", &error);
        assert_non_null(input);
        assert_string_equal(input_line(input, &length), "a");
        assert_int_equal(length, 1);
        assert_int_equal(input_line_number(input), 1);
        assert_int_equal(input_offset(input), 5);
        if (i % 2 == 0)
            assert_int_equal(input_bytes_left(input), 5);
        assert_string_equal(input_line(input, NULL), "\xef\xbb\xbf"
                                                     "b"); // one within is not one
        assert_null(input_line(input, NULL));
        assert_true(input_ok(input, &error));
        input_close(input);
    }
    write_file("content", marked, 3);
    struct input *input = input_open_text("content", NULL);
    assert_int_equal(input_peek(input), -1);
    assert_null(input_line(input, NULL));
    assert_true(input_ok(input, NULL));
    input_close(input);
}

// Any file but the whole one is reported. One byte alone is a plain file to zlib.
static void cut_gzip_is_reported(void **state)
{
    (void)state;
    for (size_t i = 4; i < CONTENTS; i += CONTENTS - 5) {
        struct content content = make_content(i);
        size_t size;
        bool same;
        write_gzip("whole.gz", content.data, content.size);
        char *compressed = read_whole("whole.gz", false, &size);
        size_t step = size / 60 + 1;
        for (size_t cut = 2; cut<size; cut += cut> 40 && cut + 40 < size ? step : 1) {
            write_file("cut.gz", compressed, cut);
            if (read_through("cut.gz", &content, &same))
                fail_msg("cut at %zu of %zu bytes unnoticed", cut, size);
        }
        write_file("cut.gz", compressed, size);
        assert_true(read_through("cut.gz", &content, &same));
        assert_true(same);
        free(compressed);
        free(content.data);
    }
}

static void damaged_gzip_is_reported(void **state)
{
    (void)state;
    struct content content = make_content(CONTENTS - 1);
    size_t size;
    bool same;
    content.size = 3000;
    write_gzip("whole.gz", content.data, content.size);
    char *compressed = read_whole("whole.gz", false, &size);
    int reported = 0;
    for (size_t at = 10; at < size; at++) {
        compressed[at] ^= 0x15;
        write_file("damaged.gz", compressed, size);
        bool ok = read_through("damaged.gz", &content, &same);
        compressed[at] ^= 0x15;
        reported += !ok;
        if (ok && !same)
            fail_msg("damage of byte %zu of %zu unnoticed", at, size);
    }
    assert_true(reported > (int)size - 20);
    free(compressed);
    free(content.data);
}

static void append(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

// Compressed files one behind the other are one file, and zeros at the end are padding; anything
// else is no part of what was compressed.
static void what_is_behind_gzip(void **state)
{
    (void)state;
    static char zeros[2 * BUFFER];
    struct content content = {"onetwo", 6};
    size_t size;
    bool same;
    write_gzip("one.gz", "one", 3);
    write_gzip("two.gz", "two", 3);
    char *two = read_whole("two.gz", false, &size);
    append("one.gz", two, size);
    assert_true(read_through("one.gz", &content, &same) && same);
    append("one.gz", zeros, sizeof zeros);
    assert_true(read_through("one.gz", &content, &same) && same);
    const char *const more[] = {"x", "\x1f", "\x1fx", "more than two bytes"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        for (size_t padding = 0; padding < 2; padding++) {
            write_file("more.gz", two, size);
            append("more.gz", zeros, padding * sizeof zeros);
            append("more.gz", more[i], strlen(more[i]));
            if (read_through("more.gz", &content, &same))
                fail_msg("\"%s\" behind compressed data unnoticed", more[i]);
        }
    free(two);
}

// A line may have as many bytes as are said, and no more, however many the file has.
static void lines_without_end(void **state)
{
    (void)state;
    struct error error = {""};
    size_t length;
    char *data = calloc(INPUT_LONGEST + 2, 1);
    assert_non_null(data);
    data[INPUT_LONGEST] = '\n';
    write_gzip("long.gz", data, INPUT_LONGEST + 1);
    struct input *input = input_open("long.gz", NULL);
    assert_non_null(input_line(input, &length));
    assert_int_equal(length, INPUT_LONGEST);
    assert_null(input_line(input, &length));
    assert_true(input_ok(input, &error));
    input_close(input);
    data[INPUT_LONGEST] = 'x';
    data[INPUT_LONGEST + 1] = '\n';
    write_gzip("long.gz", data, INPUT_LONGEST + 2);
    free(data);
    for (int device = 0; device < 2; device++) {
        input = input_open(device ? "/dev/zero" : "long.gz", &error);
        if (input == NULL)
            continue;
        assert_null(input_line(input, &length));
        assert_false(input_ok(input, &error));
        assert_non_null(strstr(error.text, ": line 1: found more than 16777216 bytes"));
        input_close(input);
    }
}

static void failure_while_reading_is_kept(void **state)
{
    (void)state;
    struct error error = {""};
    struct input *input = input_open("/proc/self/mem", &error); // its first page cannot be read
    if (input == NULL)
        skip();
    char byte;
    assert_int_equal(input_peek(input), -1);
    assert_null(input_line(input, NULL));
    assert_false(input_read(input, &byte, 1, &error));
    assert_non_null(strstr(error.text, "/proc/self/mem: cannot read on after byte 0"));
    assert_false(input_ok(input, NULL));
    input_close(input);
}

static void every_allocation_of_reading_fails_once(void **state)
{
    (void)state;
    struct content content = make_content(CONTENTS - 1);
    write_file("content", content.data, content.size);
    int allowed = 0;
    for (bool done = false; !done; allowed++) {
        struct error error = {""};
        memory_fail_after(allowed);
        struct input *input = input_open("content", &error);
        while (input != NULL && input_line(input, NULL) != NULL)
            ;
        done = input != NULL && input_ok(input, &error);
        memory_fail_after(-1);
        assert_int_equal(done, strstr(error.text, "not enough memory") == NULL);
        input_close(input);
    }
    assert_true(allowed > 4);
    free(content.data);
}

int main(void)
{
    random_seed(&generator, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_from_every_container),
        cmocka_unit_test(bytes_ahead),
        cmocka_unit_test(bytes_left),
        cmocka_unit_test(bytes_left_of_a_file_begun),
        cmocka_unit_test(interrupted_reading_goes_on),
        cmocka_unit_test(files_that_cannot_be_opened),
        cmocka_unit_test(content_of_other_kinds_is_refused),
        cmocka_unit_test(zero_bytes_are_no_text),
        cmocka_unit_test(byte_order_mark_is_passed_over),
        cmocka_unit_test(cut_gzip_is_reported),
        cmocka_unit_test(damaged_gzip_is_reported),
        cmocka_unit_test(what_is_behind_gzip),
        cmocka_unit_test(lines_without_end),
        cmocka_unit_test(failure_while_reading_is_kept),
        cmocka_unit_test(every_allocation_of_reading_fails_once),
    };
    return cmocka_run_group_tests_name("file", tests, scratch_enter, scratch_leave);
}
