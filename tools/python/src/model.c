// Models: opening and closing, words, and the methods that kenlm's have.
#include "binding.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

PyTypeObject *model_type;

static struct model_object *of(PyObject *self)
{
    return (struct model_object *)self;
}

// ---- opening and closing ----------------------------------------------------------------------

const rnnlm_model *model_enter(struct model_object *object)
{
    if (object->model == NULL || object->closed) {
        PyErr_SetString(PyExc_ValueError, "the model is closed");
        return NULL;
    }
    object->users++;
    return object->model;
}

// A model that learns belongs to its adapter.
static void close_model(rnnlm_model *model, rnnlm_adapter *adapter)
{
    if (adapter != NULL)
        rnnlm_adapter_close(adapter);
    else
        rnnlm_close(model);
}

static void close_unused(struct model_object *object)
{
    if (!object->closed || object->users > 0)
        return;
    rnnlm_model *model = object->model;
    rnnlm_adapter *adapter = object->adapter;
    object->model = NULL;
    object->adapter = NULL;
    close_model(model, adapter);
}

void model_leave(struct model_object *object)
{
    object->users--;
    close_unused(object);
}

bool model_is_slow(const rnnlm_model *model)
{
    return rnnlm_order(model) == INT_MAX;
}

// Paths as bytes, [count], NULL where there is none yet.
struct paths {
    PyObject **bytes;
    const char **text;
    double *weight;
    size_t count;
};

static void paths_free(struct paths *paths)
{
    for (size_t i = 0; paths->bytes != NULL && i < paths->count; i++)
        Py_XDECREF(paths->bytes[i]);
    PyMem_Free(paths->bytes);
    PyMem_Free(paths->text);
    PyMem_Free(paths->weight);
}

// From sequences, whose lengths are equal; `weights` may be None.
static bool paths_init(struct paths *paths, PyObject *files, PyObject *weights)
{
    Py_ssize_t count = PySequence_Size(files);
    Py_ssize_t given = weights != Py_None ? PySequence_Size(weights) : count;
    if (count < 0 || given < 0)
        return false;
    if (given != count) {
        PyErr_Format(PyExc_ValueError, "found %zd weights, wanted one for each of %zd models",
                     given, count);
        return false;
    }
    paths->bytes = PyMem_Calloc((size_t)count + 1, sizeof *paths->bytes);
    paths->text = PyMem_Calloc((size_t)count + 1, sizeof *paths->text);
    paths->weight = PyMem_Calloc((size_t)count + 1, sizeof *paths->weight);
    if (paths->bytes == NULL || paths->text == NULL || paths->weight == NULL) {
        PyErr_NoMemory();
        return false;
    }
    paths->count = (size_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *file = PySequence_GetItem(files, i);
        bool ok = file != NULL && PyUnicode_FSConverter(file, &paths->bytes[i]);
        Py_XDECREF(file);
        if (!ok)
            return false;
        paths->text[i] = PyBytes_AsString(paths->bytes[i]);
        PyObject *weight = weights != Py_None ? PySequence_GetItem(weights, i) : NULL;
        paths->weight[i] = weight != NULL ? PyFloat_AsDouble(weight) : 0;
        Py_XDECREF(weight);
        if (PyErr_Occurred())
            return false;
    }
    return true;
}

// A message that names no file is about weights, or that there are no files.
static void raise_failure(const struct paths *paths, const char *message)
{
    const char *path = NULL;
    for (size_t i = 0; i < paths->count; i++)
        if (path == NULL && strstr(message, paths->text[i]) != NULL)
            path = paths->text[i];
    raise_library(path != NULL ? model_error : PyExc_ValueError, path, message);
}

// With options a model that learns, which is closed by *adapter. Touches nothing of Python's.
static rnnlm_model *open_paths(const struct paths *paths, const double *weight,
                               const char *const *option, size_t options, rnnlm_adapter **adapter,
                               char *message)
{
    *adapter = NULL;
    if (option == NULL)
        return rnnlm_open_mixture(paths->text, weight, paths->count, message, RNNLM_ERROR_SIZE);
    *adapter = rnnlm_adapter_open(paths->text, weight, paths->count, option, options, message,
                                  RNNLM_ERROR_SIZE);
    return *adapter != NULL ? (rnnlm_model *)rnnlm_adapter_model(*adapter) : NULL;
}

