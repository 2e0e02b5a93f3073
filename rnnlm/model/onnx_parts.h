// What the files that put a network together for ONNX share (model/onnx.h): layers, outputs.
//
// Graphs go by time: row t N + n of what is flat, [T, ...] with T = L N, is place t of text n.
// Names of one layer begin with "layerN.", those of the output with "output.".
#ifndef MODEL_ONNX_PARTS_H
#define MODEL_ONNX_PARTS_H

#include "model/onnx.h"
#include "model/onnx_graph.h"
#include "net/network.h"

struct onnx_export {
    struct onnx_graph graph;
    const struct network *network;
    enum onnx_form form;
    const struct onnx_words *words; // NULL: the model's own numbers
    bool unknown;       // some of these are of no word of the model, whose number is then V
    bool independent;   // </s> begins a sentence
    size_t rows, width; // of h and c: how many, and numbers of each
};

// Whether there are operators for a layer. Error: its kind, or activation.
bool onnx_has_layer(const struct layer *layer, struct error *error);

// Sets rows and width: 1 where nothing is carried on.
void onnx_lay_out_states(struct onnx_export *export);

// From `places` [T], rows in the table of words, to `top` [T, units of the topmost layer]; of
// states also from h0 and c0 to next_h0 and next_c0. `lengths` is [L, N]. Where there are unknown
// words, `in_model` [T, 1] tells them apart; where sentences are independent, `goes_on` [L, N, 1]
// is false for </s>.
void onnx_layers(struct onnx_export *export);

// Whether there are operators for the output. Error: what it has.
bool onnx_has_output(const struct network *network, struct error *error);

// From `hidden` [T, units] to ln P: of `targets` [T, 1], `log_prob` [T, 1]; of all words,
// `log_probs` [T, V].
void onnx_log_prob_of_targets(struct onnx_export *export);
void onnx_log_probs(struct onnx_export *export);

#endif
