/* base -- the vocabulary of every layer: status, text, memory, tensors, hashes, traces.
 *
 * Three manners of failing: a kernel cannot fail (its shapes are preconditions);
 * a reader returns a status and fills a struct err that names file, place and rule;
 * only cli/ prints and exits.  Nothing here has global mutable state. */
#ifndef GOLDREEL_BASE_H
#define GOLDREEL_BASE_H

#include <stddef.h>
#include <stdint.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PRINTF_LIKE(fmt, args)
#endif

/* ---- status.c: what went wrong, for a person ---- */

enum status {
    OK = 0,
    E_ARG,          /* the caller asked for something that does not exist or does not fit */
    E_OPEN,         /* the system could not open, read, map or write a file */
    E_DATA,         /* a file breaks a rule of its format, or lacks what is needed */
    E_MEMORY,       /* the system has no memory for it */
    E_UNSUPPORTED   /* well formed, but outside of what goldreel implements */
};

struct err {
    enum status code;
    char text[600];     /* one line, no newline: "file: byte N: rule broken (found ...)" */
};

/* Fill e (which may be NULL) and return code, so that a caller can `return fail(...)`. */
enum status fail(struct err *e, enum status code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- text.c: a string that grows ---- */

struct text {
    char *s;            /* NUL-terminated, or NULL while empty */
    size_t len, cap;
    int failed;         /* memory ran out: s holds what fitted */
};

void text_add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void text_add_bytes(struct text *t, const char *s, size_t n);
void text_free(struct text *t);

/* ---- arena.c: bump memory, sized first ---- */

/* With base == NULL the arena only counts: alloc returns NULL and `peak` tells how
 * much the same calls will need.  Every block is aligned to 64 bytes. */
struct arena {
    unsigned char *base;
    size_t size, used, peak;
    int overflow;       /* a count did not fit size_t, or the block did not fit the arena */
};

enum status arena_create(struct arena *a, size_t size, struct err *e);
void *arena_alloc(struct arena *a, size_t count, size_t each);
void arena_free(struct arena *a);

/* ---- tensor.c: named arrays ---- */

enum dtype { F64, F32, F16, BF16, I64, I32, U8, BOOL, DTYPES };

enum { MAX_RANK = 8, MAX_NAME = 256 };

/* Row-major and contiguous.  data is in the byte order of this machine unless the
 * tensor lies in a mapped file (those are little-endian; see io.h). */
struct tensor {
    const char *name;
    enum dtype dtype;
    int rank;
    size_t shape[MAX_RANK];
    void *data;
};

size_t dtype_size(enum dtype d);                       /* bytes of one element */
const char *dtype_name(enum dtype d);                  /* "F64" ... as safetensors spells it */
int dtype_find(const char *name, enum dtype *d);       /* 1 when there is such a type */
int dtype_is_float(enum dtype d);

/* Number of elements, or of bytes; SIZE_MAX when it does not fit size_t. */
size_t tensor_elements(const struct tensor *t);
size_t tensor_bytes(const struct tensor *t);
/* "[2,3,4]" into out (at most size bytes, always terminated); returns out. */
char *shape_text(char *out, size_t size, const size_t *shape, int rank);
int shape_equal(const struct tensor *t, int rank, const size_t *shape);

double f16_to_f64(uint16_t h);
double bf16_to_f64(uint16_t h);
/* Round to nearest, ties to even; overflow goes to infinity; NaN stays NaN. */
uint16_t f64_to_f16(double x);
uint16_t f64_to_bf16(double x);
/* x rounded (nearest, ties to even) to a float type and back; integer types: x. */
double round_to(enum dtype d, double x);

/* Elements first..first+n-1 of an array of dtype d, as double or float.  Integers
 * become their value; f64 -> f32 rounds to nearest. */
void widen_f64(double *dst, const void *src, enum dtype d, size_t first, size_t n);
void widen_f32(float *dst, const void *src, enum dtype d, size_t first, size_t n);
/* The other way, rounding to nearest even; d must be a float type. */
void narrow_f64(void *dst, enum dtype d, const double *src, size_t n);

/* ---- hash.c: what a file holds ---- */

/* SHA-256 (FIPS 180-4) as 64 lower-case hex digits and a NUL: of n bytes at once, or of a
 * file too large for that, piece by piece. */
struct sha256 { uint32_t h[8]; uint64_t total; unsigned char tail[64]; };
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_end(const struct sha256 *s, char out[65]);
void sha256_hex(char out[65], const void *data, size_t n);

/* ---- trace: who looks at the intermediates of a forward pass ---- */

/* One intermediate tensor, at the moment it is complete.  A trace may read data, or
 * write other numbers over it: the forward pass goes on from what it finds there. */
struct tap {
    const char *name;       /* module path of the public code, "transformer_blocks.0.attn.to_q" */
    enum dtype dtype;       /* F64 or F32: what `data` points to */
    int rank;
    size_t shape[MAX_RANK];
    void *data;
    /* Rows that count: of sample b (axis 0) only the first valid[b] entries of axis 1;
     * NULL: all.  The rest is padding, whose content no output depends on. */
    const size_t *valid;
    int island;             /* computed in float32 by the published code, whatever the model's type */
    int alias;              /* repeats an earlier tap bit for bit (a container module's output) */
};

struct trace {
    /* Anything but OK stops the forward pass, which returns that status. */
    enum status (*tap)(struct trace *self, const struct tap *t, struct err *e);
};

#endif
