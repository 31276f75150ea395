/* tensors -- a set of named tensors, whatever file it comes from.
 *
 * A sharded checkpoint is a JSON file {"metadata": {...}, "weight_map": {tensor: file}}
 * beside its shards, as huggingface_hub and transformers write it.  Its rules here:
 *   - a shard is a plain .safetensors file name in the folder of the index;
 *   - weight_map and the shards hold the same tensors: none missing, none extra;
 *   - metadata.total_size, when there is one, is the sum of the tensors' bytes; other
 *     members of metadata, and of the index, are left to whoever wrote them.
 * Items come in the order of weight_map; the set has no metadata of its own.
 * Source: huggingface_hub, serialization guide and _base.py (StateDictSplit). */
#include "private.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SHARDS = 10000 };

enum status tensors_begin(struct tensors *t, const char *path, struct err *e)
{
    memset(t, 0, sizeof *t);
    size_t n = strlen(path) + 1;
    struct tensors_owner *o = calloc(1, sizeof *o);
    char *copy = malloc(n);
    if (!o || !copy) {
        free(o);
        free(copy);
        return fail(e, E_MEMORY, "%s: no memory to read it", path_tail(path));
    }
    memcpy(copy, path, n);
    o->path = copy;
    t->path = copy;
    t->owner = o;
    return OK;
}

static int order_names(const void *left, const void *right)
{
    const struct tensor *a = left, *b = right;
    return strcmp(a->name, b->name);
}

enum status tensors_finish(struct tensors *t, struct err *e)
{
    struct tensors_owner *o = t->owner;
    o->sorted = malloc((t->count + 1) * sizeof *o->sorted);
    if (!o->sorted) return fail(e, E_MEMORY, "%s: no memory to index %zu tensors", path_tail(t->path), t->count);
    for (size_t i = 0; i < t->count; i++) o->sorted[i] = &t->item[i];
    sort_pointers(o->sorted, t->count, order_names);
    return OK;
}

void tensors_close(struct tensors *t)
{
    struct tensors_owner *o = t->owner;
    if (o) {
        for (size_t i = 0; i < o->shards; i++) tensors_close(&o->shard[i]);     /* one level: shards have none */
        free(o->shard);
        json_free(&o->doc);
        file_unmap(&o->file);
        free(o->path);
        free(o->name);
        free(o->meta);
        free(o->sorted);
        free(o->copy);
        free(o);
    }
    free(t->item);
    memset(t, 0, sizeof *t);
}

const struct tensor *tensors_find(const struct tensors *t, const char *name)
{
    const struct tensors_owner *o = t->owner;
    size_t low = 0, high = o ? t->count : 0;
    for (size_t i = 0; !o && i < t->count; i++)     /* a set made in memory has no index */
        if (!strcmp(name, t->item[i].name)) return &t->item[i];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct tensor *at = o->sorted[middle];
        int order = strcmp(name, at->name);
        if (order == 0) return at;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

const char *tensors_meta(const struct tensors *t, const char *key)
{
    for (size_t i = 0; i < t->meta_count; i++)
        if (!strcmp(t->meta[i].key, key)) return t->meta[i].value;
    return NULL;
}

/* One file, mapped for as long as the set lives. */
static enum status open_mapped(struct tensors *t, const char *path,
                               enum status (*parse)(struct tensors *, const char *, const void *, size_t, struct err *),
                               struct err *e)
{
    struct file f;
    enum status status = file_map(&f, path, e);
    if (status) return status;
    status = parse(t, path, f.data, f.size, e);
    if (status) file_unmap(&f);
    else ((struct tensors_owner *)t->owner)->file = f;
    return status;
}

static int ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && !strcmp(s + n - m, suffix);
}

/* ---- the sharded checkpoint ---- */

/* What weight_map says of one tensor, and which shard that is. */
struct place { const struct json *member; size_t shard; };

static enum status check_shard_name(const struct tensors *t, const struct json *m, struct err *e)
{
    char key[SHOWN], value[SHOWN];
    const char *path = path_tail(t->path);
    show(key, m->key, m->key_length);
    if (m->type != JSON_STRING)
        return fail(e, E_DATA, "%s: byte %zu: weight_map \"%s\" is not a file name", path, m->offset, key);
    show(value, m->string, m->length);
    /* an index from elsewhere must not reach files outside of its folder */
    if (strlen(m->string) != m->length || strchr(m->string, '/') || strstr(m->string, ".."))
        return fail(e, E_DATA, "%s: byte %zu: weight_map \"%s\": shard \"%s\" is not a plain file name in the same folder",
                    path, m->offset, key, value);
    if (!ends_with(m->string, ".safetensors"))
        return fail(e, E_DATA, "%s: byte %zu: weight_map \"%s\": shard \"%s\" is not a .safetensors file",
                    path, m->offset, key, value);
    return OK;
}

static int order_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = strcmp(a->member->string, b->member->string);
    if (order) return order;
    return a->member->offset < b->member->offset ? -1 : a->member->offset > b->member->offset;
}

