import { GraphBuilder } from "./onnx.ts";
import type { Dense, EncoderWeights, Layer } from "./weights.ts";

/**
 * The encoder as an 8-bit ONNX graph: two pre-norm transformer layers, masked mean, tanh, unit length.
 *
 * Activations have fixed ranges instead of ranges taken from each batch, so a text has the same vector
 * whatever it is batched with, and no pass over the data is spent on finding them.
 * `ids` [batch, length]; `mask` is 1 on tokens; `weight` is 1/tokens on tokens, so that a product is the mean.
 */
export function buildGraph(model: EncoderWeights): Uint8Array {
  const g = new GraphBuilder();
  const shape = g.op("Shape", ["ids"]);
  const bias = attentionBias(g);
  let x = tokens(g, model, shape);
  for (const [index, layer] of model.layers.entries()) {
    const residual = index === 0 ? dense(g, quantize(g, x, "residual"), "residual", model.residual) : x;
    x = g.op("Add", [attention(g, x, layer, index, shape, bias), residual]);
    if (index === 0) x = g.op("Add", [feedForward(g, x, layer), x]);
  }
  g.rename(pooled(g, x, model, shape), "embedding");
  return g.build(
    [
      { name: "ids", type: "int32", shape: ["batch", "length"] },
      { name: "mask", type: "float32", shape: ["batch", "length"] },
      { name: "weight", type: "float32", shape: ["batch", "length"] },
    ],
    [{ name: "embedding", type: "float32", shape: ["batch", WIDTH] }],
  );
}

/** Part of the vectors' identity and of the cached file's name: a change of the graph changes it. */
export const REVISION = 1;
export const WIDTH = 512;
const EMBEDDING_WIDTH = 256;
const HEADS = 4;
export const MAX_TOKENS = 128;

/** What each product's input may span, from 1 100 sentences through the float model; beyond is clipped. */
const RANGES = {
  residual: [-2.6, 2.2],
  qkv0: [-2.4, 2.2],
  out0: [-4.3, 4.2],
  ffnIn0: [-3.5, 3.1],
  ffnOut0: [0, 10],
  qkv1: [-2.8, 2.2],
  out1: [-4.0, 4.6],
  ffnIn1: [-7.5, 7.5],
} as const satisfies Record<string, readonly [number, number]>;

type Tap = keyof typeof RANGES;

function scaleOf(tap: Tap): { scale: number; zero: number } {
  const [low, high] = RANGES[tap];
  const scale = (high - low) / 255;
  return { scale, zero: Math.round(-low / scale) };
}

/** Twice the piece's embedding plus the position signal, `[batch * length, 256]`. */
function tokens(g: GraphBuilder, model: EncoderWeights, shape: string): string {
  const { rows, scales } = quantizeRows(model.embeddings, EMBEDDING_WIDTH);
  const pieces = scales.length;
  const doubled = scales.map((scale) => scale * 2);
  const gathered = g.op("Gather", [g.constant(rows, [pieces, EMBEDDING_WIDTH]), "ids"]);
  const scale = g.op("Gather", [g.constant(doubled, [pieces, 1]), "ids"]);
  const embedded = g.op("Mul", [g.op("Cast", [gathered], { to: 1 }), scale]);
  const length = g.op("Slice", [shape, g.ints(1), g.ints(2)]);
  const signal = g.constant(positions(model.frequencies), [MAX_TOKENS, EMBEDDING_WIDTH]);
  const timing = g.op("Slice", [signal, g.ints(0), length, g.ints(0)]);
  return g.op("Reshape", [g.op("Add", [embedded, timing]), g.ints(-1, EMBEDDING_WIDTH)]);
}

function positions(frequencies: Float32Array): Float32Array {
  const half = frequencies.length;
  const out = new Float32Array(MAX_TOKENS * half * 2);
  for (let at = 0; at < MAX_TOKENS; at++) {
    for (let i = 0; i < half; i++) {
      out[at * half * 2 + i] = Math.sin(at * frequencies[i]!);
      out[at * half * 2 + half + i] = Math.cos(at * frequencies[i]!);
    }
  }
  return out;
}

/** Nothing on tokens and a very large negative on padding, `[batch, 1, 1, length]`. */
function attentionBias(g: GraphBuilder): string {
  const padding = g.op("Sub", [g.scalar(1), "mask"]);
  return g.op("Unsqueeze", [g.op("Mul", [padding, g.scalar(-1e9)]), g.ints(1, 2)]);
}

function attention(
  g: GraphBuilder,
  x: string,
  layer: Layer,
  index: number,
  shape: string,
  bias: string,
): string {
  const width = layer.qkv.inputs;
  const head = width / HEADS;
  const taps = index === 0 ? (["qkv0", "out0"] as const) : (["qkv1", "out1"] as const);
  const qkv = dense(g, quantize(g, norm(g, x, layer.attentionNorm), taps[0]), taps[0], layer.qkv);
  const split = g.op("Reshape", [qkv, g.op("Concat", [shape, g.ints(3, HEADS, head)], { axis: 0 })]);
  const stacked = g.op("Transpose", [split], { perm: [2, 0, 3, 1, 4] });
  const parts = g.ops("Split", [stacked, g.ints(1, 1, 1)], 3, { axis: 0 });
  const [query, key, value] = parts.map((part) => g.op("Squeeze", [part, g.ints(0)])) as [
    string,
    string,
    string,
  ];
  const scaled = g.op("Mul", [query, g.scalar(1 / Math.sqrt(head))]);
  const logits = g.op("MatMul", [scaled, g.op("Transpose", [key], { perm: [0, 1, 3, 2] })]);
  const mixed = g.op("MatMul", [g.op("Softmax", [g.op("Add", [logits, bias])], { axis: -1 }), value]);
  const joined = g.op("Reshape", [g.op("Transpose", [mixed], { perm: [0, 2, 1, 3] }), g.ints(-1, width)]);
  return dense(g, quantize(g, joined, taps[1]), taps[1], layer.attentionOut);
}

