import { Controller, Get } from '@nestjs/common';
import { ModelService } from '../model/model.service.ts';
import { describeApi, type OpenApiDocument } from './openapi.ts';

/** Labels that the document shows while no model is loaded. */
const EXAMPLE_LABELS = ['cat', 'dog'];

/** Serves the OpenAPI document; the page that shows it is in `web`. */
@Controller('docs')
export class OpenApiController {
  readonly #model: ModelService;

  constructor(model: ModelService) {
    this.#model = model;
  }

  @Get('openapi.json')
  document(): OpenApiDocument {
    return describeApi(this.#model.served?.manifest.labels ?? EXAMPLE_LABELS);
  }
}
