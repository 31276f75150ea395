/* hunyuan_pass -- one forward pass in the making: its buffers, how an intermediate is shown,
 * and each kernel run over the whole batch.  Private to hunyuan_dit.c, which reads like the
 * paper's figure because this is elsewhere.
 *
 * Letters: B batch, N image tokens, L text tokens, S = N + L, D width, H heads, E head_dim. */
#ifndef GOLDREEL_HUNYUAN_PASS_H
#define GOLDREEL_HUNYUAN_PASS_H

#include "../real.h"
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SINUSOID = 256 };
static const double EPS = 1e-6;         /* of every norm in the model */

/* One sequence of tokens and its buffers, all (B,tokens,D) but mod. */
struct stream {
    size_t tokens;
    const size_t *valid;            /* how many tokens count in each sample; NULL: all */
    real *x;                        /* the residual stream */
    real *modulated;                /* what a layer reads: LN(x)*(1+scale) + shift */
    real *q, *k, *v, *attended, *y;
    real *mod;                      /* (B,6D): shifts, scales and gates */
};

struct pass {
    const struct R(kernels) *kernels;
    void *ctx;
    const struct hunyuan_config *c;
    const struct hunyuan_weights *w;
    const struct R(hunyuan_inputs) *in;
    struct trace *trace;
    struct err *e;
    enum status status;             /* sticky: once a trace has failed, taps are silent */
    char path[MAX_NAME];            /* of the module being computed, with its dot */
    struct stream image, text, joint;
    size_t *text_valid, *joint_valid;
    unsigned char *pair_mask;       /* (L,L) of one sample: who may see whom in the refiner */
    real *cosine, *sine;            /* (N,E/2) */
    real *vec, *cond, *term, *silu; /* (B,D) */
    real *small;                    /* (B, max of D, text_dim, SINUSOID) */
    real *norm;                     /* (B,S,D) */
    real *hidden;                   /* (B,S,mlp) */
    real *wide;                     /* (B,S,D+mlp) */
    real *patches;                  /* (B,N, the larger of in and out channels times patch) */
    real *row;                      /* (S): scratch of attention */
};

/* ---- showing intermediates ---- */

enum kind { MODULE, ISLAND, ALIAS };      /* see struct tap */

static void tap_any(struct pass *p, const char *name, real *data, const struct stream *s, enum kind kind,
                 int rank, const size_t *shape)
{
    char path[2 * MAX_NAME];
    struct tap t = { .name = path, .dtype = REAL_DTYPE, .rank = rank, .data = data, .alias = kind == ALIAS,
                     .island = kind == ISLAND, .valid = s ? s->valid : NULL };
    if (!p->trace || p->status) return;
    snprintf(path, sizeof path, "%s%s", p->path, name);
    memcpy(t.shape, shape, (size_t)rank * sizeof *shape);
    p->status = p->trace->tap(p->trace, &t, p->e);
}

/* (B,width) */
static void tap_vector(struct pass *p, const char *name, real *x, size_t width)
{
    const size_t shape[2] = { p->in->shape.batch, width };
    tap_any(p, name, x, NULL, MODULE, 2, shape);
}

/* (B,tokens,width) */
static void tap_tokens(struct pass *p, const char *name, real *x, const struct stream *s, size_t width)
{
    const size_t shape[3] = { p->in->shape.batch, s->tokens, width };
    tap_any(p, name, x, s, MODULE, 3, shape);
}

/* (B,tokens,H,E) */
static void tap_heads(struct pass *p, const char *name, real *x, const struct stream *s)
{
    const size_t shape[4] = { p->in->shape.batch, s->tokens, p->c->heads, p->c->head_dim };
    tap_any(p, name, x, s, MODULE, 4, shape);
}

/* Containers repeat what a module inside of them has put out. */
static void alias_tokens(struct pass *p, const char *name, real *x, const struct stream *s)
{
    const size_t shape[3] = { p->in->shape.batch, s->tokens, p->c->width };
    tap_any(p, name, x, s, ALIAS, 3, shape);
}

