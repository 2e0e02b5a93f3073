// Steps of an estimation.
#include "ngram/watch.h"

void watch_init(struct watch *watch, void (*call)(void *context, const struct watch *watch),
                void *context)
{
    *watch = (struct watch){.call = call, .context = context};
    pthread_mutex_init(&watch->lock, NULL);
}

void watch_free(struct watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
}

void watch_begin(struct watch *watch, const char *step, const char *unit, uint64_t total)
{
    if (watch == NULL)
        return;
    watch->step = step;
    watch->unit = unit;
    watch->total = total;
    watch->done = 0;
    watch->ended = false;
    watch->call(watch->context, watch);
}

void watch_add(struct watch *watch, uint64_t more)
{
    if (watch == NULL || more == 0)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->done += more;
    watch->call(watch->context, watch);
    pthread_mutex_unlock(&watch->lock);
}

void watch_end(struct watch *watch)
{
    if (watch == NULL)
        return;
    watch->ended = true;
    watch->call(watch->context, watch);
}
