// Many scores at once, and what is asked of whole distributions.
#include "binding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct model_object *of(PyObject *self)
{
    return (struct model_object *)self;
}

PyObject *numbers_array(const double *number, size_t count)
{
    PyObject *module = PyImport_ImportModule("array");
    PyObject *array = module != NULL
                          ? PyObject_CallMethod(module, "array", "sy#", "d", (const char *)number,
                                                (Py_ssize_t)(count * sizeof *number))
                          : NULL;
    Py_XDECREF(module);
    return array;
}

// ---- pairs of a state and a word --------------------------------------------------------------

// Copies of all that is computed with, so that nobody changes it meanwhile. [words.count]
struct batch {
    struct words words;
    size_t size;         // of a state
    char *in, *out;      // states; `out` NULL if nobody wants them
    const void **before; // in `in`; equal states that stand together are one
    void **after;        // in `out`, or NULL
    double *log10_prob;
    PyObject *targets; // a tuple of States, or NULL
    Py_buffer view;    // else where they go, if there is an `obj`
};

static void batch_free(struct batch *batch)
{
    words_free(&batch->words);
    free(batch->in);
    free(batch->out);
    free(batch->before);
    free(batch->after);
    free(batch->log10_prob);
    Py_XDECREF(batch->targets);
    if (batch->view.obj != NULL)
        PyBuffer_Release(&batch->view);
}

static bool batch_allocate(struct batch *batch, bool out)
{
    size_t count = batch->words.count + 1; // none is no failure
    batch->in = calloc(count, batch->size);
    batch->out = out ? calloc(count, batch->size) : NULL;
    batch->before = calloc(count, sizeof *batch->before);
    batch->after = out ? calloc(count, sizeof *batch->after) : NULL;
    batch->log10_prob = calloc(count, sizeof *batch->log10_prob);
    if (batch->in != NULL && (!out || (batch->out != NULL && batch->after != NULL)) &&
        batch->before != NULL && batch->log10_prob != NULL)
        return true;
    PyErr_NoMemory();
    return false;
}

static bool count_is(const char *what, size_t found, const struct batch *batch)
{
    if (found == batch->words.count)
        return true;
    PyErr_Format(PyExc_ValueError, "found %zu %s and %zu words, wanted one for each word", found,
                 what, batch->words.count);
    return false;
}

static bool bytes_are(const char *what, const Py_buffer *view, const struct batch *batch)
{
    if ((size_t)view->len == batch->words.count * batch->size)
        return true;
    PyErr_Format(PyExc_ValueError,
                 "%s: found a buffer of %zd bytes, wanted %zu for each of %zu words", what,
                 view->len, batch->size, batch->words.count);
    return false;
}

// Takes the state that has been copied to place i.
static void take_place(struct batch *batch, size_t i)
{
    char *own = batch->in + i * batch->size;
    bool same = i > 0 && memcmp(batch->before[i - 1], own, batch->size) == 0;
    batch->before[i] = same ? batch->before[i - 1] : own;
}