static int model_init(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"paths", "weights", "floor", "options", NULL};
    struct model_object *object = of(self);
    PyObject *files, *weights = Py_None, *pairs = NULL;
    const char **option = NULL;
    size_t options = 0;
    struct paths paths = {.count = 0};
    char message[RNNLM_ERROR_SIZE];
    double floor = -100;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|OdO!:Model", names, &files, &weights,
                                     &floor, &PyTuple_Type, &pairs))
        return -1;
    if (object->model != NULL || object->users > 0) {
        PyErr_SetString(PyExc_ValueError, "the model is open already");
        return -1;
    }
    bool ok = paths_init(&paths, files, weights) &&
              (pairs == NULL || (option = options_of(pairs, &options)) != NULL);
    if (ok) {
        const double *weight = weights != Py_None ? paths.weight : NULL;
        rnnlm_adapter *adapter;
        rnnlm_model *model;
        Py_BEGIN_ALLOW_THREADS model =
            open_paths(&paths, weight, option, options, &adapter, message);
        Py_END_ALLOW_THREADS ok = model != NULL;
        if (!ok) {
            raise_failure(&paths, message);
        } else if (object->model != NULL) { // another thread was quicker
            close_model(model, adapter);
        } else {
            object->model = model;
            object->adapter = adapter;
        }
        object->closed = object->model == NULL;
        object->floor = floor;
    }
    paths_free(&paths);
    PyMem_Free(option);
    return ok ? 0 : -1;
}

static void model_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    close_model(of(self)->model, of(self)->adapter);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF((PyObject *)type);
}

static PyObject *model_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    of(self)->closed = true;
    close_unused(of(self));
    Py_RETURN_NONE;
}

// ---- words ------------------------------------------------------------------------------------

static int model_contains(PyObject *self, PyObject *word)
{
    int32_t id;
    bool unknown;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return -1;
    bool ok = words_find(model, word, &id, &unknown);
    model_leave(of(self));
    return ok ? !unknown : -1;
}

static PyObject *model_index(PyObject *self, PyObject *word)
{
    const char *text;
    Py_ssize_t length;
    PyObject *result = NULL;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    if (words_text(word, &text, &length))
        result = PyLong_FromLong(rnnlm_word_id(model, text, (size_t)length));
    model_leave(of(self));
    return result;
}

static PyObject *word_string(const char *word)
{
    return PyUnicode_DecodeUTF8(word, (Py_ssize_t)strlen(word), "surrogateescape");
}

static PyObject *model_vocabulary(PyObject *self, PyObject *unused)
{
    (void)unused;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    size_t size = rnnlm_vocabulary_size(model);
    PyObject *list = PyList_New((Py_ssize_t)size);
    for (size_t i = 0; list != NULL && i < size; i++) {
        PyObject *word = word_string(rnnlm_word(model, (int32_t)i));
        if (word == NULL || PyList_SetItem(list, (Py_ssize_t)i, word) != 0)
            Py_CLEAR(list);
    }
    model_leave(of(self));
    return list;
}

// ---- one word ---------------------------------------------------------------------------------