/* Opens each shard once; `sorted` are the places by shard name. */
static enum status open_shards(struct tensors *t, const void **sorted, struct place *place, struct err *e)
{
    struct tensors_owner *o = t->owner;
    const char *last = NULL;
    size_t shards = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct place *p = sorted[i];
        if (!last || strcmp(last, p->member->string)) shards++;
        last = p->member->string;
        place[p - place].shard = shards - 1;
    }
    if (shards > MAX_SHARDS)
        return fail(e, E_UNSUPPORTED, "%s: %zu shards, at most %d are read", path_tail(t->path), shards, MAX_SHARDS);
    char *folder = path_folder(t->path);
    enum status status = OK;
    o->shard = calloc(shards + 1, sizeof *o->shard);
    if (!folder || !o->shard) status = fail(e, E_MEMORY, "%s: no memory for %zu shards", path_tail(t->path), shards);
    for (size_t i = 0; i < t->count && !status; i++) {
        const struct place *p = sorted[i];
        if (p->shard != o->shards) continue;
        char *path = path_join(folder, p->member->string);
        if (!path) { status = fail(e, E_MEMORY, "%s: no memory for a path", path_tail(t->path)); break; }
        struct err inner = { OK, "" };
        status = open_mapped(&o->shard[o->shards], path, safetensors_parse, &inner);
        /* the shard's message names the shard: say which index asked for it */
        if (status) fail(e, status, "%s: byte %zu: shard %.400s", path_tail(t->path), p->member->offset, inner.text);
        else o->shards++;
        free(path);
    }
    free(folder);
    return status;
}

/* Every tensor of the map from its shard, and no tensor of a shard left over. */
static enum status collect(struct tensors *t, const struct place *place, struct err *e)
{
    struct tensors_owner *o = t->owner;
    char name[SHOWN], shard[SHOWN];
    for (size_t i = 0; i < t->count; i++) {
        const struct json *m = place[i].member;
        const struct tensor *found = tensors_find(&o->shard[place[i].shard], m->key);
        if (!found || strlen(m->key) != m->key_length)
            return fail(e, E_DATA, "%s: byte %zu: tensor \"%s\" is not in its shard \"%s\"", path_tail(t->path), m->offset,
                        show(name, m->key, m->key_length), show(shard, m->string, m->length));
        t->item[i] = *found;
    }
    enum status status = tensors_finish(t, e);
    for (size_t s = 0; s < o->shards && !status; s++)
        for (size_t k = 0; k < o->shard[s].count && !status; k++) {
            const struct tensor *extra = &o->shard[s].item[k], *known = tensors_find(t, extra->name);
            if (known && place[known - t->item].shard == s) continue;
            status = fail(e, E_DATA, "%s: tensor \"%s\" of shard \"%s\" is not in weight_map", path_tail(t->path),
                          show(name, extra->name, strlen(extra->name)), path_tail(o->shard[s].path));
        }
    return status;
}

static enum status check_total(const struct tensors *t, const struct json *metadata, struct err *e)
{
    const struct json *v = metadata ? json_get(metadata, "total_size") : NULL;
    size_t total = 0, said;
    if (!v) return OK;
    for (size_t i = 0; i < t->count; i++) total += tensor_bytes(&t->item[i]);  /* all lie in mapped files: no overflow */
    if (!json_size(v, SIZE_MAX, &said))
        return fail(e, E_DATA, "%s: byte %zu: metadata.total_size is not a non-negative integer", path_tail(t->path), v->offset);
    if (said != total)
        return fail(e, E_DATA, "%s: byte %zu: metadata.total_size is %zu, the tensors have %zu bytes", path_tail(t->path),
                    v->offset, said, total);
    return OK;
}

static enum status read_index(struct tensors *t, const struct json *root, struct err *e)
{
    const struct json *map = json_get(root, "weight_map"), *metadata = json_get(root, "metadata");
    enum status status = OK;
    size_t n = 0;
    if (!map || map->type != JSON_OBJECT)
        return fail(e, E_DATA, "%s: byte %zu: no object \"weight_map\" in the index", path_tail(t->path),
                    map ? map->offset : root->offset);
    if (metadata && metadata->type != JSON_OBJECT)
        return fail(e, E_DATA, "%s: byte %zu: \"metadata\" is not an object", path_tail(t->path), metadata->offset);
    struct place *place = calloc(map->count + 1, sizeof *place);
    const void **sorted = malloc((map->count + 1) * sizeof *sorted);
    t->item = calloc(map->count + 1, sizeof *t->item);
    if (!place || !sorted || !t->item)
        status = fail(e, E_MEMORY, "%s: no memory for %zu tensors", path_tail(t->path), map->count);
    for (const struct json *m = map->first; m && !status; m = m->next) {
        status = check_shard_name(t, m, e);
        place[n].member = m;
        sorted[n] = &place[n];
        n++;
    }
    if (!status) {
        t->count = n;
        sort_pointers(sorted, n, order_places);
        status = open_shards(t, sorted, place, e);
    }
    if (!status) status = collect(t, place, e);
    if (!status) status = check_total(t, metadata, e);
    free(place);
    free(sorted);
    return status;
}

static enum status open_index(struct tensors *t, const char *path, struct err *e)
{
    struct file f;
    enum status status = file_map(&f, path, e);
    if (status) return status;
    status = tensors_begin(t, path, e);
    if (!status) {
        struct tensors_owner *o = t->owner;
        status = json_parse(&o->doc, o->path, (const char *)f.data, f.size, 0, e);
        if (!status) status = read_index(t, o->doc.root, e);
        if (status) tensors_close(t);
    }
    file_unmap(&f);
    return status;
}

enum status tensors_open(struct tensors *t, const char *path, struct err *e)
{
    memset(t, 0, sizeof *t);
    if (ends_with(path, ".safetensors")) return open_mapped(t, path, safetensors_parse, e);
    if (ends_with(path, ".npy")) return open_mapped(t, path, npy_parse, e);
    if (ends_with(path, ".safetensors.index.json")) return open_index(t, path, e);
    return fail(e, E_ARG, "%s: no tensor file: the name ends in none of .safetensors, .safetensors.index.json, .npy",
                path_tail(path));
}
