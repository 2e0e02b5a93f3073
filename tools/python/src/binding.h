// What the parts of the extension module rnnlm._core share. It is written for Python's stable interface of
// 3.11, the first that has buffers.
//
// The GIL is given up wherever networks compute, and where much is computed. Meanwhile nothing of Python's is
// looked at: words are ids by then, and states are copied before and behind.
#ifndef BINDING_H
#define BINDING_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>

#include <rnnlm.h>
#include <stdbool.h>

// ---- models (model.c) -------------------------------------------------------------------------

struct model_object {
    PyObject_HEAD rnnlm_model *model; // NULL before it has been opened, and when it has been closed
    rnnlm_adapter *adapter;           // that owns it, if it learns; else NULL
    Py_ssize_t
        users; // calls that are in it: the last one frees a model that has been closed meanwhile
    bool closed;
    double floor; // log10 probability in the place of -infinity
};

extern PyTypeObject *model_type;
bool model_add_type(PyObject *module);

// Begins the use of a model; NULL with an exception if it is closed. Behind it, model_leave().
const rnnlm_model *model_enter(struct model_object *object);
void model_leave(struct model_object *object);

// Whether its scores take so long that others should run meanwhile.
bool model_is_slow(const rnnlm_model *model);

// What stands for -infinity.
static inline double model_bounded(const struct model_object *object, double log10_prob)
{
    return log10_prob >= object->floor || log10_prob != log10_prob ? log10_prob : object->floor;
}

// ---- words (words.c) --------------------------------------------------------------------------

struct words {
    int32_t *id; // unknown ones are the model's word for them, if it has one
    bool *unknown;
    size_t count, capacity;
};

void words_free(struct words *words);
bool words_add(struct words *words, int32_t id, bool unknown);

// The bytes of a str or of bytes, UTF-8, which belong to the object; false with an exception, which
// letters that are no UTF-8 and zeros among them are.
bool words_text(PyObject *object, const char **text, Py_ssize_t *length);

// A word's id.
bool words_find(const rnnlm_model *model, PyObject *word, int32_t *id, bool *unknown);

// Adds the words of a text, which blanks stand between.
bool words_split(const rnnlm_model *model, PyObject *text, struct words *words);

// Adds a sequence of words, or a buffer of ids, 32 or 64 bits each.
bool words_take(const rnnlm_model *model, PyObject *sequence, struct words *words);

// ---- states (state.c) -------------------------------------------------------------------------

struct state_object {
    PyObject_HEAD struct model_object *owner; // NULL: of no model yet
    void *data;
    size_t size;
};

extern PyTypeObject *state_type;
bool state_add_type(PyObject *module);

// The bytes of a state of this model; NULL with an exception if the object is no state, or one of another
// model.
const void *state_read(PyObject *object, const struct model_object *owner);

// The same of a state that is written to, which becomes one of this model.
void *state_write(PyObject *object, struct model_object *owner);

// ---- methods of models ------------------------------------------------------------------------

// batch.c
PyObject *model_score_batch(PyObject *self, PyObject *arguments, PyObject *keywords);
PyObject *model_score_sentences(PyObject *self, PyObject *arguments, PyObject *keywords);
PyObject *model_distribution(PyObject *self, PyObject *state);
PyObject *model_surprisal(PyObject *self, PyObject *text);

// adapter.c, of models that learn
PyObject *model_learn(PyObject *self, PyObject *text);
PyObject *model_restart(PyObject *self, PyObject *forget);

// Names and values of options, one behind the other, whose letters belong to the tuple `pairs`; PyMem_Free() it. NULL
// with an exception.
const char **options_of(PyObject *pairs, size_t *count);

// A new array.array('d') with these numbers.
PyObject *numbers_array(const double *number, size_t count);

// ---- training (train.c) -----------------------------------------------------------------------

PyObject *module_train(PyObject *module, PyObject *arguments);

// ---- errors (module.c) ------------------------------------------------------------------------

// rnnlm.ModelError, which is both OSError and ValueError: a file that is no model.
extern PyObject *model_error;

// Raises what a message of the library is: MemoryError; OSError, if `path` (may be NULL) cannot be opened;
// else `kind`. Returns NULL.
PyObject *raise_library(PyObject *kind, const char *path, const char *message);

#endif
