import { Module } from '@nestjs/common';
import { BundleSource } from './bundle-source.ts';
import { ModelBackend } from './model-backend.ts';
import { ModelService } from './model.service.ts';
import { OnnxModelBackend } from './onnx-model-backend.ts';

/** The model: where it comes from, what runs it, and whether it may serve. */
@Module({
  providers: [BundleSource, { provide: ModelBackend, useClass: OnnxModelBackend }, ModelService],
  exports: [ModelService],
})
export class ModelModule {}
