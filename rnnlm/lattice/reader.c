// Lattices one after the other from files of any format.
#include "lattice/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct lattice_reader {
    struct input *input;
    const struct lattice_reading *reading;
    enum lattice_format format;
    char *name; // of the utterance, where the file does not name it
    bool ended;
};

// The file's name without folders and the usual endings.
static char *utterance_of(const char *path, struct error *error)
{
    static const char *const endings[] = {".gz", ".slf", ".lat", ".htk"};
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

// SLF begins with KEY=VALUE or a comment, Kaldi's form with a name. Looks at the first line without
// taking it.
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
    size_t size, length = 0;
    const char *text = input_ahead(reader->input, 1, &size);
    for (; length < size && strchr("= \t\r\n", text[length]) == NULL; length++)
        if (length + 1 == size && size < INPUT_AHEAD)
            text = input_ahead(reader->input, size + 1, &size);
    bool assigned = length < size && text[length] == '=';
    reader->format = byte == '#' || assigned ? LATTICE_SLF : LATTICE_KALDI;
    return true;
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

static bool read_kaldi(struct lattice_reader *reader, struct lattice *lattice, struct error *error)
{
    bool failed;
    if (kaldi_next(reader->input, lattice, &failed, error))
        return kaldi_read(reader->input, lattice, reader->reading->symbols, error);
    reader->ended = !failed;
    return false;
}

enum lattice_result lattice_read(struct lattice_reader *reader, struct lattice *lattice,
                                 struct error *error)
{
    if (reader->ended)
        return LATTICE_NO_MORE;
    memset(lattice, 0, sizeof *lattice);
    bool slf = reader->format == LATTICE_SLF;
    bool ok = slf ? read_slf(reader, lattice, error) : read_kaldi(reader, lattice, error);
    if (!ok && !slf && reader->ended)
        return LATTICE_NO_MORE;
    reader->ended = reader->ended || !input_ok(reader->input, NULL);
    if (ok) {
        mark_ignored(lattice, reader->reading->ignored);
        ok = lattice_arrange(lattice, reader->reading->trim, error);
    }
    if (!ok)
        lattice_free(lattice);
    return ok ? LATTICE_READ : LATTICE_FAILED;
}
