// What teachers say of a training text, so that one network learns from several (distillation, Hinton, Vinyals
// & Dean 2015): net/output.h has what it does with that.
//
// Teachers are networks with the words and the classes of the one that learns. What they say before word w of
// class c is their linear mixture,
//
//   q(k) = sum over i of weight_i P_i(k)      q(v | c) = sum over i of weight_i P_i(c) P_i(v | c) / q(c)
//
// for all classes k and the words v of class c. They are asked once, before anything is learnt, many parts of
// the text side by side; their answers wait in bfloat16 in a file without a name beside the model, of 2 bytes
// for each class and each word of a word's class. Of several processes each
// asks for all of the text: answers then are the same, whoever learns which part.
#ifndef TRAIN_LESSONS_H
#define TRAIN_LESSONS_H

#include "base/threads.h"
#include "model/model.h"
#include "net/output.h"
#include "train/text_streams.h"

struct teacher {
    const struct model *model; // not owned
    const char *path;          // for messages
    double weight;             // above 0; they need not sum to 1
};

struct lessons;

// Whether these can teach the network of `model`. Error: file, what was found and wanted.
bool lessons_can_be(const struct teacher *teacher, size_t count, const struct model *model,
                    struct error *error);

// Asks them for all words of an epoch of the texts, in which every epoch has to be the same. The file is in the
// folder of `model_path`. Error: no memory, no room on the disk, texts that differ from epoch to epoch.
struct lessons *lessons_new(const struct teacher *teacher, size_t count, const struct model *model,
                            struct corpus *texts, const struct epoch_rule *order,
                            const char *model_path, struct pool *pool, struct error *error);
void lessons_free(struct lessons *lessons);

// What they say of word number `place` of an epoch, which is `target`; nothing of WORD_OOV. Belongs to `lessons`.
struct output_lesson lessons_at(const struct lessons *lessons, uint64_t place, int32_t target);

// Words of the epoch, and bytes that the answers take.
uint64_t lessons_words(const struct lessons *lessons);
uint64_t lessons_bytes(const struct lessons *lessons);

#endif