static PyObject *start(PyObject *self, PyObject *state,
                       void (*write)(const rnnlm_model *model, void *state))
{
    const rnnlm_model *model = model_enter(of(self));
    void *data = model != NULL ? state_write(state, of(self)) : NULL;
    if (data != NULL)
        write(model, data);
    if (model != NULL)
        model_leave(of(self));
    if (data == NULL)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *model_begin_sentence(PyObject *self, PyObject *state)
{
    return start(self, state, rnnlm_start);
}

static PyObject *model_null_context(PyObject *self, PyObject *state)
{
    return start(self, state, rnnlm_start_anywhere);
}

enum { ON_STACK = 512 }; // bytes of a state, for which no memory is asked

// Scores a word from one Python object to another, which may be the same.
static bool score_word(struct model_object *self, const rnnlm_model *model, PyObject *in,
                       int32_t word, PyObject *out, double *log10_prob, int *matched)
{
    size_t size = rnnlm_state_size(model);
    float place[2 * ON_STACK / sizeof(float)];
    const void *given = state_read(in, self);
    // `out` is looked at before anything is done.
    if (given == NULL || (out != in && state_write(out, self) == NULL))
        return false;
    char *states = size <= ON_STACK ? (char *)place : PyMem_Malloc(2 * size);
    if (states == NULL) {
        PyErr_NoMemory();
        return false;
    }
    const void *before = states;
    void *after = states + size;
    memcpy(states, given, size);
    PyThreadState *released = model_is_slow(model) ? PyEval_SaveThread() : NULL;
    if (matched != NULL)
        *matched = rnnlm_matched(model, before, word);
    bool ok = rnnlm_score_batch(model, 1, &before, &word, &after, log10_prob) == 0;
    if (released != NULL)
        PyEval_RestoreThread(released);
    void *data = ok ? state_write(out, self) : NULL; // others may have written it meanwhile
    if (data != NULL)
        memcpy(data, after, size);
    else if (!ok)
        PyErr_NoMemory();
    if (states != (char *)place)
        PyMem_Free(states);
    return data != NULL;
}

static PyObject *base_score(PyObject *self, PyObject *arguments, bool full)
{
    PyObject *in, *word, *out;
    double log10_prob;
    int32_t id;
    bool unknown;
    int matched;
    if (!PyArg_UnpackTuple(arguments, full ? "BaseFullScore" : "BaseScore", 3, 3, &in, &word, &out))
        return NULL;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    bool ok = words_find(model, word, &id, &unknown) &&
              score_word(of(self), model, in, id, out, &log10_prob, full ? &matched : NULL);
    model_leave(of(self));
    if (!ok)
        return NULL;
    log10_prob = model_bounded(of(self), log10_prob);
    return full ? Py_BuildValue("diO", log10_prob, matched, unknown ? Py_True : Py_False)
                : PyFloat_FromDouble(log10_prob);
}

static PyObject *model_base_score(PyObject *self, PyObject *arguments)
{
    return base_score(self, arguments, false);
}

static PyObject *model_base_full_score(PyObject *self, PyObject *arguments)
{
    return base_score(self, arguments, true);
}

// ---- sentences --------------------------------------------------------------------------------

// Scores the words one behind the other; false if memory ran out. `matched` may be NULL.
static bool walk(const rnnlm_model *model, const struct words *words, bool bos, double *log10_prob,
                 int *matched)
{
    size_t size = rnnlm_state_size(model);
    char *states = malloc(2 * size);
    if (states == NULL)
        return false;
    const void *before = states;
    void *after = states + size;
    (bos ? rnnlm_start : rnnlm_start_anywhere)(model, states);
    bool ok = true;
    for (size_t i = 0; ok && i < words->count; i++) {
        if (matched != NULL)
            matched[i] = rnnlm_matched(model, before, words->id[i]);
        ok = rnnlm_score_batch(model, 1, &before, &words->id[i], &after, &log10_prob[i]) == 0;
        const void *now = after;
        after = (void *)before;
        before = now;
    }
    free(states);
    return ok;
}

// Room for the results of words, which PyMem_Free() frees; one behind the other.
static double *results(size_t count, bool full)
{
    double *log10_prob = PyMem_Malloc(count * (sizeof(double) + (full ? sizeof(int) : 0)) + 1);
    if (log10_prob == NULL)
        PyErr_NoMemory();
    return log10_prob;
}

enum { MANY_WORDS = 1000 };

static PyObject *sum_of(const struct model_object *self, const double *log10_prob, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += model_bounded(self, log10_prob[i]);
    return PyFloat_FromDouble(sum);
}

static PyObject *list_of(const struct model_object *self, const double *log10_prob,
                         const int *matched, const struct words *words)
{
    PyObject *list = PyList_New((Py_ssize_t)words->count);
    for (size_t i = 0; list != NULL && i < words->count; i++) {
        PyObject *item = Py_BuildValue("diO", model_bounded(self, log10_prob[i]), matched[i],
                                       words->unknown[i] ? Py_True : Py_False);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *score_text(struct model_object *self, PyObject *arguments, PyObject *keywords,
                            bool full)
{
    static char *names[] = {"sentence", "bos", "eos", NULL};
    PyObject *text, *result = NULL;
    int bos = 1, eos = 1;
    struct words words = {NULL, NULL, 0, 0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, full ? "O|pp:full_scores" : "O|pp:score",
                                     names, &text, &bos, &eos))
        return NULL;
    const rnnlm_model *model = model_enter(self);
    if (model == NULL)
        return NULL;
    double *log10_prob = NULL;
    if (words_split(model, text, &words) &&
        (!eos || words_add(&words, RNNLM_SENTENCE_END, false)) &&
        (log10_prob = results(words.count, full)) != NULL) {
        int *matched = full ? (int *)(log10_prob + words.count) : NULL;
        bool release = model_is_slow(model) || words.count > MANY_WORDS;
        PyThreadState *released = release ? PyEval_SaveThread() : NULL;
        bool ok = walk(model, &words, bos, log10_prob, matched);
        if (released != NULL)
            PyEval_RestoreThread(released);
        result = !ok    ? PyErr_NoMemory()
                 : full ? list_of(self, log10_prob, matched, &words)
                        : sum_of(self, log10_prob, words.count);
    }
    PyMem_Free(log10_prob);
    words_free(&words);
    model_leave(self);
    return result;
}

static PyObject *model_score(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    return score_text(of(self), arguments, keywords, false);
}

static PyObject *model_full_scores(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    return score_text(of(self), arguments, keywords, true);
}

// ---- the type ---------------------------------------------------------------------------------

static PyObject *of_library(PyObject *self, size_t (*ask)(const rnnlm_model *model))
{
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    PyObject *number = PyLong_FromSize_t(ask(model));
    model_leave(of(self));
    return number;
}

static size_t order(const rnnlm_model *model)
{
    return (size_t)rnnlm_order(model);
}

static PyObject *model_order(PyObject *self, void *unused)
{
    (void)unused;
    return of_library(self, order);
}

static PyObject *model_state_size(PyObject *self, void *unused)
{
    (void)unused;
    return of_library(self, rnnlm_state_size);
}

static PyObject *model_vocabulary_size(PyObject *self, void *unused)
{
    (void)unused;
    return of_library(self, rnnlm_vocabulary_size);
}

static PyObject *model_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(of(self)->closed || of(self)->model == NULL);
}

static PyObject *model_floor(PyObject *self, void *unused)
{
    (void)unused;
    return PyFloat_FromDouble(of(self)->floor);
}

static PyObject *model_unit(PyObject *self, void *unused)
{
    (void)unused;
    const rnnlm_model *model = model_enter(of(self));
    if (model == NULL)
        return NULL;
    PyObject *unit = PyUnicode_FromString(rnnlm_unit(model));
    model_leave(of(self));
    return unit;
}

static PyGetSetDef model_properties[] = {
    {"order", model_order, NULL,
     "Words of the longest n-grams; 2147483647 with a network, which looks at all words before.",
     NULL},
    {"state_size", model_state_size, NULL, "Bytes of a state.", NULL},
    {"vocabulary_size", model_vocabulary_size, NULL, "Words that the model knows, </s> included.",
     NULL},
    {"unit", model_unit, NULL,
     "What words are: 'word', or 'char' for models of characters, to which texts are cut.", NULL},
    {"closed", model_closed, NULL, "Whether the model has been closed.", NULL},
    {"floor", model_floor, NULL, "What scores are at least, log10.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

static PyMethodDef model_methods[] = {
    {"close", model_close, METH_NOARGS,
     "Frees the model, when the last call that is in it has ended. Later calls are a ValueError."},
    {"index", model_index, METH_O, "index(word): its id, -1 if the model does not know it."},
    {"vocabulary", model_vocabulary, METH_NOARGS, "All words; their places are their ids."},
    {"BeginSentenceWrite", model_begin_sentence, METH_O,
     "BeginSentenceWrite(state): makes it the state at the start of a sentence."},
    {"NullContextWrite", model_null_context, METH_O,
     "NullContextWrite(state): makes it the state of which nothing is known."},
    {"BaseScore", model_base_score, METH_VARARGS,
     "BaseScore(in_state, word, out_state): log10 P(word | in_state).\n\n"
     "out_state becomes the state behind the word; it may be in_state."},
    {"_full_score", model_base_full_score, METH_VARARGS, "BaseFullScore() as a plain tuple."},
    {"score", KEYWORDS(model_score),
     "score(sentence, bos=True, eos=True): log10 probability of the words of a text.\n\n"
     "With bos they begin a sentence, and else stand anywhere; with eos </s> is predicted behind "
     "them.\n"
     "A word that is not known counts as the model's word for unknown ones, or `floor`."},
    {"_full_scores", KEYWORDS(model_full_scores), "full_scores() as a list of plain tuples."},
    {"score_batch", KEYWORDS(model_score_batch),
     "score_batch(states, words, out_states=None): log10 P(words[i] | states[i]), an array of "
     "doubles.\n\n"
     "states: States, or a buffer of state_size bytes each, such as a numpy array [n, state_size] "
     "of\n"
     "uint8. words: str, or ids; or a buffer of ids, int32 or int64. out_states: States or a "
     "writable\n"
     "buffer, which become the states behind the words; they may be those of `states`. Pairs of "
     "the same\n"
     "State that stand together are computed at the cost of one."},
    {"score_sentences", KEYWORDS(model_score_sentences),
     "score_sentences(sentences): score() of each, an array of doubles; much faster with "
     "networks."},
    {"distribution", model_distribution, METH_O,
     "distribution(state): the probabilities of all words, an array of doubles; not log10."},
    {"_learn", model_learn, METH_O, "AdaptiveModel.learn()."},
    {"_restart", model_restart, METH_O, "AdaptiveModel.restart()."},
    {"_surprisal", model_surprisal, METH_O, "surprisal() of one sentence."},
    {NULL, NULL, 0, NULL}};

static PyType_Slot model_slots[] = {
    {Py_tp_doc, "A network, a back-off n-gram model, or a mixture."},
    {Py_tp_init, model_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, model_dealloc},
    {Py_sq_contains, model_contains},
    {Py_tp_methods, model_methods},
    {Py_tp_getset, model_properties},
    {0, NULL}};

static PyType_Spec model_spec = {.name = "rnnlm._core.Model",
                                 .basicsize = sizeof(struct model_object),
                                 .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                                 .slots = model_slots};

bool model_add_type(PyObject *module)
{
    model_type = (PyTypeObject *)PyType_FromSpec(&model_spec);
    return model_type != NULL &&
           PyModule_AddObjectRef(module, "Model", (PyObject *)model_type) == 0;
}
