// Fuzzing of base/input.c and base/gzip.c: plain and compressed bytes, line by line and in blocks.
#include "fuzz.h"

#include <string.h>

#include "base/file.h"

static void read_lines(struct input *input)
{
    size_t length;
    const char *line;
    uint64_t lines = 0;
    while ((line = input_line(input, &length)) != NULL) {
        fuzz_check(line[length] == '\0' && memchr(line, '\n', length) == NULL, "a line is a line");
        lines++;
        fuzz_check(input_line_number(input) >= lines, "lines are counted");
    }
}

// Bytes, looks ahead, pieces and blocks by turns.
static void read_pieces(struct input *input, unsigned way)
{
    char piece[61];
    size_t size;
    for (unsigned turn = way;; turn++) {
        int next = input_peek(input);
        if (next < 0)
            break;
        if (turn % 4 == 0) {
            fuzz_check(input_byte(input) == next, "a byte is what was seen of it");
        } else if (turn % 4 == 1) {
            const char *ahead = input_ahead(input, turn % 300 + 1, &size);
            fuzz_check(size > 0 && (unsigned char)ahead[0] == next, "what is ahead is next");
        } else if (turn % 4 == 2) {
            const char *block = input_block(input, &size);
            fuzz_check(size > 0 && (unsigned char)block[0] == next, "a block begins here");
            input_skip(input, size > 7 ? size - 7 : size);
        } else if (!input_read(input, piece, turn % sizeof piece, NULL)) {
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    unsigned way = fuzz_choice(&data, &size);
    fuzz_write(&file, data, size);
    struct input *input =
        way & 1 ? input_open(file.path, &error) : input_open_text(file.path, &error);
    if (input == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    if (way & 2)
        read_lines(input);
    else
        read_pieces(input, way >> 2);
    if (!input_ok(input, &error))
        fuzz_check_error(&error);
    input_close(input);
    return 0;
}
