# goldreel -- `make help` lists the targets.
#
# B=DIR      build folder; every configuration has its own      CC=clang   another compiler
# CFLAGS=..  optimisation, sanitizers, -DNO_PLUGINS             LDFLAGS=.. -static
# RUN=..     what starts a built program (qemu-aarch64)         PREFIX= DESTDIR=   where `make install` puts things
# NAMES=..   only these C tests ("test_io test_nn"; tests/main.c lists them)

CC      ?= cc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
B       ?= build/default
RUN     ?=
FUZZ_SECONDS ?= 60

# Numbers depend on these, so they are not overridable: -ffp-contract=off keeps a compiler
# from fusing what the formulas keep apart.
STD     = -std=c99 -ffp-contract=off $(EXCESS)
# Under -std=c99 gcc evaluates float as double on s390 (FLT_EVAL_METHOD 1); float must be float.
EXCESS := $(if $(findstring s390,$(shell $(CC) -dumpmachine)),-fexcess-precision=fast)
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
WERROR  ?= -Werror
DEFS    = -D_FILE_OFFSET_BITS=64
COMPILE = $(CC) $(STD) $(WARN) $(DEFS) $(CFLAGS) -MMD -MP -c
LINK    = $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libgoldreel.a -lm -pthread $(DL) $(LDLIBS)
# dlopen lies in a library of its own in older C libraries.
DL      = $(if $(findstring NO_PLUGINS,$(CFLAGS)),,-ldl)

# Files over `real` (ref/real.h) are built twice: as double, the truth, and as float.
TWICE   := $(wildcard ref/nn/*.c ref/sample/*.c) ref/kernels_ref.c ref/islands.c ref/oracle/run.c \
           $(filter-out %_config.c %_weights.c,$(wildcard ref/model/*.c)) ref/mutant/wrong_kernels.c
ONCE    := $(filter-out $(TWICE),$(wildcard ref/*.c ref/*/*.c)) $(wildcard golden/*.c)
CLI     := $(wildcard cli/*.c)
TESTS   := $(wildcard tests/*.c) $(filter-out cli/main.c,$(CLI)) data/clips.c
FUZZERS := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))

LIB     := $(ONCE:%.c=$(B)/%.o) $(TWICE:%.c=$(B)/%.f64.o) $(TWICE:%.c=$(B)/%.f32.o)
REPLAYS := $(FUZZERS:fuzz_%=$(B)/replay_%)
PROGRAM := $(B)/goldreel
CHECK   := $(B)/check
CLIPS   := $(B)/make_data

all: $(PROGRAM)         ## the program: build/default/goldreel, or goldreel in the folder B=DIR

$(PROGRAM): $(CLI:%.c=$(B)/%.o) $(B)/libgoldreel.a
	$(LINK)
$(CHECK): $(TESTS:%.c=$(B)/%.o) $(B)/libgoldreel.a
	$(LINK)
$(CLIPS): $(B)/data/make_data.o $(B)/data/clips.o $(B)/libgoldreel.a
	$(LINK)
$(FUZZERS:%=$(B)/%): $(B)/%: $(B)/tests/fuzz/%.o $(B)/libgoldreel.a
	$(LINK) -fsanitize=fuzzer
$(REPLAYS): $(B)/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/libgoldreel.a
	$(LINK)

$(B)/libgoldreel.a: $(LIB)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.f64.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) $< -o $@
$(B)/%.f32.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -DREAL_IS_FLOAT $< -o $@
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) $< -o $@

-include $(shell test -d $(B) && find $(B) -name '*.d')

demo: $(PROGRAM)        ## the main job, in seconds: every golden case here, then real PyTorch dumps judged
	@sh tests/demo.sh "$(RUN) $(PROGRAM)"

test: $(PROGRAM) $(CHECK) $(CLIPS) $(REPLAYS)   ## every test on this machine
	@sh tests/run.sh $(B) "$(RUN)" "$(NAMES)"

asan:                   ## the tests under address and undefined-behaviour sanitizers
	$(MAKE) test B=build/asan CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"

valgrind:               ## the tests under valgrind
	$(MAKE) test B=build/valgrind CFLAGS="-O1 -g" RUN="valgrind -q --error-exitcode=99 --leak-check=full"

fuzz:                   ## libFuzzer on every reader, FUZZ_SECONDS=60 each (needs clang)
	$(MAKE) fuzzers B=build/fuzz CC=clang CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
	@sh tests/fuzz.sh build/fuzz $(FUZZ_SECONDS)

fuzzers: $(FUZZERS:%=$(B)/%)

mutants: $(CHECK)       ## measures which case shows which known mistake again: golden/MUTANTS.md
	$(RUN) $(CHECK) --mutants golden/MUTANTS.md

install: $(PROGRAM)     ## program, golden cases and hooks under DESTDIR and PREFIX
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/goldreel
	cp $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/goldreel
	cp -R golden/cases golden/backends $(DESTDIR)$(PREFIX)/share/goldreel/

clean:                  ## removes every build folder
	rm -rf build

help:                   ## this list
	@sed -n 's/^\([a-z]*\):.*## */\1\t/p' Makefile | expand -t 12

.PHONY: all demo test asan valgrind fuzz fuzzers mutants install clean help
.DELETE_ON_ERROR:
