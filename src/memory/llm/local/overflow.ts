import type { InferenceSession } from "onnxruntime-node";
import { GraphBuilder } from "./onnx.ts";

type Runtime = typeof import("onnxruntime-node");

/**
 * True where the CPU's 8-bit products overflow (x64 without VNNI): tried with the largest operands, since no
 * API tells. The exact kernels take twice the time, so they are asked for only there.
 */
export async function productsOverflow(runtime: Runtime): Promise<boolean> {
  const size = 64;
  const g = new GraphBuilder();
  const weights = g.constant(new Int8Array(size * size).fill(127), [size, size]);
  g.rename(g.op("MatMulInteger", ["x", weights]), "y");
  const graph = g.build(
    [{ name: "x", type: "uint8", shape: ["rows", size] }],
    [{ name: "y", type: "int32", shape: ["rows", size] }],
  );
  const session: InferenceSession = await runtime.InferenceSession.create(graph, { intraOpNumThreads: 1 });
  const { y } = await session.run({
    x: new runtime.Tensor("uint8", new Uint8Array(size).fill(255), [1, size]),
  });
  await session.release();
  return (y!.data as Int32Array).some((value) => value !== 255 * 127 * size);
}
