// Native model files that are made wrong on purpose, with the right checksums.
#ifndef FORGERY_H
#define FORGERY_H

#include "native_models.h"

#include "base/sections.h"

enum { MOST_SECTIONS = 24, MOST_TEXT = 8192 };

// ---- reading ----------------------------------------------------------------------------------

static inline void refused(reader_of_models *reader, const char *text)
{
    struct model model;
    struct error error = {""};
    if (reader(&model, FILE_NAME, &error))
        fail_msg("a file was read that was to be refused with \"%s\"", text);
    assert_contains(error.text, FILE_NAME);
    assert_contains(error.text, text);
    assert_null(strchr(error.text, '\n'));
    assert_null(model.map.data);
    assert_null(model.network.parameter);
    assert_null(model.vocabulary.letters);
    assert_null(model.record.train_file);
}

static inline struct sections table_of(const char *data, size_t size)
{
    struct sections sections;
    struct error error = {""};
    if (!sections_in(&sections, data, size, "model", &error))
        fail_msg("%s", error.text);
    return sections;
}

// ---- making -----------------------------------------------------------------------------------

enum { MOST_BEYOND = 1 << 16 }; // zeros behind a file, for sections that are said to be longer

// A good file, to be changed and written again.
struct forgery {
    char *data;
    struct section_plan plan[MOST_SECTIONS];
    size_t count;
    char text[MOST_TEXT]; // for a section with other content
};

static inline void forgery_start(struct forgery *forgery, const struct recipe *recipe,
                                 enum model_format format)
{
    size_t size;
    save(recipe, format, FILE_NAME);
    char *file = read_whole(FILE_NAME, false, &size);
    forgery->data = calloc(1, size + MOST_BEYOND);
    assert_non_null(forgery->data);
    memcpy(forgery->data, file, size);
    free(file);
    struct sections sections = table_of(forgery->data, size);
    forgery->count = sections.count;
    assert_true(sections.count <= MOST_SECTIONS);
    for (size_t i = 0; i < sections.count; i++)
        forgery->plan[i] = (struct section_plan){
            .section = sections.section[i], .data = forgery->data + sections.section[i].offset};
    sections_free(&sections);
}

static inline struct section_plan *forgery_plan(struct forgery *forgery, const char *name)
{
    for (size_t i = 0; i < forgery->count; i++)
        if (strcmp(forgery->plan[i].section.name, name) == 0)
            return &forgery->plan[i];
    fail_msg("no section %s", name);
    return NULL;
}

// The bytes of a section.
static inline char *forgery_bytes(struct forgery *forgery, const char *name)
{
    return forgery->data + ((const char *)forgery_plan(forgery, name)->data - forgery->data);
}

// Another text, with its 0 byte.
static inline void forgery_text(struct forgery *forgery, const char *name, const char *text)
{
    struct section_plan *plan = forgery_plan(forgery, name);
    size_t size = strlen(text) + 1;
    assert_true(size <= sizeof forgery->text);
    memcpy(forgery->text, text, size);
    plan->section.width = plan->section.stride = size;
    plan->data = forgery->text;
}

static inline void forgery_write(struct forgery *forgery)
{
    struct error error = {""};
    struct output *output = output_open(FILE_NAME, &error);
    assert_non_null(output);
    assert_true(sections_write(output, "model", forgery->plan, forgery->count, &error));
    assert_true(output_commit(output, &error));
    free(forgery->data);
}

// Writes it, and sees what reading says; in place NULL if it is to be used.
static inline void forgery_refused(struct forgery *forgery, const char *load_says,
                                   const char *open_says)
{
    struct model model;
    forgery_write(forgery);
    refused(model_load, load_says);
    if (open_says != NULL) {
        refused(model_open, open_says);
        return;
    }
    read_with(model_open, &model, FILE_NAME);
    score_all(&model);
    model_free(&model);
}

// Puts a few bytes into a section.
static inline void forge(const char *name, size_t at, const void *bytes, size_t count,
                         const char *load_says, const char *open_says)
{
    struct forgery forgery;
    forgery_start(&forgery, &plain, MODEL_NATIVE);
    assert_true(at + count <= section_bytes(&forgery_plan(&forgery, name)->section));
    memcpy(forgery_bytes(&forgery, name) + at, bytes, count);
    forgery_refused(&forgery, load_says, open_says);
}

#endif
