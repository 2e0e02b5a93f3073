// rnnlm_train() with progress as Python objects.
#include "binding.h"

#include <string.h>

// Calls back into Python from a training that has given up the GIL.
struct listener {
    PyObject *callable; // of a tuple of figures, or a str; true ends the training. Or None
    PyObject *kind, *value, *traceback; // an exception that it raised
};

static PyObject *figures(const rnnlm_progress *progress)
{
    if (progress->remark != NULL)
        return PyUnicode_DecodeUTF8(progress->remark, (Py_ssize_t)strlen(progress->remark),
                                    "replace");
    return Py_BuildValue("LdKKdddO", (long long)progress->epoch, progress->learning_rate,
                         (unsigned long long)progress->words,
                         (unsigned long long)progress->total_words, progress->seconds,
                         progress->train_bits, progress->valid_bits,
                         progress->epoch_done ? Py_True : Py_False);
}

// An exception ends the training, and so does a signal whose handler raises one: control-C.
static int hear(void *context, const rnnlm_progress *progress)
{
    struct listener *listener = context;
    if (listener->kind != NULL)
        return 1;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *given = figures(progress);
    PyObject *answer =
        given != NULL ? PyObject_CallFunctionObjArgs(listener->callable, given, NULL) : NULL;
    int end = answer != NULL ? PyObject_IsTrue(answer) : -1;
    if (end == 0)
        end = PyErr_CheckSignals();
    if (end < 0)
        PyErr_Fetch(&listener->kind, &listener->value, &listener->traceback);
    Py_XDECREF(given);
    Py_XDECREF(answer);
    PyGILState_Release(state);
    return end != 0;
}

const char **options_of(PyObject *pairs, size_t *count)
{
    Py_ssize_t size = PyTuple_Size(pairs);
    const char **text = size >= 0 ? PyMem_Calloc((size_t)size + 1, sizeof *text) : NULL;
    if (text == NULL && size >= 0)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; text != NULL && i < size; i++) {
        Py_ssize_t length;
        const char *item;
        if (words_text(PyTuple_GetItem(pairs, i), &item, &length)) {
            text[i] = item;
            continue;
        }
        PyMem_Free(text);
        return NULL;
    }
    *count = (size_t)size / 2;
    return text;
}

PyObject *module_train(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *pairs;
    struct listener listener = {.callable = NULL};
    char message[RNNLM_ERROR_SIZE] = "";
    size_t count;
    int result;
    if (!PyArg_ParseTuple(arguments, "O!O:train", &PyTuple_Type, &pairs, &listener.callable))
        return NULL;
    const char **option = options_of(pairs, &count);
    if (option == NULL)
        return NULL;
    rnnlm_one_thread();
    Py_BEGIN_ALLOW_THREADS result =
        rnnlm_train(option, count, hear, &listener, message, sizeof message);
    Py_END_ALLOW_THREADS PyMem_Free(option);
    if (listener.kind != NULL) {
        PyErr_Restore(listener.kind, listener.value, listener.traceback);
        return NULL;
    }
    return result < 0 ? raise_library(PyExc_ValueError, NULL, message) : PyBool_FromLong(result);
}
