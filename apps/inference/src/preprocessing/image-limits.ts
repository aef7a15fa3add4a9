import { defaultImageLimits, type ImageLimits } from '@pawl/shared/preprocessing/limits';
import type { Config } from '../config/config.schema.ts';

/** The decoder's limits, as configured. */
export function imageLimits(config: Config): ImageLimits {
  return {
    ...defaultImageLimits,
    maxBytes: config.IMAGE_MAX_BYTES,
    maxPixels: config.IMAGE_MAX_PIXELS,
    timeoutMs: config.IMAGE_TIMEOUT_MS,
  };
}