/* A chunk of a modulation, handed on as element `element` of a module's output. */
static void alias_chunk(struct pass *p, const char *name, const real *mod, size_t chunks, size_t chunk,
                        int element, int rank)
{
    const size_t d = p->c->width, two[2] = { p->in->shape.batch, d }, three[3] = { p->in->shape.batch, 1, d };
    char part[MAX_NAME];
    for (size_t b = 0; b < p->in->shape.batch; b++)
        memcpy(p->small + b * d, mod + (b * chunks + chunk) * d, d * sizeof *mod);
    snprintf(part, sizeof part, element ? "%.100s[%d]" : "%.100s", name, element);
    tap_any(p, part, p->small, NULL, ALIAS, rank, rank == 2 ? two : three);
}

static void enter(struct pass *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void enter(struct pass *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->path, sizeof p->path, fmt, ap);
    va_end(ap);
}

/* ---- one kernel over the whole batch ---- */

static size_t rows(const struct pass *p, const struct stream *s) { return p->in->shape.batch * s->tokens; }

static void project(struct pass *p, const char *name, real *y, const real *x, const struct linear *l,
                    const struct stream *s)
{
    p->kernels->matmul(p->ctx, y, x, &l->w, &l->b, rows(p, s), l->in, l->out);
    tap_tokens(p, name, y, s, l->out);
}

static void project_vector(struct pass *p, const char *name, real *y, const real *x, const struct linear *l)
{
    p->kernels->matmul(p->ctx, y, x, &l->w, &l->b, p->in->shape.batch, l->in, l->out);
    tap_vector(p, name, y, l->out);
}

static void layernorm(struct pass *p, const char *name, real *y, const struct weight *g, const struct weight *b,
                      const struct stream *s)
{
    p->kernels->layernorm(p->ctx, y, s->x, g, b, rows(p, s), p->c->width, EPS);
    tap_tokens(p, name, y, s, p->c->width);
}

static void rmsnorm(struct pass *p, const char *name, real *x, const struct weight *g, const struct stream *s)
{
    p->kernels->rmsnorm(p->ctx, x, x, g, rows(p, s) * p->c->heads, p->c->head_dim, EPS);
    tap_heads(p, name, x, s);
}

/* s->modulated = p->norm * (1 + scale) + shift; shift and scale: chunks of s->mod (B,chunks*D). */
static void modulate(struct pass *p, struct stream *s, size_t chunks, size_t shift, size_t scale)
{
    const size_t d = p->c->width, one = s->tokens * d;
    for (size_t b = 0; b < p->in->shape.batch; b++) {
        const real *m = s->mod + b * chunks * d;
        p->kernels->modulate(p->ctx, s->modulated + b * one, p->norm + b * one, m + shift * d, m + scale * d,
                             s->tokens, d);
    }
}

/* s->x += gate * s->y */
static void gated_add(struct pass *p, struct stream *s, size_t chunks, size_t gate)
{
    const size_t d = p->c->width, one = s->tokens * d;
    for (size_t b = 0; b < p->in->shape.batch; b++)
        p->kernels->gated_add(p->ctx, s->x + b * one, s->y + b * one, s->mod + (b * chunks + gate) * d,
                              s->tokens, d);
}

/* The sinusoid of t, in the storage type of the arithmetic from here on. */
static void sinusoid(struct pass *p, const char *name, const real *t)
{
    const size_t shape[2] = { p->in->shape.batch, SINUSOID };
    p->kernels->sinusoid(p->ctx, p->small, t, p->in->shape.batch, SINUSOID);
    tap_any(p, name, p->small, NULL, ISLAND, 2, shape);
    p->kernels->store(p->ctx, p->small, p->in->shape.batch * SINUSOID);
}

/* y = second(silu(first(x))) */
static void embed(struct pass *p, const char *module, const char *act, real *y, const real *x,
                  const struct mlp_embedder *m)
{
    const size_t shape[2] = { p->in->shape.batch, m->second.out };
    char outer[MAX_NAME];
    snprintf(outer, sizeof outer, "%s", p->path);
    enter(p, "%.128s%.64s.", outer, module);
    project_vector(p, "linear_1", p->silu, x, &m->first);
    p->kernels->silu(p->ctx, p->silu, p->silu, p->in->shape.batch * m->first.out);
    tap_vector(p, act, p->silu, m->first.out);
    project_vector(p, "linear_2", y, p->silu, &m->second);
    enter(p, "%s", outer);
    tap_any(p, module, y, NULL, ALIAS, 2, shape);
}

