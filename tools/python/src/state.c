// rnnlm.State: what a model knows of the words so far, a value that is compared, hashed and copied.
#include "binding.h"

#include <string.h>

PyTypeObject *state_type;

static struct state_object *of(PyObject *self)
{
    return (struct state_object *)self;
}

static int state_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)of(self)->owner);
    return 0;
}

static int state_clear(PyObject *self)
{
    struct state_object *state = of(self);
    PyObject *owner = (PyObject *)state->owner;
    PyMem_Free(state->data);
    state->data = NULL;
    state->owner = NULL;
    Py_XDECREF(owner);
    return 0;
}

static void state_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    state_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF((PyObject *)type);
}

// Makes a state one of a model's, with zeros.
static bool bind(struct state_object *state, struct model_object *owner, size_t size)
{
    if (state->owner == owner)
        return true;
    void *data = PyMem_Malloc(size);
    if (data == NULL) {
        PyErr_NoMemory();
        return false;
    }
    Py_INCREF((PyObject *)owner);
    state_clear((PyObject *)state);
    state->owner = owner;
    state->data = data;
    state->size = size;
    memset(data, 0, size);
    return true;
}

static bool is_state(PyObject *object)
{
    if (PyObject_TypeCheck(object, state_type))
        return true;
    PyErr_Format(PyExc_TypeError, "found %R, wanted rnnlm.State", Py_TYPE(object));
    return false;
}

const void *state_read(PyObject *object, const struct model_object *owner)
{
    if (!is_state(object))
        return NULL;
    if (of(object)->owner == owner)
        return of(object)->data;
    PyErr_SetString(PyExc_ValueError,
                    of(object)->owner == NULL
                        ? "found an empty state, wanted one that a model has written: "
                          "Model.BeginSentenceWrite(state)"
                        : "found a state of another model, wanted one of this model");
    return NULL;
}

void *state_write(PyObject *object, struct model_object *owner)
{
    return is_state(object) && bind(of(object), owner, rnnlm_state_size(owner->model))
               ? of(object)->data
               : NULL;
}

static int compare(const struct state_object *a, const struct state_object *b)
{
    if (a->owner != b->owner)
        return (uintptr_t)a->owner < (uintptr_t)b->owner ? -1 : 1;
    return a->owner != NULL ? memcmp(a->data, b->data, a->size) : 0;
}

static PyObject *state_compare(PyObject *a, PyObject *b, int operation)
{
    if (!PyObject_TypeCheck(a, state_type) || !PyObject_TypeCheck(b, state_type))
        Py_RETURN_NOTIMPLEMENTED;
    int order = compare(of(a), of(b));
    Py_RETURN_RICHCOMPARE(order, 0, operation);
}

// FNV-1a.
static Py_hash_t state_hash(PyObject *self)
{
    const struct state_object *state = of(self);
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; state->owner != NULL && i < state->size; i++)
        hash = (hash ^ ((const unsigned char *)state->data)[i]) * 0x100000001b3u;
    return (Py_hash_t)hash == -1 ? -2 : (Py_hash_t)hash;
}

static PyObject *state_copy(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct state_object *state = of(self);
    PyObject *copy = PyObject_CallNoArgs((PyObject *)Py_TYPE(self));
    if (copy == NULL || state->owner == NULL)
        return copy;
    if (!bind(of(copy), state->owner, state->size)) {
        Py_DECREF(copy);
        return NULL;
    }
    memcpy(of(copy)->data, state->data, state->size);
    return copy;
}

static PyObject *state_bytes(PyObject *self, PyObject *unused)
{
    (void)unused;
    const struct state_object *state = of(self);
    return PyBytes_FromStringAndSize(state->data,
                                     state->owner != NULL ? (Py_ssize_t)state->size : 0);
}

// A new state with these bytes, if they can be one of this model.
static PyObject *state_made(PyObject *type, struct model_object *owner, const rnnlm_model *model,
                            const Py_buffer *bytes)
{
    size_t wanted = rnnlm_state_size(model);
    if ((size_t)bytes->len != wanted)
        return PyErr_Format(PyExc_ValueError,
                            "found %zd bytes, wanted the %zu of a state of this model", bytes->len,
                            wanted);
    PyObject *state = PyObject_CallNoArgs(type);
    void *data = state != NULL ? state_write(state, owner) : NULL;
    if (data != NULL)
        memcpy(data, bytes->buf, wanted);
    if (data != NULL && rnnlm_state_check(model, data) != 0) {
        PyErr_SetString(PyExc_ValueError, "found bytes that are no state of this model");
        data = NULL;
    }
    if (data == NULL)
        Py_CLEAR(state);
    return state;
}

static PyObject *state_from_bytes(PyObject *type, PyObject *arguments)
{
    PyObject *model, *state = NULL;
    Py_buffer bytes;
    if (!PyArg_ParseTuple(arguments, "Oy*:frombytes", &model, &bytes))
        return NULL;
    struct model_object *owner = (struct model_object *)model;
    if (!PyObject_TypeCheck(model, model_type)) {
        PyErr_Format(PyExc_TypeError, "found %R, wanted rnnlm.Model", Py_TYPE(model));
    } else {
        const rnnlm_model *library = model_enter(owner);
        if (library != NULL) {
            state = state_made(type, owner, library, &bytes);
            model_leave(owner);
        }
    }
    PyBuffer_Release(&bytes);
    return state;
}

static PyObject *state_reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct state_object *state = of(self);
    if (state->owner == NULL)
        return Py_BuildValue("O()", Py_TYPE(self));
    PyObject *make = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "frombytes");
    return make != NULL ? Py_BuildValue("N(Oy#)", make, (PyObject *)state->owner,
                                        (const char *)state->data, (Py_ssize_t)state->size)
                        : NULL;
}

static PyMethodDef state_methods[] = {
    {"__copy__", state_copy, METH_NOARGS, "A state of its own with the same value."},
    {"__deepcopy__", state_copy, METH_O, "As __copy__(): a state belongs to its model."},
    {"__reduce__", state_reduce, METH_NOARGS, "Pickled with its model, which is opened anew."},
    {"tobytes", state_bytes, METH_NOARGS,
     "The value as bytes; none before a model has written it."},
    {"frombytes", state_from_bytes, METH_VARARGS | METH_CLASS,
     "frombytes(model, bytes): the state whose tobytes() these are.\n\n"
     "ValueError if they can be none of this model's."},
    {NULL, NULL, 0, NULL}};

static PyType_Slot state_slots[] = {
    {Py_tp_doc,
     "What a model knows of the words so far.\n\n"
     "A plain value: compared, hashed, copied and pickled by what it is. A new one is empty; a\n"
     "model writes it (BeginSentenceWrite, NullContextWrite, BaseScore), and it is one of that\n"
     "model's from then on."},
    {Py_tp_dealloc, state_dealloc},
    {Py_tp_traverse, state_traverse},
    {Py_tp_clear, state_clear},
    {Py_tp_richcompare, state_compare},
    {Py_tp_hash, state_hash},
    {Py_tp_methods, state_methods},
    {0, NULL}};

static PyType_Spec state_spec = {.name = "rnnlm.State",
                                 .basicsize = sizeof(struct state_object),
                                 .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                 .slots = state_slots};

bool state_add_type(PyObject *module)
{
    state_type = (PyTypeObject *)PyType_FromSpec(&state_spec);
    return state_type != NULL &&
           PyModule_AddObjectRef(module, "State", (PyObject *)state_type) == 0;
}
