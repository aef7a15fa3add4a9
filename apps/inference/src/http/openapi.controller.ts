import { Controller, Get } from '@nestjs/common';
import { ModelService } from '../model/model.service.ts';
import { describeApi, type OpenApiDocument } from './openapi.ts';

/** The answers that the document shows while no model is loaded. */
const EXAMPLE = { labels: ['cat', 'dog'] };

/** Serves the OpenAPI document; the page that shows it is in `web`. */
@Controller('docs')
export class OpenApiController {
  readonly #model: ModelService;

  constructor(model: ModelService) {
    this.#model = model;
  }

  @Get('openapi.json')
  document(): OpenApiDocument {
    return describeApi(this.#model.served?.manifest ?? EXAMPLE);
  }
}
