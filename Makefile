# Builds the library, the programs and the tests. `make help` lists the targets.
#
#   make                      optimised build: bin/, build/librnnlm.a, build/librnnlm.so
#   make CC=clang             another compiler
#   make install PREFIX=/usr/local DESTDIR=
#   make test                 installs what the tests need, and runs them all
#   make torture              every call to the system fails once, in every program: an hour
#   make SANITIZE=address,undefined BUILD=build/sanitize BIN=build/sanitize/bin

CC ?= gcc
AR = ar
CFLAGS ?= -O3 -g
BUILD ?= build
BIN ?= bin
SANITIZE ?=
PREFIX ?= /usr/local
DESTDIR ?=

WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
ALL_CFLAGS = -std=c11 -fno-math-errno -D_GNU_SOURCE -Irnnlm -fPIC -fvisibility=hidden -pthread -MMD -MP $(WARNINGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS)
# OpenBLAS: its pkg-config file says where; without one, where the compiler looks.
BLAS_CFLAGS := $(shell pkg-config --cflags openblas 2>/dev/null)
BLAS_LIBS := $(strip $(shell pkg-config --libs openblas 2>/dev/null || echo -lopenblas))
LIBS = $(BLAS_LIBS) -lz -lm
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif

# The programs: rnnlm itself and one for each file of tools/.
MAIN_SOURCES := $(wildcard rnnlm/main*.c)
MAINS = $(MAIN_SOURCES) $(wildcard tools/*.c)
LIBRARY_SOURCES := $(filter-out $(MAIN_SOURCES), $(wildcard rnnlm/*.c rnnlm/*/*.c rnnlm/*/*/*.c))
LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.c=$(BUILD)/%.o)
PROGRAMS := $(BIN)/rnnlm $(patsubst tools/%.c, $(BIN)/%, $(wildcard tools/*.c))
UNIT_TESTS := $(patsubst test/unit/%.c, $(BUILD)/test/unit/%, $(wildcard test/unit/test_*.c))

all: programs libraries
programs: $(PROGRAMS)
libraries: $(BUILD)/librnnlm.a $(BUILD)/librnnlm.so

# One file for each instruction set: only these may use it.
$(BUILD)/rnnlm/base/kernels_avx2.o: ALL_CFLAGS += -mavx2 -mfma -ffp-contract=fast
AVX512 = -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -ffp-contract=fast
$(BUILD)/rnnlm/base/kernels_avx512.o: ALL_CFLAGS += $(AVX512)
$(BUILD)/rnnlm/base/kernels_avx512bf16.o: ALL_CFLAGS += $(AVX512) -mavx512bf16

# The portable kernels are plain loops: sums may be taken in any order, and so in vectors.
$(BUILD)/rnnlm/base/kernels.o: ALL_CFLAGS += -fassociative-math -fno-signed-zeros -fno-trapping-math

# The one file that calls BLAS.
$(BUILD)/rnnlm/base/matrix.o: ALL_CFLAGS += $(BLAS_CFLAGS)

# Tests say no more of a structure than they mean.
$(BUILD)/test/unit/%.o: ALL_CFLAGS += -Wno-missing-field-initializers

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

# Everything, for the programs and the unit tests.
$(BUILD)/internal.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# The static library keeps only the public names, so that it disturbs nobody's `error_set`.
$(BUILD)/librnnlm.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	ld -r -o $(BUILD)/librnnlm.o $^
	objcopy --wildcard --keep-global-symbol='rnnlm_*' $(BUILD)/librnnlm.o
	$(AR) rcs $@ $(BUILD)/librnnlm.o

$(BUILD)/librnnlm.so: $(LIBRARY_OBJECTS)
	$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,librnnlm.so.1 -o $@ $^ $(LIBS)

$(BIN)/rnnlm: $(MAIN_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/internal.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BIN)/%: $(BUILD)/tools/%.o $(BUILD)/internal.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# ---- installation ------------------------------------------------------------------------------------------------

# The reference toolkit's small companions have common names: they are installed with "rnnlm-" in front.
SHORT_NAMES = convert prob makenbest gettext getbest
INSTALLED := $(foreach program,$(notdir $(PROGRAMS)),$(if $(filter $(program),$(SHORT_NAMES)),rnnlm-$(program),$(program)))
NGRAM_COMMANDS = train ppl cache
MANUALS := $(INSTALLED:%=$(BUILD)/man/%.1) $(NGRAM_COMMANDS:%=$(BUILD)/man/rnnlm-ngram-%.1)
VERSION := $(shell sed -n 's/^\#define RNNLM_VERSION "\(.*\)"/\1/p' rnnlm/options.h)

# Manual pages come from the programs' option tables.
man: $(MANUALS)
$(BUILD)/man/rnnlm-ngram-%.1: $(BIN)/rnnlm-ngram
	@mkdir -p $(@D)
	$(BIN)/rnnlm-ngram $* --manual=rnnlm-ngram-$* > $@
$(BUILD)/man/%.1: programs
	@mkdir -p $(@D)
	program=$(BIN)/$*; test -x $$program || program=$(BIN)/$(*:rnnlm-%=%); $$program --manual=$* > $@

$(BUILD)/rnnlm.pc: Makefile rnnlm/options.h
	@mkdir -p $(@D)
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: rnnlm' 'Description: Recurrent neural network language models' \
	    'Version: $(VERSION)' 'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lrnnlm' \
	    'Libs.private: $(LIBS) -pthread' > $@

install: all man $(BUILD)/rnnlm.pc
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	for program in $(notdir $(PROGRAMS)); do \
	    case " $(SHORT_NAMES) " in *" $$program "*) name=rnnlm-$$program ;; *) name=$$program ;; esac; \
	    install -m 755 $(BIN)/$$program $(DESTDIR)$(PREFIX)/bin/$$name || exit 1; done
	install -m 644 rnnlm/rnnlm.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/librnnlm.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/librnnlm.so $(DESTDIR)$(PREFIX)/lib/librnnlm.so.$(VERSION)
	ln -sf librnnlm.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/librnnlm.so.1
	ln -sf librnnlm.so.1 $(DESTDIR)$(PREFIX)/lib/librnnlm.so
	install -m 644 $(BUILD)/rnnlm.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	install -m 644 $(MANUALS) $(DESTDIR)$(PREFIX)/share/man/man1/

# ---- tests -------------------------------------------------------------------------------------------------------

$(BUILD)/test/unit/%: $(BUILD)/test/unit/%.o $(BUILD)/internal.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

unit-tests: $(UNIT_TESTS)

# Programs of users: they see nothing but rnnlm.h and the static library.
EXAMPLES := $(patsubst test/examples/%.c, $(BUILD)/examples/%, $(wildcard test/examples/*.c))

$(BUILD)/examples/%: test/examples/%.c rnnlm/rnnlm.h $(BUILD)/librnnlm.a
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) $(CFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -pthread -Irnnlm -o $@ $< $(BUILD)/librnnlm.a $(LIBS)

examples: $(EXAMPLES)

test:
	scripts/run-tests

# Loaded before programs: makes one call to the system fail.
FAULTS := $(BUILD)/test/faults/fail-nth-call.so

$(FAULTS): test/faults/fail-nth-call.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O1 -fPIC -shared -o $@ $< -ldl

faults: programs $(FAULTS)

# Every call that can fail, of every program: an hour.
torture: faults
	jobs=$$(nproc) && seq $$jobs | RNNLM_BIN=$(BIN) xargs -P $$jobs -I K test/faults/run -part K/$$jobs $(FAULTS)

# The measuring stick of the benchmark: OpenBLAS' product of matrices.
$(BUILD)/test/bench/sgemm: test/bench/sgemm.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(BLAS_CFLAGS) -o $@ $< $(BLAS_LIBS)

bench: all $(BUILD)/test/bench/sgemm
	RNNLM_BIN=$(BIN) RNNLM_BENCH_TOOLS=$(BUILD)/test/bench test/bench/run

clean:
	rm -rf build bin

help:
	@sed -n 's/^#   //p' Makefile

.PHONY: bench all programs libraries man install unit-tests test faults torture clean help examples
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
