#!/bin/sh
# A small network with direct connections, and one with nothing but these.
rnnpath=${1:-../rnnlm}

rm -f model model0 model.output.txt model0.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 10 -rand-seed 1 -class 100 -direct 1 -direct-order 3 -bptt 4 -bptt-block 10 -binary -max-iter 3 > train.log
$rnnpath/rnnlm -train train -valid valid -rnnlm model0 -hidden 1 -rand-seed 1 -class 100 -direct 1 -direct-order 4 -binary -max-iter 3 > train0.log
$rnnpath/rnnlm -rnnlm model -test test
$rnnpath/rnnlm -rnnlm model0 -test test
