# Shared by the command-line tests: where programs and texts lie, and how figures are compared.
# The awk programs keep to what gawk, mawk and busybox have in common.

BIN="${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}"
[ -x "$BIN/rnnlm" ] || { echo "$BIN/rnnlm is wanted: run make, or set RNNLM_BIN" >&2; exit 1; }
BIN="$(cd "$BIN" && pwd)"
DATA="$BATS_TEST_DIRNAME/../../data"
GOLDEN="${RNNLM_GOLDEN:-}" # a folder with outputs of the reference and of SRILM, for those who have them
export LC_ALL=C

bats_require_minimum_version 1.5.0

rnnlm() {
    "$BIN/rnnlm" "$@"
}

# defaults "-OPTION VALUE..." ARGUMENTS...: those of the first that are not among the arguments, as an option is
# given once.
defaults() {
    local i all
    read -ra all <<<"$1"
    shift
    for ((i = 0; i < ${#all[@]}; i += 2)); do
        [[ " $* " == *" ${all[i]} "* ]] || printf '%s %s ' "${all[i]}" "${all[i + 1]}"
    done
}

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# says STATUS MESSAGE COMMAND...: it fails so, and with a message that has this in it.
says() {
    local wanted=$1 message="$2" code=0
    shift 2
    "$@" >out 2>err || code=$?
    [ $code -eq "$wanted" ] && grep -q -- "$message" err || fail "$*: $code, $(cat err)"
}

need_golden() {
    [ -d "$GOLDEN/mikolov" ] || skip "RNNLM_GOLDEN is not set: no outputs of the reference to compare with"
}

# A build with sanitizers is several times slower: RNNLM_SLOW_BUILD=1 cuts the longest checks.
skip_if_slow() {
    [ "${RNNLM_SLOW_BUILD:-0}" != 1 ] || skip "RNNLM_SLOW_BUILD=1: too slow for a build with sanitizers"
}

# Some small builds of busybox leave log() and exp() out of awk.
need_logarithms() {
    awk 'BEGIN { exit !(exp(log(2)) > 1) }' 2>/dev/null || skip "this awk has no log()"
}

# in_own_folder: for setup(), a folder for the test alone, with all that the file's setup has made.
in_own_folder() {
    cd "$BATS_TEST_TMPDIR"
    ln -sf "$BATS_FILE_TMPDIR"/* .
}

# small_texts DIR: train, valid and test, cut from data/, a few thousand words.
small_texts() {
    head -n 500 "$DATA/train.txt" >"$1/train"
    head -n 200 "$DATA/valid.txt" >"$1/valid"
    head -n 200 "$DATA/test.txt" >"$1/test"
}

# The kinds of optimisers, so that tests go through a new one without naming it.
optimisers() {
    sed -n 's/^ *KIND(\([a-z]*\)).*/\1/p' "$BATS_TEST_DIRNAME/../../rnnlm/learn/optimisers/kinds.h"
}

. "$BATS_TEST_DIRNAME/../golden/lists" # small_nbest

# killed_at RENAME COMMAND...: a program, or a function that runs one, killed before its RENAME-th rename; false if it did
# not come to that. A save of a training has two renames, that of the checkpoint and that of the model.
killed_at() {
    local at="$1" code=0 kill="$BATS_TEST_TMPDIR/kill.so"
    shift
    [ -e "$kill" ] || cc -shared -fPIC -o "$kill" "$BATS_TEST_DIRNAME/kill-at-rename.c"
    KILL_AT="$at" LD_PRELOAD="$kill" "$@" >"$BATS_TEST_TMPDIR/killed.log" 2>&1 || code=$?
    [ "$code" -eq 137 ]
}

# killed_within_epoch MODEL OPTIONS...: a training that saves within its epochs, killed after the first save. A build with
# sanitizers cannot be killed at a rename; it is slow enough for the save to be seen.
killed_within_epoch() {
    local model="$1" i position=0
    shift
    if [ "${RNNLM_SLOW_BUILD:-0}" != 1 ]; then
        killed_at 3 "$BIN/rnnlm" -rnnlm "$model" "$@"
    else
        "$BIN/rnnlm" -rnnlm "$model" "$@" >/dev/null 2>&1 3>&- &
        local pid=$!
        for ((i = 0; i < 3000 && ${position:-0} == 0; i++)); do
            sleep 0.01
            [ ! -e "$model" ] || position=$(figure "current position in training data" "$model")
        done
        kill -9 "$pid"
        wait "$pid" || true
    fi
    [ "$(figure "current position in training data" "$model")" -gt 0 ] || fail "no save within an epoch"
}

# ---- figures ------------------------------------------------------------------------------------

# figure LABEL FILE: what follows "LABEL:" at the start of a line; the last one counts.
figure() {
    awk -v label="$1:" 'index($0, label) == 1 { value = substr($0, length(label) + 1) }
                        END { sub(/^ +/, "", value); print value }' "$2"
}

# entropy TRAIN|VALID EPOCH LOG: from a training log, progress before carriage returns included.
entropy() {
    awk -v label="$1 entropy:" -v epoch="$2" \
        '$1 == "Iter:" && $2 == epoch { n = split($0, part, label); value = part[n] + 0 }
         END { print value }' "$3"
}

# last_epoch LOG
last_epoch() {
    awk '$1 == "Iter:" { last = $2 } END { print last }' "$1"
}

# near FOUND WANTED TOLERANCE: the tolerance is relative.
near() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN {
        d = a - b; if (d < 0) d = -d
        m = b < 0 ? -b : b + 0
        exit !(a != "" && b !~ /^$|inf|nan/ && (a == b "" || d <= t * m)) }' ||
        fail "found $1, wanted $2 within $3 of it"
}

# within FOUND WANTED TOLERANCE: the tolerance is absolute.
within() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN {
        d = a - b; if (d < 0) d = -d
        exit !(a != "" && b != "" && d <= t) }' || fail "found $1, wanted $2 give or take $3"
}

# same_numbers FOUND WANTED TOLERANCE: two files of one number a line, absolute tolerance.
same_numbers() {
    [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ] ||
        fail "$1 has $(wc -l <"$1") lines, $2 has $(wc -l <"$2")" || return 1
    paste "$1" "$2" | awk -v t="$3" '
        NF == 2 && $1 "" == $2 "" { next }
        { d = $1 - $2; if (d < 0) d = -d }
        NF != 2 || $1 $2 !~ /^[-+.e0-9]+$/ || !(d <= t) {
            if (++bad <= 3) printf "line %d: found %s, wanted %s\n", NR, $1, $2
        }
        END { exit NR == 0 || bad > 0 }' >&2
}

# table FILE: the rows of -debug 2.
table() {
    awk -F '\t' 'NF >= 3 && $1 ~ /^-?[0-9]+$/' "$1"
}

# same_table FOUND WANTED TOLERANCE: the rows of two -debug 2 outputs; ids and words are equal,
# probabilities (printed with ten decimals) near.
same_table() {
    table "$1" >"$BATS_TEST_TMPDIR/found.table"
    table "$2" >"$BATS_TEST_TMPDIR/wanted.table"
    awk -F '\t' -v t="$3" '
        FNR == NR { wanted[FNR] = $0; rows = FNR; next }
        {
            n = split(wanted[FNR], w, "\t")
            good = n == NF && $1 == w[1] && $NF == w[n]
            for (i = 2; i < n && good; i++) {
                d = $i - w[i]; if (d < 0) d = -d
                good = ($i "") == (w[i] "") || d <= t * w[i] + 1.5e-10
            }
            if (!good && ++bad <= 3) printf "row %d: found %s\n   wanted %s\n", FNR, $0, wanted[FNR]
        }
        END { if (FNR != rows) print "found " FNR " rows, wanted " rows
              exit rows == 0 || FNR != rows || bad > 0 }' \
        "$BATS_TEST_TMPDIR/wanted.table" "$BATS_TEST_TMPDIR/found.table" >&2
}

# ---- messages -----------------------------------------------------------------------------------

# refuses TEXT... -- ARGUMENTS: rnnlm ends with status 1 and one line on standard error that holds
# every TEXT.
refuses() {
    refuses_with 1 "$@"
}

# refuses_with STATUS TEXT... -- ARGUMENTS
refuses_with() {
    local wanted="$1" texts=() text
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    local code=0
    "$BIN/rnnlm" "$@" >"$BATS_TEST_TMPDIR/refused.out" 2>"$BATS_TEST_TMPDIR/refused.err" || code=$?
    local message
    message="$(cat "$BATS_TEST_TMPDIR/refused.err")"
    [ "$code" -eq "$wanted" ] || fail "rnnlm $*" "exit status $code, wanted $wanted: $message" || return 1
    [ "${message#rnnlm: }" != "$message" ] || fail "rnnlm $*" "no \"rnnlm: \" before: $message" || return 1
    [ "$(wc -l <"$BATS_TEST_TMPDIR/refused.err")" -eq 1 ] ||
        fail "rnnlm $*" "more than one line: $message" || return 1
    for text in "${texts[@]}"; do
        case "$message" in
        *"$text"*) ;;
        *) fail "rnnlm $*" "no \"$text\" in: $message" || return 1 ;;
        esac
    done
}