static bool read_buffer(struct batch *batch, const rnnlm_model *model, PyObject *states)
{
    Py_buffer view;
    if (PyObject_GetBuffer(states, &view, PyBUF_C_CONTIGUOUS) != 0)
        return false;
    bool ok = bytes_are("states", &view, batch);
    if (ok)
        memcpy(batch->in, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    for (size_t i = 0; ok && i < batch->words.count; i++) {
        ok = rnnlm_state_check(model, batch->in + i * batch->size) == 0;
        if (ok)
            take_place(batch, i);
        else
            PyErr_Format(PyExc_ValueError,
                         "states: found bytes at place %zu that are no state of this model", i);
    }
    return ok;
}

static bool read_states(struct batch *batch, const struct model_object *self, PyObject *states)
{
    PyObject *tuple = PySequence_Tuple(states);
    bool ok = tuple != NULL && count_is("states", (size_t)PyTuple_Size(tuple), batch);
    for (size_t i = 0; ok && i < batch->words.count; i++) {
        const void *state = state_read(PyTuple_GetItem(tuple, (Py_ssize_t)i), self);
        ok = state != NULL;
        if (ok) {
            memcpy(batch->in + i * batch->size, state, batch->size);
            take_place(batch, i);
        }
    }
    Py_XDECREF(tuple);
    return ok;
}

// All targets are looked at before anything is computed.
static bool find_targets(struct batch *batch, struct model_object *self, PyObject *states)
{
    if (PyObject_CheckBuffer(states))
        return PyObject_GetBuffer(states, &batch->view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) == 0 &&
               bytes_are("out_states", &batch->view, batch);
    batch->targets = PySequence_Tuple(states);
    bool ok = batch->targets != NULL &&
              count_is("out_states", (size_t)PyTuple_Size(batch->targets), batch);
    for (size_t i = 0; ok && i < batch->words.count; i++)
        ok = state_write(PyTuple_GetItem(batch->targets, (Py_ssize_t)i), self) != NULL;
    return ok;
}

static bool write_targets(struct batch *batch, struct model_object *self)
{
    if (batch->view.obj != NULL)
        memcpy(batch->view.buf, batch->out, (size_t)batch->view.len);
    for (size_t i = 0; batch->targets != NULL && i < batch->words.count; i++) {
        void *data = state_write(PyTuple_GetItem(batch->targets, (Py_ssize_t)i), self);
        if (data == NULL)
            return false;
        memcpy(data, batch->out + i * batch->size, batch->size);
    }
    return true;
}

static bool prepare(struct batch *batch, struct model_object *self, const rnnlm_model *model,
                    PyObject *states, PyObject *words, PyObject *out)
{
    batch->size = rnnlm_state_size(model);
    if (!words_take(model, words, &batch->words) || !batch_allocate(batch, out != Py_None) ||
        !(PyObject_CheckBuffer(states) ? read_buffer(batch, model, states)
                                       : read_states(batch, self, states)) ||
        (out != Py_None && !find_targets(batch, self, out)))
        return false;
    for (size_t i = 0; batch->out != NULL && i < batch->words.count; i++)
        batch->after[i] = batch->out + i * batch->size;
    return true;
}

PyObject *model_score_batch(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"states", "words", "out_states", NULL};
    PyObject *states, *words, *out = Py_None, *result = NULL;
    struct batch batch = {.size = 0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO|O:score_batch", names, &states,
                                     &words, &out))
        return NULL;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    if (prepare(&batch, of(self), model, states, words, out)) {
        int failed;
        Py_BEGIN_ALLOW_THREADS failed = rnnlm_score_batch(
            model, batch.words.count, batch.before, batch.words.id, batch.after, batch.log10_prob);
        Py_END_ALLOW_THREADS for (size_t i = 0; i < batch.words.count; i++) batch.log10_prob[i] =
            model_bounded(of(self), batch.log10_prob[i]);
        if (failed != 0)
            PyErr_NoMemory();
        else if (write_targets(&batch, of(self)))
            result = numbers_array(batch.log10_prob, batch.words.count);
    }
    batch_free(&batch);
    model_leave(of(self));
    return result;
}

// ---- sentences --------------------------------------------------------------------------------

// The words of all sentences one behind the other, and how many each has. [count]
struct sentences {
    struct words words;
    size_t count;
    size_t *length;
    const int32_t **word;
    double *all, **log10_prob; // a place for each word and each </s>
};

static void sentences_free(struct sentences *sentences)
{
    words_free(&sentences->words);
    free(sentences->length);
    free(sentences->word);
    free(sentences->all);
    free(sentences->log10_prob);
}

static bool take_sentences(struct sentences *sentences, const rnnlm_model *model, PyObject *texts)
{
    sentences->count = (size_t)PyTuple_Size(texts);
    sentences->length = calloc(sentences->count + 1, sizeof *sentences->length);
    sentences->word = calloc(sentences->count + 1, sizeof *sentences->word);
    sentences->log10_prob = calloc(sentences->count + 1, sizeof *sentences->log10_prob);
    if (sentences->length == NULL || sentences->word == NULL || sentences->log10_prob == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < sentences->count; i++) {
        size_t before = sentences->words.count;
        if (!words_split(model, PyTuple_GetItem(texts, (Py_ssize_t)i), &sentences->words))
            return false;
        sentences->length[i] = sentences->words.count - before;
    }
    sentences->all =
        malloc((sentences->words.count + sentences->count + 1) * sizeof *sentences->all);
    if (sentences->all == NULL) {
        PyErr_NoMemory();
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < sentences->count; at += sentences->length[i++]) {
        sentences->word[i] = sentences->words.id + at;
        sentences->log10_prob[i] = sentences->all + at + i;
    }
    return true;
}

