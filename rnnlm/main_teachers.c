// The teachers of rnnlm -train: -teach and -teach-share.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "main.h"
#include "text/text_list.h"

static struct text_list list; // which are named
static struct model *model;   // [loaded]
static struct teacher *teacher;
static size_t loaded;

bool main_teachers_check(struct error *error)
{
    if (set.teach.count == 0 && given.teach_share)
        return error_set(error, "-teach-share is for -teach MODEL");
    return set.teach.count == 0 || set.train.count > 0 ||
           error_set(error, "-teach is for training: -train FILE is wanted");
}

bool main_teachers_open(struct error *error)
{
    for (size_t i = 0; i < set.teach.count; i++)
        if (!text_list_add(&list, set.teach.item[i], error))
            return error->usage && error_option(error, "teach");
    model = memory_new(list.count, sizeof *model, error);
    teacher = memory_new(list.count, sizeof *teacher, error);
    if (list.count > 0 && (model == NULL || teacher == NULL))
        return false;
    for (; loaded < list.count; loaded++) {
        const struct listed_text *named = &list.text[loaded];
        if (!model_open(&model[loaded], named->path, error))
            return false;
        teacher[loaded] = (struct teacher){&model[loaded], named->path, named->weight};
    }
    return true;
}

void main_teachers_close(void)
{
    for (size_t i = 0; i < loaded; i++)
        model_free(&model[i]);
    free(model);
    free(teacher);
    text_list_free(&list);
}

bool main_teachers_ask(struct training *training, const struct network_shape *shape,
                       struct error *error)
{
    training->teacher = teacher;
    training->teachers = loaded;
    training->lesson_share = set.teach_share;
    if (loaded > 0 && training->streams == 0)
        return error_usage(error, "-teach is for batches: -streams N or -fast is wanted");
    return loaded == 0 || shape->output->taught ||
           error_usage(error, "-teach is for -output class, %s has output %s", first_model(),
                       shape->output->name);
}
