// The words of an utterance as a network.
#include "wer/transcript_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wer/letter_case.h"

// Behind what is wrong with marks.
static const char hint[] = ": -marks none takes marks for words";

struct transcript_choice {
    size_t start;    // the node its branches come from
    size_t branches; // the first of its branches in the list
    bool empty;      // nothing has been read of the branch in work
};

// ---- words ------------------------------------------------------------------------------------

// A node behind all others, reached by this word alone.
static bool add_arc(struct transcript_words *words, struct alignment_arc arc, struct error *error)
{
    arc.from = words->end;
    if (!alignment_text_add_node(words->text, error) ||
        !alignment_text_add_arc(words->text, arc, error))
        return false;
    words->end = words->text->nodes - 1;
    return true;
}

static bool is_fragment(struct span word)
{
    return word.length > 1 && (word.text[0] == '-' || word.text[word.length - 1] == '-');
}

bool transcript_word_is_optional(struct span word)
{
    if (word.length < 3 || word.text[0] != '(' || word.text[word.length - 1] != ')')
        return false;
    for (size_t i = 1; i + 1 < word.length; i++)
        if (word.text[i] == '(' || word.text[i] == ')')
            return false;
    return true;
}

// The characters of words->word, each as a word.
static bool add_characters(struct transcript_words *words, size_t length, struct alignment_arc arc,
                           struct error *error)
{
    arc.fragment = false;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bytes = letter_case_character(words->word, length, at);
        arc.word = vocabulary_add(words->words, words->word + at, bytes, error);
        if (arc.word == WORD_OOV || !add_arc(words, arc, error))
            return false;
    }
    return true;
}

static bool add_word(struct transcript_words *words, struct span word, struct error *error)
{
    const struct transcript_rules *rules = words->rules;
    struct alignment_arc arc = {0};
    if (words->marks && rules->optional && transcript_word_is_optional(word)) {
        arc.optional = true;
        word = (struct span){word.text + 1, word.length - 2};
    }
    arc.fragment = rules->fragments && is_fragment(word);
    if (!memory_grow(&words->word, &words->word_capacity, word.length + 1, 1, error))
        return false;
    memcpy(words->word, word.text, word.length);
    words->word[word.length] = '\0';
    if (!rules->case_sensitive)
        letter_case_lower(words->word, word.length);
    int32_t ignored = WORD_OOV;
    if (rules->ignored != NULL)
        ignored = vocabulary_find(rules->ignored, words->word, word.length);
    if (ignored != WORD_OOV && rules->ignored->count[ignored] > 0)
        return true;
    if (rules->characters)
        return add_characters(words, word.length, arc, error);
    arc.word = vocabulary_add(words->words, words->word, word.length, error);
    return arc.word != WORD_OOV && add_arc(words, arc, error);
}

// ---- alternatives -----------------------------------------------------------------------------

static bool open_choice(struct transcript_words *words, struct error *error)
{
    if (!memory_grow(&words->choice, &words->choice_capacity, words->choices + 1,
                     sizeof *words->choice, error))
        return false;
    words->choice[words->choices++] = (struct transcript_choice){words->end, words->branches, true};
    return true;
}

static bool end_branch(struct transcript_words *words, const char *mark, struct error *error)
{
    struct transcript_choice *choice = &words->choice[words->choices - 1];
    if (choice->empty)
        return error_set(error, "found \"%s\" after an empty alternative, wanted words or @%s",
                         mark, hint);
    if (!memory_grow(&words->branch, &words->branch_capacity, words->branches + 1,
                     sizeof *words->branch, error))
        return false;
    words->branch[words->branches++] = words->end;
    words->end = choice->start;
    choice->empty = true;
    return true;
}

// All branches meet in a new node.
static bool close_choice(struct transcript_words *words, struct error *error)
{
    if (!end_branch(words, "}", error))
        return false;
    struct transcript_choice choice = words->choice[words->choices - 1];
    if (words->branches - choice.branches < 2)
        return error_set(
            error, "found { } with one alternative, wanted two or more with / between%s", hint);
    if (!alignment_text_add_node(words->text, error))
        return false;
    for (size_t i = choice.branches; i < words->branches; i++)
        if (!alignment_text_add_arc(
                words->text, (struct alignment_arc){words->branch[i], ALIGNMENT_NULL, false, false},
                error))
            return false;
    words->branches = choice.branches;
    words->choices--;
    words->end = words->text->nodes - 1;
    return true;
}

static bool add_marked(struct transcript_words *words, struct span word, struct error *error)
{
    struct transcript_choice *choice =
        words->choices > 0 ? &words->choice[words->choices - 1] : NULL;
    if (choice != NULL && span_is(word, "/"))
        return end_branch(words, "/", error);
    if (span_is(word, "}"))
        return choice != NULL ? close_choice(words, error)
                              : error_set(error, "found } without {%s", hint);
    if (choice != NULL)
        choice->empty = false;
    if (span_is(word, "{"))
        return open_choice(words, error);
    if (span_is(word, "@"))
        return add_arc(words, (struct alignment_arc){0, ALIGNMENT_NULL, false, false}, error);
    return add_word(words, word, error);
}

// ---- utterances -------------------------------------------------------------------------------

bool transcript_words_begin(struct transcript_words *words, struct alignment_text *text,
                            struct error *error)
{
    words->text = text;
    words->end = words->choices = words->branches = 0;
    return alignment_text_init(text, error);
}

// A brace at the beginning of a word is a mark, but not one that is closed within it, as in {x}y.
static bool opens(struct span word)
{
    size_t open = 0;
    for (size_t i = 0; i < word.length; i++) {
        open += word.text[i] == '{';
        open -= word.text[i] == '}';
        if (open == 0)
            return i > 0 && word.text[word.length - 1] == '}';
    }
    return true;
}

// How many braces at the end of a word are marks: not those that close one within it, as in m^{me}.
static size_t closing_marks(struct span word)
{
    size_t open = 0, marks = 0;
    for (size_t i = 0; i < word.length; i++) {
        bool closes = word.text[i] == '}';
        open += word.text[i] == '{';
        marks = !closes ? 0 : marks + (open == 0);
        open -= closes && open > 0;
    }
    return marks;
}

// Braces may stand close to words: {um / uh}.
bool transcript_words_add(struct transcript_words *words, struct span word, struct error *error)
{
    if (!words->marks)
        return add_word(words, word, error);
    while (word.length > 1 && word.text[0] == '{' && opens(word)) {
        if (!add_marked(words, (struct span){word.text, 1}, error))
            return false;
        word = (struct span){word.text + 1, word.length - 1};
    }
    size_t closing = closing_marks(word);
    word.length -= closing;
    bool ok = word.length == 0 || add_marked(words, word, error);
    for (size_t i = 0; ok && i < closing; i++)
        ok = add_marked(words, (struct span){"}", 1}, error);
    return ok;
}

bool transcript_words_end(struct transcript_words *words, struct error *error)
{
    if (words->choices == 0)
        return true;
    return error_set(error, "found { without }%s", hint);
}

void transcript_words_free(struct transcript_words *words)
{
    free(words->choice);
    free(words->branch);
    free(words->word);
    *words = (struct transcript_words){0};
}
