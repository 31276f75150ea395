#define _POSIX_C_SOURCE 200809L
/* test_io -- files, sets of tensors, sharded checkpoints, and every file of data/bad;
 * then the readers one by one (test_io_*.c). */
#include "check.h"
#include "../ref/io/video.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void test_io(struct check *c);
void test_io_base(struct check *c);
void test_io_json(struct check *c);
void test_io_npy(struct check *c);
void test_io_safetensors(struct check *c);

enum { PATH = 1000 };

static const char *scratch(struct check *c, char out[PATH], const char *name)
{
    snprintf(out, PATH, "%s/%s", c->scratch, name);
    return out;
}

/* Entries of a folder whose name contains part. */
static int entries(const char *folder, const char *part)
{
    int n = 0;
    DIR *d = opendir(folder);
    if (!d) return -1;
    for (struct dirent *entry; (entry = readdir(d)); ) n += strstr(entry->d_name, part) != NULL;
    closedir(d);
    return n;
}

static void test_paths(struct check *c)
{
    static const char *const join[][3] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "/b" }, { "", "b", "b" }, { "/", "b", "/b" }, { ".", "b", "./b" },
    };
    static const char *const folder[][2] = {
        { "a/b", "a" }, { "b", "." }, { "/b", "/" }, { "a/b/c", "a/b" }, { "a//b", "a" }, { "//b", "/" }, { "", "." },
    };
    check_case(c, "io: paths");
    for (size_t i = 0; i < LEN(join); i++) {
        char *s = path_join(join[i][0], join[i][1]);
        CHECK_STR(s, join[i][2]);
        free(s);
    }
    for (size_t i = 0; i < LEN(folder); i++) {
        char *s = path_folder(folder[i][0]);
        CHECK_STR(s, folder[i][1]);
        free(s);
    }
}

static void test_files(struct check *c)
{
    char path[PATH], other[PATH];
    struct file f;
    struct file_writer w;
    struct err e = { OK, "" };
    struct stat st;
    check_case(c, "io: file write and map");
    scratch(c, path, "file");
    CHECK_STATUS(file_write(path, "hello", 5, &e), OK);
    CHECK_STATUS(file_map(&f, path, &e), OK);
    CHECK(f.size == 5 && !memcmp(f.data, "hello", 5));
    CHECK_STATUS(file_write(path, NULL, 0, &e), OK);                /* the mapped file lives on */
    CHECK(!memcmp(f.data, "hello", 5));
    file_unmap(&f);
    CHECK_STATUS(file_map(&f, path, &e), OK);
    CHECK(f.size == 0 && f.data);
    file_unmap(&f);

    check_case(c, "io: file writer replaces at commit and not before");
    CHECK_STATUS(file_write(path, "old", 3, &e), OK);
    CHECK_STATUS(file_writer_open(&w, path, &e), OK);
    CHECK_STATUS(file_writer_add(&w, "new!", 4, &e), OK);
    CHECK(entries(c->scratch, ".goldreel-") == 1);
    CHECK(stat(path, &st) == 0 && st.st_size == 3);
    file_writer_discard(&w);
    file_writer_discard(&w);                                        /* twice is harmless */
    CHECK(entries(c->scratch, ".goldreel-") == 0);
    CHECK(stat(path, &st) == 0 && st.st_size == 3);
    CHECK_STATUS(file_writer_open(&w, path, &e), OK);
    CHECK_STATUS(file_writer_add(&w, "new!", 4, &e), OK);
    CHECK_STATUS(file_writer_commit(&w, &e), OK);
    CHECK(stat(path, &st) == 0 && st.st_size == 4 && entries(c->scratch, ".goldreel-") == 0);

    check_case(c, "io: files that are none");
    CHECK_STATUS(file_map(&f, scratch(c, other, "absent"), &e), E_OPEN);
    CHECK_HAS(e.text, "absent: cannot open: ");
    CHECK_STATUS(file_map(&f, c->scratch, &e), E_OPEN);
    CHECK_HAS(e.text, "is a folder");
    CHECK_STATUS(file_write(c->scratch, "x", 1, &e), E_OPEN);
    CHECK_HAS(e.text, "is a folder");
    CHECK_STATUS(file_map(&f, "/dev/null", &e), E_OPEN);
    CHECK_HAS(e.text, "/dev/null: is not a regular file");
    CHECK_STATUS(file_write("/dev/null", "x", 1, &e), E_OPEN);      /* renaming over it would destroy it */
    CHECK_HAS(e.text, "is not a regular file");
    CHECK(mkfifo(scratch(c, other, "pipe"), 0600) == 0);
    CHECK_STATUS(file_map(&f, other, &e), E_OPEN);                  /* and does not wait for a writer */
    CHECK_HAS(e.text, "pipe: is a pipe");
    unlink(other);
    CHECK_STATUS(file_write(scratch(c, other, "no/such/folder"), "x", 1, &e), E_OPEN);
    CHECK_HAS(e.text, "no/such/folder: cannot write: ");
    CHECK_STATUS(file_write(scratch(c, other, "file/"), "x", 1, &e), E_OPEN);
    CHECK_STATUS(file_write("", "x", 1, &e), E_OPEN);
    memset(other, 'p', PATH - 1);
    other[PATH - 1] = 0;
    CHECK_STATUS(file_map(&f, other, &e), E_OPEN);
    CHECK_HAS(e.text, "ppp: cannot open: ");                        /* a long path leaves room for the reason */
}

