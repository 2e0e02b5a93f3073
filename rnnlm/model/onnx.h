// Networks as ONNX files, for decoders and pages that have an ONNX runtime, in the two forms that
// sherpa-onnx knows:
//
//   sentences   x [N, L], x_lens [N] -> nll [N]: -ln P of the first x_lens words of each row and of
//               </s> behind them, as rnnlm_score_sentences() has them. What fills rows up does not
//               matter.
//   states      x [N, L], h0, c0 [rows, N, width] -> log_softmax [N, L, words], next_h0, next_c0:
//               ln P of all words behind each of x. With L = 1 it goes word by word.
//
// x and x_lens are int64, all else is float. States hold what the layers carry on, each vector in a
// row of h or c, less what it starts from: zeros are the beginning of a text, where </s> is the
// first word to be taken in. Where sentences are independent, </s> begins the next one. A number
// that is no word's is a failure of the runtime.
//
// The file's metadata, as texts: sos_id, eos_id, the numbers of what begins and ends a sentence;
// vocab_size; num_layers and hidden_size, the rows and the width of h and c; model_type, layers,
// output, tied, unit, independent.
#ifndef MODEL_ONNX_H
#define MODEL_ONNX_H

#include "model/model.h"

enum onnx_form { ONNX_SENTENCES, ONNX_STATES };

// Whether this is the name of a form, as a format: onnx, onnx-state.
bool onnx_form_named(const char *name, enum onnx_form *form);

// Numbers of words, in place of those that the model has.
struct onnx_words {
    size_t count; // they are 0..count-1
    // [count] The model's word of each; WORD_OOV for one that it does not know, which is passed by
    // without input, and has log10 P = ONNX_UNKNOWN, as in lists of hypotheses.
    const int32_t *word;
    size_t start, end; // of what begins and ends a sentence
};

#define ONNX_UNKNOWN (-5.0)

// Writes a model that model_load() has read; `words` may be NULL. `path` may be no file that this
// process has read. Error: what the network has that ONNX has no operators for, and what can be
// done; a file of more than 2 GB; no memory.
bool onnx_save(const struct model *model, enum onnx_form form, const struct onnx_words *words,
               const char *path, struct error *error);

#endif
