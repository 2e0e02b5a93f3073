# Builds the library, the programs and the tests. `make help` lists the targets.
#
#   make                      optimised build: bin/, build/librnnlm.a, build/librnnlm.so
#   make CC=clang             another compiler; AR, LD, OBJCOPY, PKG_CONFIG, CPPFLAGS, CFLAGS, LDFLAGS likewise
#   make CROSS=aarch64-linux-gnu- RUN=qemu-aarch64
#                             for another processor; RUN runs its programs here, for their manual pages
#   make install PREFIX=/usr/local DESTDIR=
#                             also BINDIR, LIBDIR, INCLUDEDIR, CMAKEDIR, MANDIR, DOCDIR, DATADIR, BASHDIR, ZSHDIR
#   make uninstall            with the same settings
#   make dist                 the source tarball, in build/dist
#   make python               the Python package, in build/python; to install it: pip install tools/python
#   make test-python          its tests; PYTHON=python3.12
#   make test                 runs all tests; installs nothing (scripts/run-tests installs what they need)
#   make torture              every call to the system fails once, in every program: an hour
#   make coverage             which lines the tests run
#   make fuzz SECONDS=600     gives every reader damaged input for so long, all together
#   make MPI=1                trains on several processes, which mpirun starts: wants MPI (libopenmpi-dev)
#   make test-mpi             tests of that: wants mpirun
#   make WERROR=1             for developers: a warning is an error
#   make SANITIZE=address,undefined BUILD=build/sanitize BIN=build/sanitize/bin

comma := ,
CROSS ?=
ifneq ($(CROSS),)
CC = $(CROSS)gcc
AR = $(CROSS)ar
LD = $(CROSS)ld
OBJCOPY = $(CROSS)objcopy
PKG_CONFIG = $(CROSS)pkg-config
endif
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
RUN ?=
CFLAGS ?= -O3 -g
BUILD ?= build
BIN ?= bin
SANITIZE ?=
MPI ?=
WERROR ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CMAKEDIR ?= $(LIBDIR)/cmake/rnnlm
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DOCDIR ?= $(PREFIX)/share/doc/rnnlm
DATADIR ?= $(PREFIX)/share/rnnlm
DESTDIR ?=

# Set in one place each; the number in the name of the shared library is that of what it can be linked with.
VERSION := $(shell sed -n 's/^\#define RNNLM_VERSION "\(.*\)"/\1/p' rnnlm/options.h)
ABI := $(firstword $(subst ., ,$(VERSION)))

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
ALL_CFLAGS = -std=c11 -fno-math-errno -D_GNU_SOURCE -Irnnlm -fPIC -fvisibility=hidden -pthread -MMD -MP $(WARNINGS) \
    $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(CFLAGS) $(LDFLAGS)
# OpenBLAS: its pkg-config file says where; without one, where the compiler looks.
BLAS_CFLAGS := $(shell $(PKG_CONFIG) --cflags openblas 2>/dev/null)
BLAS_LIBS := $(strip $(shell $(PKG_CONFIG) --libs openblas 2>/dev/null || echo -lopenblas))
LIBS = $(BLAS_LIBS) -lz -lm
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif

# MPI: the one file that knows it belongs to the program, no library wants it.
MPI_SOURCE = rnnlm/base/peers_mpi.c
ifneq ($(MPI),)
MPI_PACKAGE := $(firstword $(shell for name in ompi-c mpi mpich; do $(PKG_CONFIG) --exists $$name 2>/dev/null && echo $$name; done))
MPI_CFLAGS := -DRNNLM_MPI $(addprefix -isystem ,$(patsubst -I%,%,$(shell $(PKG_CONFIG) --cflags $(MPI_PACKAGE) 2>/dev/null)))
MPI_LIBS := $(shell $(PKG_CONFIG) --libs $(MPI_PACKAGE) 2>/dev/null || echo -lmpi)
endif