/* ---- sharded checkpoints ---- */

static void write_shard(struct check *c, const char *name, const char *const *tensors, int n)
{
    static const float one[] = { 1, 2 };
    struct tensor item[4];
    char path[PATH];
    struct err e;
    memset(item, 0, sizeof item);
    for (int i = 0; i < n; i++) {
        item[i].name = tensors[i];
        item[i].dtype = F32;
        item[i].rank = 1;
        item[i].shape[0] = 2;
        item[i].data = (void *)one;
    }
    CHECK_STATUS(safetensors_write(scratch(c, path, name), item, (size_t)n, NULL, 0, &e), OK);
}

static void index_is(struct check *c, const char *text, enum status status, const char *phrase)
{
    char path[PATH];
    struct tensors t;
    struct err e = { OK, "" };
    CHECK_STATUS(file_write(scratch(c, path, "m.safetensors.index.json"), text, strlen(text), &e), OK);
    CHECK_STATUS(tensors_open(&t, path, &e), status);
    if (status) {
        CHECK_HAS(e.text, "m.safetensors.index.json: ");
        CHECK_HAS(e.text, phrase);
        CHECK(!t.owner && !t.item);
    }
    tensors_close(&t);
}

static void test_index(struct check *c)
{
    static const char *const first[] = { "a", "b" }, *const second[] = { "c" };
    struct tensors t;
    struct err e;
    char path[PATH];
    write_shard(c, "1.safetensors", first, 2);
    write_shard(c, "2.safetensors", second, 1);
    check_case(c, "io: sharded checkpoint");
    index_is(c, "{\"metadata\": {\"total_size\": 24, \"total_parameters\": 6, \"x\": null}, \"weight_map\":"
                " {\"b\": \"1.safetensors\", \"c\": \"2.safetensors\", \"a\": \"1.safetensors\"}}\n", OK, "");
    CHECK_STATUS(tensors_open(&t, scratch(c, path, "m.safetensors.index.json"), &e), OK);
    CHECK(t.count == 3 && tensors_find(&t, "c") == &t.item[1] && !tensors_find(&t, "d"));
    if (t.count == 3) {
        float v[2];
        CHECK_STR(t.item[0].name, "b");
        CHECK_STR(t.item[2].name, "a");
        widen_f32(v, t.item[1].data, F32, 0, 2);
        CHECK(v[0] == 1 && v[1] == 2);
    }
    tensors_close(&t);
    index_is(c, "{\"weight_map\": {}}", OK, "");
    index_is(c, "{\"weight_map\": {\"c\": \"2.safetensors\"}}", OK, "");

    check_case(c, "io: sharded checkpoint refused");
    index_is(c, "[]", E_DATA, "no object \"weight_map\"");
    index_is(c, "{\"weight_map\": []}", E_DATA, "no object \"weight_map\"");
    index_is(c, "{\"weight_map\": {}", E_DATA, "ends where");
    index_is(c, "{\"weight_map\": {}, \"metadata\": 1}", E_DATA, "\"metadata\" is not an object");
    index_is(c, "{\"weight_map\": {\"c\": 1}}", E_DATA, "\"c\" is not a file name");
    static const char *const names[] = { "../2.safetensors", "/2.safetensors", "x/2.safetensors", "..", "a..safetensors", "2\\u0000.safetensors" };
    for (size_t i = 0; i < LEN(names); i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"weight_map\": {\"c\": \"%s\"}}", names[i]);
        index_is(c, text, E_DATA, "is not a plain file name");
    }
    index_is(c, "{\"weight_map\": {\"c\": \"\"}}", E_DATA, "is not a .safetensors file");
    index_is(c, "{\"weight_map\": {\"c\": \"m.safetensors.index.json\"}}", E_DATA, "is not a .safetensors file");
    index_is(c, "{\"weight_map\": {\"c\": \"absent.safetensors\"}}", E_OPEN, "absent.safetensors: cannot open");
    index_is(c, "{\"weight_map\": {\"c\": \"2.safetensors\", \"c\": \"2.safetensors\"}}", E_DATA, "duplicate key \"c\"");
    index_is(c, "{\"weight_map\": {\"c\": \"2.safetensors\", \"d\": \"2.safetensors\"}}", E_DATA, "tensor \"d\" is not in its shard \"2.safetensors\"");
    index_is(c, "{\"weight_map\": {\"c\": \"1.safetensors\"}}", E_DATA, "tensor \"c\" is not in its shard");
    index_is(c, "{\"weight_map\": {\"c\\u0000\": \"2.safetensors\"}}", E_DATA, "is not in its shard");
    index_is(c, "{\"weight_map\": {\"a\": \"1.safetensors\"}}", E_DATA, "tensor \"b\" of shard");
    write_shard(c, "3.safetensors", (const char *const[]) { "c", "a" }, 2);        /* a in two shards */
    index_is(c, "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"1.safetensors\", \"c\": \"3.safetensors\"}}", E_DATA,
             "3.safetensors\" is not in weight_map");
    index_is(c, "{\"metadata\": {\"total_size\": 7}, \"weight_map\": {\"c\": \"2.safetensors\"}}", E_DATA, "total_size is 7, the tensors have 8");
    index_is(c, "{\"metadata\": {\"total_size\": 8.0}, \"weight_map\": {\"c\": \"2.safetensors\"}}", E_DATA, "not a non-negative integer");
    struct text many = { NULL, 0, 0, 0 };
    text_add(&many, "{\"weight_map\": {");
    for (int i = 0; i <= 10000; i++) text_add(&many, "%s\"t%d\": \"%d.safetensors\"", i ? "," : "", i, i);
    text_add(&many, "}}");
    index_is(c, many.s, E_UNSUPPORTED, "10001 shards, at most 10000");
    text_free(&many);
}