PyObject *model_score_sentences(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"sentences", NULL};
    PyObject *list, *result = NULL;
    struct sentences sentences = {.count = 0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:score_sentences", names, &list))
        return NULL;
    if (PyUnicode_Check(list) || PyBytes_Check(list))
        return PyErr_Format(PyExc_TypeError, "found one sentence, wanted a list of sentences");
    PyObject *texts = PySequence_Tuple(list);
    const rnnlm_model *model = texts != NULL ? model_enter(of(self)) : NULL;
    if (model != NULL && take_sentences(&sentences, model, texts)) {
        int failed;
        Py_BEGIN_ALLOW_THREADS failed = rnnlm_score_sentences(
            model, sentences.count, sentences.word, sentences.length, sentences.log10_prob);
        Py_END_ALLOW_THREADS for (size_t i = 0; failed == 0 && i < sentences.count; i++)
        {
            double sum = 0;
            for (size_t j = 0; j <= sentences.length[i]; j++)
                sum += model_bounded(of(self), sentences.log10_prob[i][j]);
            sentences.all[i] = sum; // whose place is none of a later sentence
        }
        result = failed == 0 ? numbers_array(sentences.all, sentences.count) : PyErr_NoMemory();
    }
    if (model != NULL)
        model_leave(of(self));
    sentences_free(&sentences);
    Py_XDECREF(texts);
    return result;
}

// ---- distributions ----------------------------------------------------------------------------

PyObject *model_distribution(PyObject *self, PyObject *state)
{
    PyObject *result = NULL;
    const rnnlm_model *model = model_enter(of(self));
    const void *given = model != NULL ? state_read(state, of(self)) : NULL;
    if (given != NULL) {
        size_t size = rnnlm_state_size(model), words = rnnlm_vocabulary_size(model);
        void *own = malloc(size);
        double *prob = malloc(words * sizeof *prob);
        int failed = own == NULL || prob == NULL;
        if (!failed) {
            memcpy(own, given, size);
            Py_BEGIN_ALLOW_THREADS failed = rnnlm_distribution(model, own, prob);
            Py_END_ALLOW_THREADS
        }
        result = failed ? PyErr_NoMemory() : numbers_array(prob, words);
        free(own);
        free(prob);
    }
    if (model != NULL)
        model_leave(of(self));
    return result;
}

// - sum of p log2 p.
static double entropy_bits(const double *prob, size_t words)
{
    double sum = 0;
    for (size_t i = 0; i < words; i++)
        if (prob[i] > 0)
            sum -= prob[i] * log2(prob[i]);
    return sum;
}

// bits[i], entropy[i] of words one behind the other; false if memory ran out.
static bool surprise(const rnnlm_model *model, const struct words *words, double *bits,
                     double *entropy)
{
    size_t size = rnnlm_state_size(model), vocabulary = rnnlm_vocabulary_size(model);
    char *states = malloc(2 * size);
    double *prob = malloc(vocabulary * sizeof *prob);
    bool ok = states != NULL && prob != NULL;
    const void *before = states;
    void *after = states + size;
    if (ok)
        rnnlm_start(model, states);
    for (size_t i = 0; ok && i < words->count; i++) {
        ok = rnnlm_distribution(model, before, prob) == 0 &&
             rnnlm_score_batch(model, 1, &before, &words->id[i], &after, &bits[i]) == 0;
        bits[i] *= -1 / log10(2);
        entropy[i] = entropy_bits(prob, vocabulary);
        const void *now = after;
        after = (void *)before;
        before = now;
    }
    free(states);
    free(prob);
    return ok;
}

PyObject *model_surprisal(PyObject *self, PyObject *text)
{
    struct words words = {NULL, NULL, 0, 0};
    PyObject *list = NULL;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    if (words_split(model, text, &words) && words_add(&words, RNNLM_SENTENCE_END, false)) {
        double *bits = malloc(2 * words.count * sizeof *bits);
        bool ok = bits != NULL;
        if (ok) {
            Py_BEGIN_ALLOW_THREADS ok = surprise(model, &words, bits, bits + words.count);
            Py_END_ALLOW_THREADS
        }
        list = ok ? PyList_New((Py_ssize_t)words.count) : PyErr_NoMemory();
        for (size_t i = 0; list != NULL && i < words.count; i++) {
            PyObject *item = Py_BuildValue("dd", bits[i], bits[words.count + i]);
            if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0)
                Py_CLEAR(list);
        }
        free(bits);
    }
    words_free(&words);
    model_leave(of(self));
    return list;
}
