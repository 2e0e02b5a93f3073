#include "score/other.h"
#include "base/file.h"
#include "base/number.h"
#include <stdlib.h>
#include <string.h>
struct other_model {
    struct input *in;
};
struct other_model *other_from_stream(const char *path, struct error *error)
{
    struct other_model *o = calloc(1, sizeof *o);
    o->in = input_open(path, error);
    return o;
}
void other_close(struct other_model *o)
{
    if (o) {
        input_close(o->in);
        free(o);
    }
}
bool other_next(struct other_model *o, const struct token *token, double *prob, struct error *error)
{
    (void)token;
    size_t n;
    char *l = input_line(o->in, &n);
    if (!l || !number_parse(l, n, prob))
        return error_set(error, "lm");
    return true;
}
bool other_end(struct other_model *o, struct error *error)
{
    (void)o;
    (void)error;
    return true;
}