static void test_dispatch(struct check *c)
{
    static const char *const names[] = { "x.bin", "x", "x.npy.gz", "x.safetensors.json", "index.json", "" };
    struct tensors t;
    struct err e;
    char path[PATH];
    check_case(c, "io: tensors_open by suffix");
    for (size_t i = 0; i < LEN(names); i++) {
        CHECK_STATUS(tensors_open(&t, names[i], &e), E_ARG);
        CHECK_HAS(e.text, "no tensor file");
        tensors_close(&t);
    }
    CHECK_STATUS(tensors_open(&t, scratch(c, path, "absent.npy"), &e), E_OPEN);
    tensors_close(&t);
    memset(&t, 0, sizeof t);
    CHECK(!tensors_find(&t, "a") && !tensors_meta(&t, "a"));
    struct tensor own[] = { { "b", U8, 0, { 0 }, NULL }, { "a", U8, 0, { 0 }, NULL } };
    t.item = own;                                                   /* a set made in memory, without an owner */
    t.count = LEN(own);
    CHECK(tensors_find(&t, "a") == &own[1] && !tensors_find(&t, "c"));

    check_case(c, "io: tensors_find among many");
    enum { MANY = 1000 };
    static struct tensor item[MANY];
    static char names_of[MANY][8];
    for (int i = 0; i < MANY; i++) {
        snprintf(names_of[i], sizeof names_of[i], "t%d", i * 7919 % MANY);     /* shuffled */
        item[i].name = names_of[i];
        item[i].dtype = U8;
        item[i].rank = 1;
    }
    CHECK_STATUS(safetensors_write(scratch(c, path, "many.safetensors"), item, MANY, NULL, 0, &e), OK);
    CHECK_STATUS(tensors_open(&t, path, &e), OK);
    CHECK(t.count == MANY);
    for (size_t i = 0; i < t.count; i++) CHECK(tensors_find(&t, names_of[i]) == &t.item[i]);
    CHECK(!tensors_find(&t, "t1000") && !tensors_find(&t, "") && !tensors_find(&t, "u"));
    tensors_close(&t);
}