# The programs: rnnlm itself and one for each file of tools/.
MAIN_SOURCES := $(wildcard rnnlm/main*.c)
MAINS = $(MAIN_SOURCES) $(wildcard tools/*.c)
LIBRARY_SOURCES := $(filter-out $(MAIN_SOURCES) $(MPI_SOURCE), $(wildcard rnnlm/*.c rnnlm/*/*.c rnnlm/*/*/*.c))
LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.c=$(BUILD)/%.o)
PROGRAMS := $(BIN)/rnnlm $(patsubst tools/%.c, $(BIN)/%, $(wildcard tools/*.c))
UNIT_TESTS := $(patsubst test/unit/%.c, $(BUILD)/test/unit/%, $(wildcard test/unit/test_*.c))

all: programs libraries
programs: $(PROGRAMS)
libraries: $(BUILD)/librnnlm.a $(BUILD)/librnnlm.so

# One file for each instruction set: only these may use it. On other processors they are empty.
ifeq ($(shell echo __x86_64__ | $(CC) $(CPPFLAGS) $(CFLAGS) -E -P -x c - 2>/dev/null),1)
AVX2 = -mavx2 -mfma -ffp-contract=fast
AVX512 = -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -ffp-contract=fast
AVX512BF16 = $(AVX512) -mavx512bf16
endif
%/rnnlm/base/kernels_avx2.o: ALL_CFLAGS += $(AVX2)
%/rnnlm/base/kernels_avx512.o: ALL_CFLAGS += $(AVX512)
%/rnnlm/base/kernels_avx512bf16.o: ALL_CFLAGS += $(AVX512BF16)
ifneq ($(findstring fuzzer,$(SANITIZE)),)
ALL_CFLAGS += -DFILE_BUFFER_BITS=13
endif
# Kernels for one instruction set take minutes to be built so, where readers are fuzzed, and threads compared, for which
# there are the portable ones.
ifneq ($(filter fuzzer-no-link thread,$(subst $(comma), ,$(SANITIZE))),)
%/rnnlm/base/kernels_avx2.o %/rnnlm/base/kernels_avx512.o %/rnnlm/base/kernels_avx512bf16.o: ALL_CFLAGS += -O1 -fno-sanitize=all
endif

# The portable kernels are plain loops: sums may be taken in any order, and so in vectors.
%/rnnlm/base/kernels.o: ALL_CFLAGS += -fassociative-math -fno-signed-zeros -fno-trapping-math

# The one file that calls BLAS.
%/rnnlm/base/matrix.o: ALL_CFLAGS += $(BLAS_CFLAGS)

# What has been built without MPI, or with it, is built anew the other way.
$(BUILD)/with-mpi: FORCE
	@mkdir -p $(@D)
	@echo '$(MPI_CFLAGS)' | cmp -s - $@ || echo '$(MPI_CFLAGS)' > $@
$(BUILD)/rnnlm/main_peers.o $(BUILD)/$(MPI_SOURCE:.c=.o): $(BUILD)/with-mpi
%/rnnlm/main_peers.o %/$(MPI_SOURCE:.c=.o): ALL_CFLAGS += $(MPI_CFLAGS)

# Tests say no more of a structure than they mean.
$(BUILD)/test/unit/%.o $(BUILD)/test/fuzz/%.o: ALL_CFLAGS += -Wno-missing-field-initializers

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

# Everything, for the programs and the unit tests.
$(BUILD)/internal.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# What users link with lacks what programs begin with, which may end a process.
USER_SOURCES := $(filter-out rnnlm/program.c,$(LIBRARY_SOURCES))
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/%.o)

# The static library keeps only the public names, so that it disturbs nobody's `error_set`. Names that wait for the
# linker's own optimisation (-flto) cannot be hidden: it is built without.
STATIC_OBJECTS := $(if $(findstring -flto,$(CFLAGS)),$(USER_SOURCES:%.c=$(BUILD)/static/%.o),$(USER_OBJECTS))

$(BUILD)/static/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fno-lto -c $< -o $@

$(BUILD)/librnnlm.a: $(STATIC_OBJECTS)
	@rm -f $@
	$(LD) -r -o $(BUILD)/librnnlm.o $^
	$(OBJCOPY) --wildcard --keep-global-symbol='rnnlm_*' $(BUILD)/librnnlm.o
	$(AR) rcs $@ $(BUILD)/librnnlm.o

EXPORTS = -Wl,-soname,librnnlm.so.$(ABI) -Wl,--version-script=rnnlm/librnnlm.map
$(BUILD)/librnnlm.so: $(USER_OBJECTS) rnnlm/librnnlm.map
	$(CC) $(ALL_LDFLAGS) -shared $(EXPORTS) -o $@ $(USER_OBJECTS) $(LIBS)

$(BIN)/rnnlm: $(MAIN_SOURCES:%.c=$(BUILD)/%.o) $(MPI_SOURCE:%.c=$(BUILD)/%.o) $(BUILD)/internal.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(MPI_LIBS)

$(BIN)/%: $(BUILD)/tools/%.o $(BUILD)/internal.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# ---- installation ------------------------------------------------------------------------------------------------

# The reference toolkit's small companions have common names: they are installed with "rnnlm-" in front.
SHORT_NAMES = convert prob makenbest gettext getbest
INSTALLED := $(foreach program,$(notdir $(PROGRAMS)),$(if $(filter $(program),$(SHORT_NAMES)),rnnlm-$(program),$(program)))
NGRAM_COMMANDS = train count build ppl prune mix renorm convert expand cache vocab
VECTORS_COMMANDS = train neighbours analogy
# commands_of PROGRAM
commands_of = $(if $(filter rnnlm-ngram,$(1)),$(NGRAM_COMMANDS))$(if $(filter rnnlm-vectors,$(1)),$(VECTORS_COMMANDS))
MANUALS := $(INSTALLED:%=$(BUILD)/man/%.1) $(NGRAM_COMMANDS:%=$(BUILD)/man/rnnlm-ngram-%.1) \
    $(VECTORS_COMMANDS:%=$(BUILD)/man/rnnlm-vectors-%.1)

# Manual pages come from the programs' option tables.
man: $(MANUALS)
$(BUILD)/man/rnnlm-ngram-%.1: $(BIN)/rnnlm-ngram
	@mkdir -p $(@D)
	$(RUN) $(BIN)/rnnlm-ngram $* --manual=rnnlm-ngram-$* > $@
$(BUILD)/man/rnnlm-vectors-%.1: $(BIN)/rnnlm-vectors
	@mkdir -p $(@D)
	$(RUN) $(BIN)/rnnlm-vectors $* --manual=rnnlm-vectors-$* > $@
$(BUILD)/man/%.1: programs
	@mkdir -p $(@D)
	program=$(BIN)/$*; test -x $$program || program=$(BIN)/$(*:rnnlm-%=%); $(RUN) $$program --manual=$* > $@

# Written anew whenever it is wanted, as PREFIX may be another one now.
under_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(BUILD)/rnnlm.pc: FORCE
	@mkdir -p $(@D)
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(call under_prefix,$(LIBDIR))' 'includedir=$(call under_prefix,$(INCLUDEDIR))' \
	    'Name: rnnlm' 'Description: Recurrent neural network language models' 'Version: $(VERSION)' \
	    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lrnnlm' 'Libs.private: $(LIBS) -pthread' > $@

# For CMake, likewise. What is found from the file's own folder may be moved as a tree.
space := $(subst ,, )
cmake_prefix = $(if $(filter $(PREFIX)/%,$(CMAKEDIR)),$${prefix}/$(subst $(space),/,$(patsubst %,..,$(subst /, ,$(CMAKEDIR:$(PREFIX)/%=%)))),$(PREFIX))
$(BUILD)/cmake/%.cmake: scripts/packaging/%.cmake FORCE
	@mkdir -p $(@D)
	sed -e 's|@prefix@|$(cmake_prefix)|' -e 's|@libdir@|$(call under_prefix,$(LIBDIR))|' \
	    -e 's|@includedir@|$(call under_prefix,$(INCLUDEDIR))|' -e 's|@libs@|$(subst $(space),;,$(LIBS) -pthread)|' \
	    -e 's|@version@|$(VERSION)|' -e 's|@abi@|$(ABI)|' $< > $@

# Completion for shells, from the same tables.
COMPLETIONS := $(INSTALLED:%=$(BUILD)/completion/bash/%) $(INSTALLED:%=$(BUILD)/completion/zsh/_%)
completion: $(COMPLETIONS)
# complete SHELL,PROGRAM: the functions of its commands stand before its own, behind zsh's first line.
complete = program=$(BIN)/$(2); test -x $$program || program=$(BIN)/$(2:rnnlm-%=%); \
	$(RUN) $$program --completion=$(1):$(2) >$@.own || exit 1; \
	$(if $(call commands_of,$(2)),for command in $(call commands_of,$(2)); do \
	    $(RUN) $$program $$command --completion=$(1):$(2)-$$command || exit 1; done >$@.commands;) \
	{ sed -n '/^\#compdef/p' $@.own; cat $@.commands 2>/dev/null; sed '/^\#compdef/d' $@.own; } >$@ && rm -f $@.commands $@.own
$(BUILD)/completion/bash/%: programs
	@mkdir -p $(@D)
	@$(call complete,bash,$*)
$(BUILD)/completion/zsh/_%: programs
	@mkdir -p $(@D)
	@$(call complete,zsh,$*)

# What a user runs; the other scripts belong to the source tree.
SCRIPTS = corrupt-text generate-text sample-to-arpa tune kaldi/rnnlm_compute_scores.sh srilm/rescore \
    recipes/chars recipes/ensemble recipes/japanese recipes/pieces recipes/ptb recipes/speech
# What they read.
SCRIPT_FILES = recipes/common recipes/scoring recipes/japanese.grammar

CMAKE_FILES := $(BUILD)/cmake/rnnlm-config.cmake $(BUILD)/cmake/rnnlm-config-version.cmake

install: all man completion $(BUILD)/rnnlm.pc $(CMAKE_FILES)
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(CMAKEDIR)" \
	    "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(DATADIR)/scripts/kaldi" \
	    "$(DESTDIR)$(DATADIR)/scripts/srilm" "$(DESTDIR)$(DATADIR)/scripts/recipes"
	for program in $(notdir $(PROGRAMS)); do \
	    case " $(SHORT_NAMES) " in *" $$program "*) name=rnnlm-$$program ;; *) name=$$program ;; esac; \
	    install -m 755 $(BIN)/$$program "$(DESTDIR)$(BINDIR)/$$name" || exit 1; done
	install -m 644 rnnlm/rnnlm.h "$(DESTDIR)$(INCLUDEDIR)/"
	install -m 644 $(BUILD)/librnnlm.a "$(DESTDIR)$(LIBDIR)/"
	install -m 755 $(BUILD)/librnnlm.so "$(DESTDIR)$(LIBDIR)/librnnlm.so.$(VERSION)"
	ln -sf librnnlm.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/librnnlm.so.$(ABI)"
	ln -sf librnnlm.so.$(ABI) "$(DESTDIR)$(LIBDIR)/librnnlm.so"
	install -m 644 $(BUILD)/rnnlm.pc "$(DESTDIR)$(LIBDIR)/pkgconfig/"
	install -m 644 $(CMAKE_FILES) "$(DESTDIR)$(CMAKEDIR)/"
	install -m 644 $(MANUALS) "$(DESTDIR)$(MANDIR)/man1/"
	install -d "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)"
	install -m 644 $(filter $(BUILD)/completion/bash/%,$(COMPLETIONS)) "$(DESTDIR)$(BASHDIR)/"
	install -m 644 $(filter $(BUILD)/completion/zsh/%,$(COMPLETIONS)) "$(DESTDIR)$(ZSHDIR)/"
	install -m 644 README COPYING scripts/packaging/NEWS "$(DESTDIR)$(DOCDIR)/"
	for script in $(SCRIPTS); do \
	    install -m 755 scripts/$$script "$(DESTDIR)$(DATADIR)/scripts/$$script" || exit 1; done
	for file in $(SCRIPT_FILES); do \
	    install -m 644 scripts/$$file "$(DESTDIR)$(DATADIR)/scripts/$$file" || exit 1; done

# The files that `install` makes, and the folders that are nobody else's.
uninstall:
	for program in $(INSTALLED); do rm -f "$(DESTDIR)$(BINDIR)/$$program"; done
	for program in $(INSTALLED); do rm -f "$(DESTDIR)$(BASHDIR)/$$program" "$(DESTDIR)$(ZSHDIR)/_$$program"; done
	for page in $(notdir $(MANUALS)); do rm -f "$(DESTDIR)$(MANDIR)/man1/$$page"; done
	for file in librnnlm.a librnnlm.so.$(VERSION) librnnlm.so.$(ABI) librnnlm.so pkgconfig/rnnlm.pc; do \
	    rm -f "$(DESTDIR)$(LIBDIR)/$$file"; done
	for file in $(notdir $(CMAKE_FILES)); do rm -f "$(DESTDIR)$(CMAKEDIR)/$$file"; done
	rm -f "$(DESTDIR)$(INCLUDEDIR)/rnnlm.h" $(patsubst %,"$(DESTDIR)$(DOCDIR)/%",README COPYING NEWS)
	for script in $(SCRIPTS) $(SCRIPT_FILES); do rm -f "$(DESTDIR)$(DATADIR)/scripts/$$script"; done
	for folder in "$(CMAKEDIR)" "$(DOCDIR)" "$(DATADIR)/scripts/kaldi" "$(DATADIR)/scripts/srilm" \
	    "$(DATADIR)/scripts/recipes" "$(DATADIR)/scripts" "$(DATADIR)"; do \
	    rmdir "$(DESTDIR)$$folder" 2>/dev/null || true; done

dist:
	@scripts/packaging/dist $(BUILD)/dist

# ---- tests -------------------------------------------------------------------------------------------------------

$(BUILD)/test/unit/%: $(BUILD)/test/unit/%.o $(BUILD)/internal.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

unit-tests: $(UNIT_TESTS)

# Programs of users: they see nothing but rnnlm.h and the static library.
EXAMPLES := $(patsubst test/examples/%.c, $(BUILD)/examples/%, $(wildcard test/examples/*.c))

$(BUILD)/examples/%: test/examples/%.c rnnlm/rnnlm.h $(BUILD)/librnnlm.a
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -pthread -Irnnlm -o $@ $< $(BUILD)/librnnlm.a $(LIBS)

examples: $(EXAMPLES)

test:
	scripts/run-tests -no-install

# The Python package as tools/python/setup.py builds it, without setuptools.
PYTHON ?= python3
PACKAGE = $(BUILD)/python/rnnlm
PACKAGE_FILES := $(patsubst tools/python/rnnlm/%, $(PACKAGE)/%, $(wildcard tools/python/rnnlm/*))
PYTHON_CFLAGS = $(shell $(PYTHON) -c 'import sysconfig; print("-I" + sysconfig.get_paths()["include"])')

$(BUILD)/tools/python/%.o: ALL_CFLAGS += $(PYTHON_CFLAGS) -Wno-cast-function-type -Wno-missing-field-initializers

$(PACKAGE)/_core.abi3.so: $(patsubst %.c, $(BUILD)/%.o, $(wildcard tools/python/src/*.c)) $(BUILD)/librnnlm.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -shared -Wl,--exclude-libs,ALL -o $@ $^ $(LIBS)

$(PACKAGE)/%: tools/python/rnnlm/%
	@mkdir -p $(@D)
	cp $< $@

python: $(PACKAGE)/_core.abi3.so $(PACKAGE_FILES)

test-python: python $(BIN)/rnnlm $(BIN)/rnnlm-ngram
	PYTHONPATH=$(BUILD)/python RNNLM_BIN=$(BIN) $(PYTHON) -B -m unittest discover -s tools/python/tests -t tools/python/tests

# With MPI, in folders of its own.
test-mpi:
	$(MAKE) MPI=1 BUILD=$(BUILD)/mpi BIN=$(BUILD)/mpi/bin $(BUILD)/mpi/bin/rnnlm
	RNNLM_BIN=$(BUILD)/mpi/bin bats test/cli/peers.bats

# Loaded before programs: makes one call to the system fail.
FAULTS := $(BUILD)/test/faults/fail-nth-call.so

$(FAULTS): test/faults/fail-nth-call.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O1 -fPIC -shared -o $@ $< -ldl

faults: programs $(FAULTS)

# Every call that can fail, of every program: an hour.
torture: faults
	jobs=$$(nproc) && seq $$jobs | RNNLM_BIN=$(BIN) xargs -P $$jobs -I K test/faults/run -part K/$$jobs $(FAULTS)

# Fuzzing: test/fuzz/run builds the harnesses with clang's fuzzer, and again, with `replay` in its place, to measure what
# they cover.
SECONDS ?= 600
FUZZ_MAIN ?= $(BUILD)/test/fuzz/replay.o
HARNESSES := $(patsubst test/fuzz/%.c, $(BUILD)/test/fuzz/%, $(wildcard test/fuzz/fuzz_*.c))

$(BUILD)/test/fuzz/fuzz_%: $(BUILD)/test/fuzz/fuzz_%.o $(BUILD)/internal.a $(filter %.o,$(FUZZ_MAIN))
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(filter-out %.o,$(FUZZ_MAIN)) $(LIBS)

$(BUILD)/test/fuzz/pack-seed: $(BUILD)/test/fuzz/pack-seed.o $(BUILD)/internal.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

harnesses: $(HARNESSES) $(BUILD)/test/fuzz/pack-seed

coverage:
	test/coverage

fuzz:
	test/fuzz/run $(SECONDS)

# The measuring stick of the benchmark: OpenBLAS' product of matrices.
$(BUILD)/test/bench/sgemm: test/bench/sgemm.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(BLAS_CFLAGS) -o $@ $< $(BLAS_LIBS)

# Queries/s of n-gram models.
$(BUILD)/test/bench/ngram: $(BUILD)/test/bench/ngram.o $(BUILD)/internal.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Lattices such as a recogniser of meetings writes.
$(BUILD)/test/bench/dense-lattice: test/bench/dense-lattice.c test/bench/random.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< -lm

# Texts of any length and vocabulary.
$(BUILD)/test/bench/long-text: test/bench/long-text.c test/bench/random.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< -lm

# Texts whose words stand in known relations.
$(BUILD)/test/bench/related-words: test/bench/related-words.c test/bench/random.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< -lm

bench: all $(addprefix $(BUILD)/test/bench/,sgemm ngram dense-lattice long-text related-words)
	RNNLM_BIN=$(BIN) RNNLM_BENCH_TOOLS=$(BUILD)/test/bench test/bench/run

clean:
	rm -rf build bin

help:
	@sed -n 's/^#   //p' Makefile

.PHONY: bench completion dist coverage fuzz harnesses all programs libraries man install uninstall unit-tests test test-mpi faults torture clean help examples python test-python FORCE
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
