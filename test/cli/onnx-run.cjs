// node onnx-run.cjs MODEL.onnx STATES.onnx <numbers: of each line, the words of a sentence by their numbers, prints its
// -ln P by either file. Wants onnxruntime-web or onnxruntime-node, where node looks for them.
'use strict';
const fs = require('fs');
let ort;
try {
    ort = require('onnxruntime-node');
} catch {
    ort = require('onnxruntime-web');
    ort.env.wasm.numThreads = 1;
}

const numbers = (list, dims) => new ort.Tensor('int64', BigInt64Array.from(list.map(BigInt)), dims);

async function main() {
    const open = file => ort.InferenceSession.create(fs.readFileSync(file));
    const sentences = await open(process.argv[2]), states = await open(process.argv[3]);
    const lines = fs.readFileSync(0, 'utf8').replace(/\n$/, '').split('\n');
    const texts = lines.map(line => line.split(' ').filter(Boolean).map(Number));
    const longest = Math.max(...texts.map(text => text.length));
    const x = texts.flatMap(text => [...text, ...Array(longest - text.length).fill(-1)]);
    const { nll } = await sentences.run({
        x: numbers(x, [texts.length, longest]),
        x_lens: numbers(texts.map(text => text.length), [texts.length])
    });
    const [, layers, width] = fs.readFileSync(process.argv[3], 'latin1').match(/num_layers..(\d+)[^]*?hidden_size..(\d+)/);
    for (const [n, text] of texts.entries()) {
        const zeros = () => new ort.Tensor('float32', new Float32Array(layers * width), [+layers, 1, +width]);
        let h = zeros(), c = zeros(), sum = 0;
        for (let i = 0; i <= text.length; i++) {
            const word = i > 0 ? text[i - 1] : 0, next = i < text.length ? text[i] : 0;
            const out = await states.run({ x: numbers([word], [1, 1]), h0: h, c0: c });
            sum -= out.log_softmax.data[next];
            h = out.next_h0;
            c = out.next_c0;
        }
        console.log(`${nll.data[n].toFixed(5)} ${sum.toFixed(5)}`);
    }
}

main().catch(error => {
    console.error(error.message);
    process.exit(1);
});