/* ---- data/bad ---- */

/* A clip to its last frame. */
static enum status read_clip(const char *path, struct err *e)
{
    struct video v;
    struct picture p;
    int end = 0;
    enum status status = video_open(&v, path, e);
    while (!status && !end) status = video_next(&v, &p, &end, e);
    video_close(&v);
    return status;
}

static enum status read_bad(const char *path, const char *reader, struct err *e)
{
    static const char *const clips[] = { "y4m__", "pnm__", "jpeg__", "avi__" };
    for (size_t i = 0; i < LEN(clips); i++)
        if (!strncmp(reader, clips[i], strlen(clips[i]))) return read_clip(path, e);
    if (strncmp(reader, "json__", 6)) {
        struct tensors t;
        enum status status = tensors_open(&t, path, e);
        tensors_close(&t);
        return status;
    }
    struct file f;
    struct json_document d;
    enum status status = file_map(&f, path, e);
    if (status) return status;
    status = json_parse(&d, path, (const char *)f.data, f.size, 0, e);
    if (!status) json_free(&d);
    file_unmap(&f);
    return status;
}

static void test_bad_files(struct check *c)
{
    char path[PATH], folder[PATH], *line, *next;
    struct file f;
    struct err e;
    int read = 0;
    check_case(c, "io: every file of data/bad is refused");
    snprintf(folder, sizeof folder, "%s/bad", c->data);
    snprintf(path, sizeof path, "%s/bad/INDEX.tsv", c->data);
    CHECK_STATUS(file_map(&f, path, &e), OK);
    char *list = calloc(f.size + 1, 1);
    if (!list) return;
    if (f.size) memcpy(list, f.data, f.size);
    file_unmap(&f);
    for (line = list; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        char *phrase = strchr(line, '\t');
        CHECK(phrase != NULL);
        if (!phrase) continue;
        *phrase++ = 0;
        snprintf(path, sizeof path, "%s/bad/%s", c->data, line);
        e.text[0] = 0;
        enum status status = read_bad(path, line, &e);
        if (status != E_DATA && status != E_UNSUPPORTED) {
            check_failed(c, __FILE__, __LINE__, line);
            fprintf(stderr, "    found status %d: %s\n", status, e.text);
        }
        CHECK_HAS(e.text, strrchr(path, '/') + 1);
        CHECK_HAS(e.text, phrase);
        read++;
    }
    free(list);
    CHECK(read >= 100);
    CHECK(read == entries(folder, "__"));           /* no file that the list forgets */
}

void test_io(struct check *c)
{
    test_io_base(c);
    test_paths(c);
    test_files(c);
    test_io_json(c);
    test_io_safetensors(c);
    test_io_npy(c);
    test_index(c);
    test_dispatch(c);
    test_bad_files(c);
}
