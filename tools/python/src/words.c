// Words of Python's as ids of a model's.
#include "binding.h"

#include <string.h>

void words_free(struct words *words)
{
    PyMem_Free(words->id);
    PyMem_Free(words->unknown);
    *words = (struct words){NULL, NULL, 0, 0};
}

bool words_add(struct words *words, int32_t id, bool unknown)
{
    if (words->count == words->capacity) {
        size_t capacity = 2 * words->capacity + 16;
        int32_t *ids = PyMem_Realloc(words->id, capacity * sizeof *ids);
        if (ids != NULL)
            words->id = ids;
        bool *flags = PyMem_Realloc(words->unknown, capacity * sizeof *flags);
        if (flags != NULL)
            words->unknown = flags;
        if (ids == NULL || flags == NULL) {
            PyErr_NoMemory();
            return false;
        }
        words->capacity = capacity;
    }
    words->id[words->count] = id;
    words->unknown[words->count++] = unknown;
    return true;
}

bool words_text(PyObject *object, const char **text, Py_ssize_t *length)
{
    if (PyUnicode_Check(object)) {
        *text = PyUnicode_AsUTF8AndSize(object, length);
        if (*text == NULL)
            return false;
    } else if (PyBytes_Check(object)) {
        *text = PyBytes_AsString(object);
        *length = PyBytes_Size(object);
    } else {
        PyErr_Format(PyExc_TypeError, "found %R, wanted str or bytes", Py_TYPE(object));
        return false;
    }
    if (memchr(*text, '\0', (size_t)*length) == NULL)
        return true;
    PyErr_SetString(PyExc_ValueError, "found a zero byte in a text, wanted words");
    return false;
}

static int32_t find(const rnnlm_model *model, const char *text, size_t length, bool *unknown)
{
    int32_t id = rnnlm_word_id(model, text, length), for_unknown = rnnlm_unknown_id(model);
    *unknown = id == RNNLM_OOV || id == for_unknown;
    return id == RNNLM_OOV ? for_unknown : id;
}

bool words_find(const rnnlm_model *model, PyObject *word, int32_t *id, bool *unknown)
{
    const char *text;
    Py_ssize_t length;
    if (!words_text(word, &text, &length))
        return false;
    *id = find(model, text, (size_t)length, unknown);
    return true;
}

// A word's characters, behind a space unless it is the first; Python's text is UTF-8.
static bool split_characters(const rnnlm_model *model, const char *word, size_t length, bool first,
                             struct words *words)
{
    static const char space[] = "\xe2\x96\x81"; // U+2581
    bool unknown;
    int32_t between = find(model, space, strlen(space), &unknown);
    if (!first && !words_add(words, between, unknown))
        return false;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        for (bytes = 1; at + bytes < length && (word[at + bytes] & 0xc0) == 0x80; bytes++)
            ;
        int32_t id = find(model, word + at, bytes, &unknown);
        if (!words_add(words, id, unknown))
            return false;
    }
    return true;
}

bool words_split(const rnnlm_model *model, PyObject *object, struct words *words)
{
    static const char blanks[] = " \t\n\v\f\r";
    const char *text;
    Py_ssize_t length;
    if (!words_text(object, &text, &length))
        return false;
    const bool chars = strcmp(rnnlm_unit(model), "char") == 0;
    bool first = true;
    while (*(text += strspn(text, blanks)) != '\0') {
        bool unknown;
        size_t letters = strcspn(text, blanks);
        if (chars && !split_characters(model, text, letters, first, words))
            return false;
        first = false;
        if (chars) {
            text += letters;
            continue;
        }
        int32_t id = find(model, text, letters, &unknown);
        if (!words_add(words, id, unknown))
            return false;
        text += letters;
    }
    return true;
}

// Ids that are none of the model's are unknown words.
static bool add_id(const rnnlm_model *model, int64_t id, struct words *words)
{
    bool known = id >= 0 && (uint64_t)id < rnnlm_vocabulary_size(model);
    int32_t word = known ? (int32_t)id : rnnlm_unknown_id(model);
    return words_add(words, word, word == rnnlm_unknown_id(model));
}

// Signed integers of the machine's own order, as numpy has them.
static bool is_integers(const Py_buffer *view)
{
    const char *format = view->format != NULL ? view->format : "B";
    if (*format == '@' || *format == '=')
        format++;
    return strlen(format) == 1 && strchr("ilq", *format) != NULL &&
           (view->itemsize == 4 || view->itemsize == 8);
}

static bool take_ids(const rnnlm_model *model, const Py_buffer *view, struct words *words)
{
    if (!is_integers(view)) {
        PyErr_Format(PyExc_TypeError,
                     "found a buffer of format \"%s\", wanted ids, integers of 32 or 64 bits",
                     view->format != NULL ? view->format : "B");
        return false;
    }
    for (Py_ssize_t i = 0; i < view->len / view->itemsize; i++) {
        int32_t small;
        int64_t id;
        const char *at = (const char *)view->buf + i * view->itemsize;
        memcpy(view->itemsize == 4 ? (void *)&small : (void *)&id, at, (size_t)view->itemsize);
        if (!add_id(model, view->itemsize == 4 ? small : id, words))
            return false;
    }
    return true;
}

static bool take_item(const rnnlm_model *model, PyObject *item, struct words *words)
{
    int32_t id;
    bool unknown;
    if (item == NULL)
        return false;
    if (PyLong_Check(item)) {
        long long number = PyLong_AsLongLong(item);
        return (number != -1 || !PyErr_Occurred()) && add_id(model, number, words);
    }
    return words_find(model, item, &id, &unknown) && words_add(words, id, unknown);
}

bool words_take(const rnnlm_model *model, PyObject *sequence, struct words *words)
{
    if (PyUnicode_Check(sequence) || PyBytes_Check(sequence)) {
        PyErr_SetString(PyExc_TypeError, "found one word, wanted a list of words");
        return false;
    }
    if (PyObject_CheckBuffer(sequence)) {
        Py_buffer view;
        if (PyObject_GetBuffer(sequence, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0)
            return false;
        bool ok = take_ids(model, &view, words);
        PyBuffer_Release(&view);
        return ok;
    }
    Py_ssize_t count = PySequence_Size(sequence);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(sequence, i);
        bool ok = take_item(model, item, words);
        Py_XDECREF(item);
        if (!ok)
            return false;
    }
    return count >= 0;
}