/* image (B,N,D) and text (B,L,D) <-> joint (B,S,D): image tokens come first. */
static void join(struct pass *p, real *joint, const real *image, const real *text)
{
    const size_t n = p->image.tokens * p->c->width, l = p->text.tokens * p->c->width;
    for (size_t b = 0; b < p->in->shape.batch; b++) {
        memcpy(joint + b * (n + l), image + b * n, n * sizeof *joint);
        memcpy(joint + b * (n + l) + n, text + b * l, l * sizeof *joint);
    }
}

static void split(struct pass *p, real *image, real *text, const real *joint)
{
    const size_t n = p->image.tokens * p->c->width, l = p->text.tokens * p->c->width;
    for (size_t b = 0; b < p->in->shape.batch; b++) {
        memcpy(image + b * n, joint + b * (n + l), n * sizeof *joint);
        memcpy(text + b * l, joint + b * (n + l) + n, l * sizeof *joint);
    }
}

/* Turns image tokens x (B,N,H,E) in place. */
static void rotate(struct pass *p, const char *name, real *x)
{
    const size_t one = p->image.tokens * p->c->width;
    for (size_t b = 0; b < p->in->shape.batch; b++)
        p->kernels->rope(p->ctx, x + b * one, x + b * one, p->cosine, p->sine, p->image.tokens, p->c->heads,
                         p->c->head_dim);
    tap_heads(p, name, x, &p->image);
}

/* Padding text is no key for anybody: only the first joint_valid tokens are. */
static void attend_jointly(struct pass *p)
{
    struct stream *s = &p->joint;
    const size_t one = s->tokens * p->c->width;
    for (size_t b = 0; b < p->in->shape.batch; b++)
        p->kernels->attention(p->ctx, s->attended + b * one, s->q + b * one, s->k + b * one, s->v + b * one, NULL,
                              s->tokens, p->joint_valid[b], p->c->heads, p->c->head_dim, p->row);
    tap_heads(p, "attn.sdpa", s->attended, s);
    split(p, p->image.attended, p->text.attended, s->attended);
}

/* ---- memory ---- */

static void allocate_stream(struct arena *a, struct stream *s, size_t batch, size_t tokens, size_t d)
{
    real **const all[] = { &s->x, &s->modulated, &s->q, &s->k, &s->v, &s->attended, &s->y };
    s->tokens = tokens;
    for (size_t i = 0; i < LEN(all); i++) *all[i] = arena_alloc(a, batch * tokens * d, sizeof(real));
    s->mod = arena_alloc(a, batch * 6 * d, sizeof(real));
}

static size_t largest(size_t a, size_t b) { return a > b ? a : b; }

static void allocate(struct pass *p, struct arena *a)
{
    const struct hunyuan_config *c = p->c;
    const size_t batch = p->in->shape.batch, n = p->in->shape.image_tokens, l = p->in->shape.text_tokens, s = n + l, d = c->width;
    const size_t mlp = largest(c->mlp_width, c->refiner_mlp_width);
    allocate_stream(a, &p->image, batch, n, d);
    allocate_stream(a, &p->text, batch, l, d);
    allocate_stream(a, &p->joint, batch, s, d);
    p->text_valid = arena_alloc(a, batch, sizeof *p->text_valid);
    p->joint_valid = arena_alloc(a, batch, sizeof *p->joint_valid);
    p->pair_mask = arena_alloc(a, l * l, 1);
    p->cosine = arena_alloc(a, n * c->head_dim / 2, sizeof(real));
    p->sine = arena_alloc(a, n * c->head_dim / 2, sizeof(real));
    p->vec = arena_alloc(a, batch * d, sizeof(real));
    p->cond = arena_alloc(a, batch * d, sizeof(real));
    p->term = arena_alloc(a, batch * d, sizeof(real));
    p->silu = arena_alloc(a, batch * d, sizeof(real));
    p->small = arena_alloc(a, batch * largest(largest(d, c->text_dim), SINUSOID), sizeof(real));
    p->norm = arena_alloc(a, batch * s * d, sizeof(real));
    p->hidden = arena_alloc(a, batch * s * mlp, sizeof(real));
    p->wide = arena_alloc(a, batch * s * (d + c->mlp_width), sizeof(real));
    p->patches = arena_alloc(a, batch * n * c->patch_elements * largest(c->in_channels, c->out_channels), sizeof(real));
    p->row = arena_alloc(a, s, sizeof(real));
}

#endif
