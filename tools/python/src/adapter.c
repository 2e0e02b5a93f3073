// Models that learn from what is heard.
//
// The GIL is kept while they do: nobody else can begin to use the model then, and who has begun without the GIL
// is counted among its users.
#include "binding.h"

#include <stdlib.h>

static struct model_object *of(PyObject *self)
{
    return (struct model_object *)self;
}

// model_enter() of one that learns, which nobody else uses.
static const rnnlm_model *enter_alone(struct model_object *object)
{
    const rnnlm_model *model = model_enter(object);
    if (model == NULL)
        return NULL;
    if (object->adapter != NULL && object->users == 1)
        return model;
    if (object->adapter == NULL)
        PyErr_SetString(PyExc_ValueError, "the model does not learn: AdaptiveModel does");
    else
        PyErr_SetString(PyExc_RuntimeError, "another thread is using the model, which would learn");
    model_leave(object);
    return NULL;
}

// The words of a sentence and </s>.
static PyObject *learn(struct model_object *object, const rnnlm_model *model, PyObject *text)
{
    struct words words = {.count = 0};
    char message[RNNLM_ERROR_SIZE] = "";
    double *prob = NULL;
    PyObject *result = NULL;
    if (words_split(model, text, &words) && words_add(&words, RNNLM_SENTENCE_END, false)) {
        prob = calloc(words.count, sizeof *prob);
        if (prob == NULL)
            PyErr_NoMemory();
        else if (rnnlm_adapter_learn(object->adapter, words.id, words.count, prob, message,
                                     sizeof message) != 0)
            raise_library(PyExc_ValueError, NULL, message);
        else
            for (size_t i = 0; i < words.count; i++)
                prob[i] = model_bounded(object, prob[i]);
        if (prob != NULL && !PyErr_Occurred())
            result = numbers_array(prob, words.count);
    }
    free(prob);
    words_free(&words);
    return result;
}

PyObject *model_learn(PyObject *self, PyObject *text)
{
    const rnnlm_model *model = enter_alone(of(self));
    if (model == NULL)
        return NULL;
    PyObject *result = learn(of(self), model, text);
    model_leave(of(self));
    return result;
}

PyObject *model_restart(PyObject *self, PyObject *forget)
{
    int wanted = PyObject_IsTrue(forget);
    if (wanted < 0 || enter_alone(of(self)) == NULL)
        return NULL;
    int result = rnnlm_adapter_restart(of(self)->adapter, wanted);
    model_leave(of(self));
    return result != 0 ? PyErr_NoMemory() : Py_NewRef(Py_None);
}
