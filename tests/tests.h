/* The tests that main.c runs, and what they share. */
#ifndef GOLDREEL_TESTS_H
#define GOLDREEL_TESTS_H

#include "check.h"
#include "../cli/subject.h"

void test_io(struct check *c);
void test_nn(struct check *c);
void test_rounded(struct check *c);
void test_model(struct check *c);
void test_sample(struct check *c);
void test_judge(struct check *c);
void test_mutants(struct check *c);
void test_video(struct check *c);
void test_jpeg(struct check *c);
void test_image(struct check *c);
void test_luma(struct check *c);
void test_shots(struct check *c);
void test_flow(struct check *c);
void test_camera(struct check *c);
void test_text(struct check *c);

/* Writes golden/MUTANTS.md; 0, or 2 when it cannot. */
int write_mutant_table(struct check *c, const char *path);

/* Golden cases, opened; a failure of c when one cannot be. */
struct subjects { struct subject *item; char **name; size_t count; };
int subjects_open(struct subjects *s, struct check *c);         /* 1 on success */
void subjects_close(struct subjects *s);
struct subject *subjects_find(struct subjects *s, const char *name);    /* NULL: not there */

/* A float or double dump of a subject, in memory. */
int make_dump(struct dump *d, struct check *c, const struct subject *s, const struct how *how);
/* The tensor of a dump, to be tampered with. */
struct tensor *dump_tensor(struct dump *d, const char *name);

/* The verdict of a dump under a policy's budget. */
int judge_dump(struct verdict *v, struct check *c, struct subject *s, const struct budget *b, const struct dump *d,
               const struct policy *p);
int make_budget(struct budget *b, struct check *c, struct subject *s, const struct policy *p);

#endif