/** The first layer's; its ReLU is the lower bound of the 8-bit output. */
function feedForward(g: GraphBuilder, x: string, layer: Layer): string {
  const input = scaleOf("ffnIn0");
  const output = scaleOf("ffnOut0");
  const { inputs, outputs, bias } = layer.ffnIn;
  const { columns, scales } = quantizeColumns(layer.ffnIn);
  const hidden = g.op("QGemm", [
    quantize(g, norm(g, x, layer.ffnNorm), "ffnIn0"),
    g.scalar(input.scale),
    g.scalar(input.zero, "uint8"),
    g.constant(columns, [inputs, outputs]),
    g.constant(scales),
    g.constant(new Int8Array(outputs)),
    g.constant(Int32Array.from(bias, (value, i) => Math.round(value / (input.scale * scales[i]!)))),
    g.scalar(output.scale),
    g.scalar(output.zero, "uint8"),
  ]);
  return dense(g, hidden, "ffnOut0", layer.ffnOut);
}

/**
 * Mean over the tokens, then the last layer's second product, then the output layer. The order is ours: both
 * products are linear, so one product of the mean replaces one a token, and the two matrices become one.
 */
function pooled(g: GraphBuilder, x: string, model: EncoderWeights, shape: string): string {
  const layer = model.layers[1];
  const hidden = g.op("Relu", [
    dense(g, quantize(g, norm(g, x, layer.ffnNorm), "ffnIn1"), "ffnIn1", layer.ffnIn),
  ]);
  const row = g.op("Unsqueeze", ["weight", g.ints(1)]);
  const mean = (value: string, width: number) => {
    const cube = g.op("Reshape", [value, g.op("Concat", [shape, g.ints(width)], { axis: 0 })]);
    return g.op("Squeeze", [g.op("MatMul", [row, cube]), g.ints(1)]);
  };
  const joined = g.op("Concat", [mean(hidden, layer.ffnIn.outputs), mean(x, WIDTH)], { axis: 1 });
  const { weights, bias, inputs } = compose(layer.ffnOut, model.output);
  const output = g.op("Gemm", [joined, g.constant(weights, [inputs, WIDTH]), g.constant(bias)]);
  return g.op("LpNormalization", [g.op("Tanh", [output])], { axis: -1, p: 2 });
}

/** `second(first(hidden) + x)` as one layer over `[hidden, x]`. */
function compose(first: Dense, second: Dense): Dense {
  const inputs = first.inputs + first.outputs;
  const weights = new Float32Array(inputs * second.outputs);
  for (let row = 0; row < first.inputs; row++) {
    const target = weights.subarray(row * second.outputs, (row + 1) * second.outputs);
    addProduct(target, first.weights.subarray(row * first.outputs, (row + 1) * first.outputs), second);
  }
  weights.set(second.weights, first.inputs * second.outputs);
  const bias = Float32Array.from(second.bias);
  addProduct(bias, first.bias, second);
  return { weights, bias, inputs, outputs: second.outputs };
}

function addProduct(target: Float32Array, row: Float32Array, by: Dense): void {
  for (let k = 0; k < row.length; k++) {
    const factor = row[k]!;
    const offset = k * by.outputs;
    for (let o = 0; o < by.outputs; o++) target[o]! += factor * by.weights[offset + o]!;
  }
}

function norm(g: GraphBuilder, x: string, { scale, bias }: Layer["ffnNorm"]): string {
  const inputs = [x, g.constant(scale), g.constant(bias)];
  return g.op("LayerNormalization", inputs, { axis: -1, epsilon: { float: 1e-6 } });
}

function quantize(g: GraphBuilder, x: string, tap: Tap): string {
  const { scale, zero } = scaleOf(tap);
  return g.op("QuantizeLinear", [x, g.scalar(scale), g.scalar(zero, "uint8")]);
}

/** 8-bit input and weights, float output. */
function dense(g: GraphBuilder, x: string, tap: Tap, layer: Dense): string {
  const { scale, zero } = scaleOf(tap);
  const { columns, scales } = quantizeColumns(layer);
  return g.op("MatMulIntegerToFloat", [
    x,
    g.constant(columns, [layer.inputs, layer.outputs]),
    g.scalar(scale),
    g.constant(scales),
    g.scalar(zero, "uint8"),
    g.scalar(0, "int8"),
    g.constant(layer.bias),
  ]);
}

function quantizeColumns({ weights, inputs, outputs }: Dense): { columns: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(outputs);
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]!);
    if (size > scales[i % outputs]!) scales[i % outputs] = size;
  }
  for (let o = 0; o < outputs; o++) scales[o] = scales[o]! / 127 || 1;
  const columns = new Int8Array(inputs * outputs);
  for (let i = 0; i < columns.length; i++) columns[i] = Math.round(weights[i]! / scales[i % outputs]!);
  return { columns, scales };
}

function quantizeRows(values: Float32Array, width: number): { rows: Int8Array; scales: Float32Array } {
  const rows = new Int8Array(values.length);
  const scales = new Float32Array(values.length / width);
  for (let row = 0; row < scales.length; row++) {
    const part = values.subarray(row * width, (row + 1) * width);
    const scale = part.reduce((size, value) => Math.max(size, Math.abs(value)), 0) / 127 || 1;
    scales[row] = scale;
    for (let i = 0; i < width; i++) rows[row * width + i] = Math.round(part[i]! / scale);
  }
  return { rows, scales };
}
