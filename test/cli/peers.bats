# Training on several processes: what one process alone can show, and, where the program is built with MPI and
# mpirun is there, the rest.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    head -n 120 "$DATA/train.txt" >train
    head -n 40 "$DATA/valid.txt" >valid
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # where tests are run by root
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    ln -sf "$BATS_FILE_TMPDIR"/{train,valid} .
    lstm="-layers lstm:8 -class 8 -streams 5 -bptt 3 -dropout 0.2 -threads 1 -max-iter 2 -debug 0"
}

without_mpi() {
    OMPI_COMM_WORLD_SIZE=1 run -1 rnnlm -train none -valid none -rnnlm none
    OMPI_COMM_WORLD_SIZE=2 run -1 rnnlm -train none -valid none -rnnlm none
    [[ "$output" == *"built without MPI"* ]]
}

need_mpi() {
    ! without_mpi || skip "built without MPI: make test-mpi"
    command -v mpirun >/dev/null || skip "mpirun is not there"
}

# learn N MODEL OPTIONS...: on N processes
learn() {
    local n=$1 model=$2
    shift 2
    timeout 60 mpirun --oversubscribe -n "$n" "$BIN/rnnlm" -train train -valid valid -rnnlm "$model" "$@" </dev/null
}

@test "started by mpirun without MPI: says so instead of training the same model twice" {
    without_mpi || skip "built with MPI"
    for variable in OMPI_COMM_WORLD_SIZE PMI_SIZE SLURM_STEP_NUM_TASKS; do
        run -1 env $variable=4 "$BIN/rnnlm" -train train -valid valid -rnnlm new -hidden 5
        [[ "$output" == *"one of 4 processes ($variable), but built without MPI"*"make MPI=1"* ]]
        [ ! -e new ]
    done
    OMPI_COMM_WORLD_SIZE=1 rnnlm -train train -valid valid -rnnlm new -hidden 5 -max-iter 1 -debug 0
}

@test "pieces of one process: the same but for the last digits; an average of one is the weights" {
    for new in plain "average -peers average" "pieces -peers-pieces 3" "again -peers-pieces 3 -peers synchronous"; do
        rnnlm -train train -valid valid -rnnlm $new $lstm | sed 's/Words.sec: *[0-9.]*//' >"${new%% *}.log"
    done
    cmp plain average
    cmp plain.log pieces.log
    cmp pieces again
    run -1 cmp -s plain pieces
}

@test "a training in pieces goes on from its checkpoint, whatever their number is then" {
    rnnlm -train train -valid valid -rnnlm whole $lstm -peers-pieces 4
    rnnlm -train train -valid valid -rnnlm new $lstm -max-iter 1 -peers-pieces 4 || true
    rnnlm -train train -valid valid -rnnlm new $lstm -peers-pieces 4
    cmp whole new
}

@test "options of processes that do not go together" {
    run -2 rnnlm -train train -valid valid -rnnlm new $lstm -peers both
    [[ "$output" == *"option -peers: found \"both\", wanted synchronous or average"* ]]
    run -2 rnnlm -train train -valid valid -rnnlm new $lstm -peers average -peers-pieces 2
    [[ "$output" == *"-peers-pieces is for -peers synchronous"* ]]
    for option in "-peers-words 100" "-peers-momentum 0.5" "-peers-step 1"; do
        run -2 rnnlm -train train -valid valid -rnnlm new $lstm $option
        [[ "$output" == *"${option% *} is for -peers average"* ]]
    done
    run -2 rnnlm -train train -valid valid -rnnlm new $lstm -peers average -optimiser average
    [[ "$output" == *"-peers average and -optimiser average exclude each other"* ]]
    run -2 rnnlm -train train -valid valid -rnnlm new -hidden 5 -streams 4 -direct 1 -peers-pieces 2
    [[ "$output" == *"-direct: "*"-peers average alone"* ]]
    [ ! -e new ]
}

@test "MPI: the same model on any number of processes, and results of the first one alone" {
    need_mpi
    rnnlm -train train -valid valid -rnnlm one $lstm -peers-pieces 4 | sed 's/Words.sec: *[0-9.]*//' >one.log
    for n in 2 3 4; do
        learn $n "new$n" $lstm -peers-pieces 4 | sed 's/Words.sec: *[0-9.]*//' >"log"
        cmp one "new$n"
        cmp one.log log
        cmp one.output.txt "new$n.output.txt"
    done
    learn 4 new $lstm
    cmp one new
}

@test "MPI: averages of weights are learnt from, and are the same each time" {
    need_mpi
    for new in a b; do
        learn 2 $new $lstm -peers average -peers-words 200 | sed 's/Words.sec: *[0-9.]*//' >$new.log
    done
    cmp a b
    cmp a.log b.log
    rnnlm -train train -valid valid -rnnlm one $lstm | tail -n 1 >one.log
    awk '{ bits[NR] = $NF } END { exit !(bits[1] < 1.05 * bits[2]) }' <(tail -n 1 a.log) one.log
}

@test "MPI: who differs, or cannot read, is named" {
    need_mpi
    other() {
        run timeout 60 mpirun --oversubscribe -n 1 "$BIN/rnnlm" -train train -valid valid -rnnlm new $lstm : \
            -n 1 "$BIN/rnnlm" -rnnlm new $lstm "$@" </dev/null
        [ "$status" -ne 0 ]
        [ ! -e new ]
        [ "$(grep -c '^rnnlm: process' <<<"$output")" -eq 1 ]
    }
    other -train none -valid valid
    [[ "$output" == *"rnnlm: process 1 ("*"): cannot open none: "* ]]
    sed '3s/ / other /' train >train2
    other -train train2 -valid valid
    [[ "$output" == *"rnnlm: process 1 ("*"): found \"text of -train "*"\", process 0 has \"text of -train "* ]]
    other -train train -valid train2
    [[ "$output" == *"rnnlm: process 1 ("*"): found \"text of -valid "* ]]
    other -train train -valid valid -alpha 0.07
    [[ "$output" == *"rnnlm: process 1 ("*"): found \"-alpha 0.07\", process 0 has \"-alpha 0.003\""* ]]
    run learn 2 new -hidden 5
    [[ "$output" == *"2 processes learn in batches: -streams N or -fast is wanted"* ]]
}

# The processes that train ./new.
workers() {
    local pid
    for pid in $(pgrep -x rnnlm); do
        ! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "-rnnlm $PWD/new " || echo "$pid"
    done
}

@test "MPI: a process killed ends all with a message, and others go on from the checkpoint" {
    need_mpi
    skip_if_slow
    many="${lstm/-max-iter 2/-min-improvement 0}"
    learn 3 "$PWD/new" $many -max-iter 400 2>log & job=$!
    for ((i = 0; i < 200; i++)); do
        sleep 0.1
        [ ! -e new.checkpoint ] || break
    done
    kill -9 "$(workers | tail -n 1)"
    status=0
    wait $job || status=$?
    [ "$status" -ne 0 ]
    grep 'do not answer: one of them has ended; .*new holds the model after .*with any number of processes' log
    epochs=$(grep -c '^iter: ' new.output.txt)
    learn 2 "$PWD/new" $many -max-iter $((epochs + 2)) >log
    grep 'Going on bit by bit from .*new.checkpoint' log
}
