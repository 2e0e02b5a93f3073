// rnnlm -test TEXT -hidden-states FILE: what the network keeps of a text.
#include "main_scoring.h"
#include "score/hidden_states.h"

static bool count_tokens(const struct evaluation *evaluation, uint64_t *tokens, struct error *error)
{
    struct reader *text = main_open_text(evaluation, set.test, error);
    bool ok = text != NULL && hidden_states_count(text, tokens, error);
    reader_close(text);
    return ok;
}

bool main_write_states(const struct evaluation *evaluation, struct error *error)
{
    uint64_t tokens;
    struct network_use use = main_use_of(evaluation, 0);
    use.per_sentence = evaluation->blend.per_sentence;
    if (!count_tokens(evaluation, &tokens, error))
        return false;
    struct output *output = output_create(set.hidden_states, error);
    if (output == NULL)
        return false;
    struct reader *text = main_open_text(evaluation, set.test, error);
    bool ok = text != NULL &&
              hidden_states_write(&evaluation->model[0], &use, text, tokens, output, error);
    reader_close(text);
    return output_end(output, ok, error);
}
