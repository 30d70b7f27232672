import { type Bytes, bytesField, floatField, intField, join } from "./protobuf.ts";

/** Writes ONNX models: tensors, nodes in order, and typed inputs and outputs. */

const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type DataType = keyof typeof DATA_TYPES;

export type TensorData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

type Attribute = number | number[] | { float: number };
export type Port = { name: string; type: DataType; shape: Array<string | number> };

/** The operators of onnxruntime's own set; the others belong to ONNX. */
const CONTRIB = "com.microsoft";
const CONTRIB_OPS = new Set(["QGemm", "MatMulIntegerToFloat"]);

export class GraphBuilder {
  #nodes: Bytes[] = [];
  #tensors: Bytes[] = [];
  #count = 0;

  /** Adds a constant and returns its name. */
  constant(data: TensorData, dims: number[] = [data.length]): string {
    const name = `c${this.#count++}`;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#tensors.push(
      bytesField(
        5,
        join([
          ...dims.map((dim) => intField(1, dim)),
          intField(2, DATA_TYPES[dataType(data)]),
          bytesField(8, name),
          bytesField(9, raw),
        ]),
      ),
    );
    return name;
  }

  scalar(value: number, type: "float32" | "uint8" | "int8" | "int64" = "float32"): string {
    if (type === "float32") return this.constant(Float32Array.of(value), []);
    if (type === "uint8") return this.constant(Uint8Array.of(value), []);
    if (type === "int8") return this.constant(Int8Array.of(value), []);
    return this.constant(BigInt64Array.of(BigInt(value)), []);
  }

  ints(...values: number[]): string {
    return this.constant(BigInt64Array.from(values.map(BigInt)));
  }

  /** Adds a node and returns the name of its first output. */
  op(type: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    return this.ops(type, inputs, 1, attributes)[0]!;
  }

  /** Adds a node with several outputs. */
  ops(type: string, inputs: string[], outputs: number, attributes: Record<string, Attribute> = {}): string[] {
    const names = Array.from({ length: outputs }, () => `t${this.#count++}`);
    this.#node(type, inputs, names, attributes);
    return names;
  }

  /** Gives a value the name of a model output. */
  rename(from: string, to: string): void {
    this.#node("Identity", [from], [to], {});
  }

  #node(type: string, inputs: string[], outputs: string[], attributes: Record<string, Attribute>): void {
    const domain = CONTRIB_OPS.has(type) ? [bytesField(7, CONTRIB)] : [];
    this.#nodes.push(
      bytesField(
        1,
        join([
          ...inputs.map((name) => bytesField(1, name)),
          ...outputs.map((name) => bytesField(2, name)),
          bytesField(4, type),
          ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
          ...domain,
        ]),
      ),
    );
  }

  /** The whole file. */
  build(inputs: Port[], outputs: Port[]): Bytes {
    const graph = join([
      ...this.#nodes,
      bytesField(2, "graph"),
      ...this.#tensors,
      ...inputs.map((port) => bytesField(11, portInfo(port))),
      ...outputs.map((port) => bytesField(12, portInfo(port))),
    ]);
    return join([
      intField(1, 8),
      bytesField(2, "astrocyte"),
      bytesField(7, graph),
      bytesField(8, join([bytesField(1, ""), intField(2, 17)])),
      bytesField(8, join([bytesField(1, CONTRIB), intField(2, 1)])),
    ]);
  }
}

function dataType(data: TensorData): DataType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int8Array) return "int8";
  return data instanceof Int32Array ? "int32" : "int64";
}

function attribute(name: string, value: Attribute): Bytes {
  if (typeof value === "number") return join([bytesField(1, name), intField(3, value), intField(20, 2)]);
  if (Array.isArray(value)) {
    return join([bytesField(1, name), ...value.map((item) => intField(8, item)), intField(20, 7)]);
  }
  return join([bytesField(1, name), floatField(2, value.float), intField(20, 1)]);
}

function portInfo(port: Port): Bytes {
  const dims = port.shape.map((dim) =>
    bytesField(1, typeof dim === "number" ? intField(1, dim) : bytesField(2, dim)),
  );
  const tensor = join([intField(1, DATA_TYPES[port.type]), bytesField(2, join(dims))]);
  return join([bytesField(1, port.name), bytesField(2, bytesField(1, tensor))]);
}
