// Lattices one after the other from files of any format.
#include "lattice/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/frames.h"

struct lattice_reader {
    struct input *input;
    const struct lattice_reading *reading;
    bool slf, bare; // neither: utterances of other forms have names
    char *name;     // of the utterance, where the file does not name it
    bool ended;
};

// The file's name without folders and the usual endings.
static char *utterance_of(const char *path, struct error *error)
{
    static const char *const endings[] = {".gz", ".txt", ".slf", ".lat", ".htk", ".fst", ".fsa"};
    const char *slash = strrchr(path, '/');
    const char *begin = slash != NULL ? slash + 1 : path;
    size_t length = strlen(begin);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && memcmp(begin + length - ending, endings[i], ending) == 0)
            length -= ending;
    }
    return memory_text(begin, length, error);
}

// A line that has not been taken yet, which begins at *begin of what has not; its length without the
// newline, SIZE_MAX if it ends beyond what can be seen. As little as can be is waited for.
static const char *line_ahead(struct input *input, size_t begin, size_t *length)
{
    size_t size;
    const char *text = input_ahead(input, 1, &size);
    for (size_t i = begin;; i++) {
        size_t seen = size;
        if (i == size && size < INPUT_AHEAD)
            text = input_ahead(input, size + 1, &size);
        if (i < size ? text[i] == '\n' : size == seen && size < INPUT_AHEAD) {
            *length = i - begin;
            return text + begin;
        }
        if (i >= size) {
            *length = SIZE_MAX;
            return NULL;
        }
    }
}

// What a line looks like, without cutting it.
struct look {
    size_t pieces, commas; // commas of the last piece
    bool assigned, number; // the first has a = in it; is digits alone
};

static struct look look_at(const char *line, size_t length)
{
    struct look look = {.number = true};
    bool blank = true;
    for (size_t i = 0; i < length; i++) {
        bool before = blank;
        blank = line[i] == ' ' || line[i] == '\t' || line[i] == '\r';
        if (blank)
            continue;
        look.pieces += before;
        look.commas = (before ? 0 : look.commas) + (line[i] == ',');
        look.assigned = look.assigned || (look.pieces == 1 && line[i] == '=');
        look.number = look.number && (look.pieces > 1 || (line[i] >= '0' && line[i] <= '9'));
    }
    return look;
}

// SLF begins with KEY=VALUE or a comment, named utterances of other forms with a name alone.
static bool recognise(struct lattice_reader *reader, struct error *error)
{
    int byte;
    while ((byte = input_peek(reader->input)) == ' ' || byte == '\n' || byte == '\t' ||
           byte == '\r')
        input_byte(reader->input);
    if (byte < 0)
        return input_ok(reader->input, error) &&
               error_set(error, "%s: line 1: the file is empty, wanted a lattice",
                         input_name(reader->input));
    size_t length;
    const char *line = line_ahead(reader->input, 0, &length);
    if (line == NULL) // what can be seen of it
        line = input_ahead(reader->input, 1, &length);
    struct look look = look_at(line, length);
    reader->slf = byte == '#' || look.assigned;
    reader->bare = !reader->slf && look.number && look.pieces > 1;
    return true;
}

// Whether the utterance that comes is a compact lattice of Kaldi's: the first line that can tell,
// says it. Arcs have three fields and a weight with commas, or no weight; final states too.
static bool is_compact(struct lattice_reader *reader)
{
    const char *line;
    for (size_t begin = 0, length; (line = line_ahead(reader->input, begin, &length)) != NULL;
         begin += length + 1) {
        struct look look = look_at(line, length);
        if (look.pieces == 0)
            break;
        if (look.pieces >= 4 || (look.pieces == 2 && look.commas != 1))
            return look.pieces < 5 && look.commas > 0;
    }
    return !reader->bare;
}

struct lattice_reader *lattice_reader_open(const char *path, const struct lattice_reading *reading,
                                           struct error *error)
{
    struct lattice_reader *reader = memory_new(1, sizeof *reader, error);
    if (reader == NULL)
        return NULL;
    reader->reading = reading;
    reader->input = input_open_text(path, error);
    if (reader->input != NULL)
        reader->name = utterance_of(strcmp(path, "-") == 0 ? "stdin" : path, error);
    if (reader->name != NULL && recognise(reader, error))
        return reader;
    lattice_reader_close(reader);
    return NULL;
}

void lattice_reader_close(struct lattice_reader *reader)
{
    if (reader == NULL)
        return;
    input_close(reader->input);
    free(reader->name);
    free(reader);
}

static void mark_ignored(struct lattice *lattice, const struct vocabulary *ignored)
{
    for (size_t i = 0; ignored != NULL && i < lattice->links; i++) {
        struct lattice_link *link = &lattice->link[i];
        const char *word = lattice_word(lattice, link);
        if (link->kind == LINK_WORD && vocabulary_find(ignored, word, strlen(word)) > WORD_END)
            link->kind = LINK_IGNORED;
    }
}

static bool read_slf(struct lattice_reader *reader, struct lattice *lattice, struct error *error)
{
    reader->ended = true;
    return lattice_init(lattice, input_name(reader->input), reader->name, error) &&
           slf_read(reader->input, lattice, reader->reading->quotes, error);
}

static bool read_arcs(struct lattice_reader *reader, struct lattice *lattice, struct error *error)
{
    const struct lattice_reading *reading = reader->reading;
    return is_compact(reader)
               ? kaldi_read(reader->input, lattice, reading->symbols, error)
               : fst_read(reader->input, lattice, reading->cost_as_lm, reading->symbols, error);
}

// The one of a file, behind which there is nothing.
static bool read_bare(struct lattice_reader *reader, struct lattice *lattice, struct error *error)
{
    struct piece piece[MOST_PIECES];
    reader->ended = true;
    if (!lattice_init(lattice, input_name(reader->input), reader->name, error) ||
        !read_arcs(reader, lattice, error))
        return false;
    lattice->bare = true;
    for (char *line; (line = input_line(reader->input, NULL)) != NULL;)
        if (pieces_cut(line, piece) > 0)
            return piece_complain(reader->input, input_line_number(reader->input), &piece[0],
                                  "the end of the file: where there are several, each has a line "
                                  "with its name before it",
                                  error);
    return input_ok(reader->input, error);
}

static bool read_named(struct lattice_reader *reader, struct lattice *lattice, struct error *error)
{
    bool failed;
    if (kaldi_next(reader->input, lattice, &failed, error))
        return read_arcs(reader, lattice, error);
    reader->ended = !failed;
    return false;
}

enum lattice_result lattice_read(struct lattice_reader *reader, struct lattice *lattice,
                                 struct error *error)
{
    if (reader->ended)
        return LATTICE_NO_MORE;
    memset(lattice, 0, sizeof *lattice);
    bool named = !reader->slf && !reader->bare;
    bool ok = reader->slf    ? read_slf(reader, lattice, error)
              : reader->bare ? read_bare(reader, lattice, error)
                             : read_named(reader, lattice, error);
    if (!ok && named && reader->ended)
        return LATTICE_NO_MORE;
    reader->ended = reader->ended || !input_ok(reader->input, NULL);
    if (ok) {
        mark_ignored(lattice, reader->reading->ignored);
        ok = lattice_arrange(lattice, reader->reading->trim, error);
    }
    if (ok && lattice->format == LATTICE_KALDI && reader->reading->frame_shift > 0)
        ok = lattice_take_frames(lattice, reader->reading->frame_shift, error);
    if (!ok)
        lattice_free(lattice);
    return ok ? LATTICE_READ : LATTICE_FAILED;
}
