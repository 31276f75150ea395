# goldreel -- `make help` lists the targets.
#
#   B=DIR          build folder; every configuration has its own      CC=clang   another compiler
#   CFLAGS=...     optimisation and sanitizers                         RUN=...    runs what was built (qemu-aarch64)
#   PREFIX= DESTDIR=   where `make install` puts things

CC      ?= cc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
B       ?= build/default
RUN     ?=

# Bits depend on these, so they are not overridable: -ffp-contract=off keeps a compiler from
# fusing what the formulas keep apart.
STD     = -std=c99 -ffp-contract=off
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
WERROR  ?= -Werror
DEFS    = -D_FILE_OFFSET_BITS=64
COMPILE = $(CC) $(STD) $(WARN) $(DEFS) $(CFLAGS) -MMD -MP -c

# Files over `real` (ref/real.h) are built twice: as double, the truth, and as float.
TWICE   := $(wildcard ref/nn/*.c) $(wildcard ref/sample/*.c) ref/kernels_ref.c ref/islands.c ref/oracle/run.c \
           ref/model/hunyuan_dit.c ref/model/hunyuan_inputs.c ref/mutant/wrong_kernels.c
ONCE    := $(filter-out $(TWICE),$(wildcard ref/*.c ref/*/*.c)) $(wildcard golden/*.c)
CLI     := $(wildcard cli/*.c)
TESTS   := $(wildcard tests/*.c)

LIB     := $(ONCE:%.c=$(B)/%.o) $(TWICE:%.c=$(B)/%.f64.o) $(TWICE:%.c=$(B)/%.f32.o)
PROGRAM := $(B)/goldreel
CHECK   := $(B)/check

all: $(PROGRAM)         ## the program, in $(B)/goldreel

$(PROGRAM): $(CLI:%.c=$(B)/%.o) $(B)/libgoldreel.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libgoldreel.a -lm $(LDLIBS)

$(CHECK): $(TESTS:%.c=$(B)/%.o) $(B)/libgoldreel.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libgoldreel.a -lm $(LDLIBS)

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

demo: $(PROGRAM)        ## the main job in a minute: every golden case here, then real PyTorch dumps judged
	@sh tests/demo.sh "$(RUN) $(PROGRAM)"

test: $(PROGRAM) $(CHECK)       ## every test on this machine
	@sh tests/run.sh $(B) "$(RUN)"

asan:                   ## the tests under address and undefined-behaviour sanitizers
	$(MAKE) test B=build/asan CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"

install: $(PROGRAM)     ## program and golden cases under $(DESTDIR)$(PREFIX)
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/goldreel
	cp $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/goldreel
	cp -R golden/cases golden/backends $(DESTDIR)$(PREFIX)/share/goldreel/

clean:                  ## removes every build folder
	rm -rf build

help:                   ## this list
	@sed -n 's/^\([a-z0-9_]*\):.*## */\1\t/p' Makefile | expand -t 12

.PHONY: all demo test asan install clean help
.DELETE_ON_ERROR:
