// The equations of the kinds of layers as text, for programs that compute with other means than
// ours: one step, line by line in the text syntax of ONNX and with its operators (onnx.ai), by
// names
//
//   .x                sums of what comes in: of the input's map, and of biases beside it
//   .b0, .b1, ...     vectors of the state before (net/layer.h), as far as the step wants them
//   .a0, .a1, ...     these after; .a0 is what the layer puts out
//   .recurrent, ...   other maps, as the kind calls them: a matrix, or one row
//   .rest             biases of sums to which the input adds nothing
//
// A row is a text, so that sums are [N, gates * units] and vectors [N, units]. The operator
// Activation is that which the layer's units apply. Each kind has its equations in its own file,
// beside those that they say again.
#ifndef NET_EQUATIONS_H
#define NET_EQUATIONS_H

#include "net/layer.h"

// NULL at the end; NULL for a kind that is in no table.
const char *const *layer_equations(const struct layer_type *type);

// Whether a step wants vector v of the state before: the others need not be carried on.
bool equations_want(const char *const *equations, size_t v);

#endif
