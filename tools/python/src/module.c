// The extension module rnnlm._core: the C library for Python. What needs no C is in the package's Python.
#include "binding.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

PyObject *model_error;

// File names in messages need not be UTF-8.
static PyObject *raise_text(PyObject *kind, const char *message)
{
    PyObject *text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "backslashreplace");
    if (text != NULL)
        PyErr_SetObject(kind, text);
    Py_XDECREF(text);
    return NULL;
}

PyObject *raise_library(PyObject *kind, const char *path, const char *message)
{
    if (strstr(message, "not enough memory") != NULL)
        return raise_text(PyExc_MemoryError, message);
    int descriptor = path != NULL && strstr(message, "cannot open") != NULL
                         ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                         : -1;
    int number = errno;
    if (descriptor >= 0)
        close(descriptor);
    if (path == NULL || strstr(message, "cannot open") == NULL || descriptor >= 0)
        return raise_text(kind, message);
    // OSError finds its own subclass by the number.
    PyObject *text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "backslashreplace");
    PyObject *error =
        text != NULL ? PyObject_CallFunction(PyExc_OSError, "iN", number, text) : NULL;
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return NULL;
}

static PyMethodDef methods[] = {
    {"train", module_train, METH_VARARGS,
     "train(options, progress): rnnlm_train(); options are names and values."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = "rnnlm._core",
                                        .m_doc = "The C library librnnlm.",
                                        .m_size = -1,
                                        .m_methods = methods};

static bool add_error(PyObject *module)
{
    PyObject *bases = PyTuple_Pack(2, PyExc_OSError, PyExc_ValueError);
    if (bases != NULL)
        model_error = PyErr_NewExceptionWithDoc(
            "rnnlm.ModelError", "A file that is no model, or a damaged one.", bases, NULL);
    Py_XDECREF(bases);
    return model_error != NULL && PyModule_AddObjectRef(module, "ModelError", model_error) == 0;
}

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || !add_error(module) || !state_add_type(module) ||
        !model_add_type(module) ||
        PyModule_AddStringConstant(module, "version", rnnlm_version()) != 0)
        Py_CLEAR(module);
    return module;
}
