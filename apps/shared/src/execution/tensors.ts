import { Tensor } from 'onnxruntime-node';
import type { TensorData } from '../preprocessing/to-tensor.ts';

/** A tensor of the values' own type. */
export const toTensor = (data: TensorData, dimensions: readonly number[]): Tensor =>
  data instanceof Uint8Array ? new Tensor('uint8', data, dimensions) : new Tensor('float32', data, dimensions);

/** The values of a tensor of floating-point numbers, float32 as they are; undefined for any other type. */
export function toFloat32(data: unknown): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  return data instanceof Float16Array || data instanceof Float64Array ? Float32Array.from(data) : undefined;
}
