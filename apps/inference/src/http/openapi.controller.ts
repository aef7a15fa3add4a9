import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { ModelService } from '../model/model.service.ts';
import type { AnswerShape } from '../prediction/prediction.schema.ts';
import { cacheAnswer, type CachedAnswer, sendCached } from './cached-answer.ts';
import { describeApi } from './openapi.ts';

/** The answers that the document shows while no model is loaded. */
const EXAMPLE: AnswerShape = { labels: ['cat', 'dog'] };

/** Serves the OpenAPI document, made once a model; the page that shows it is in `web`. */
@Controller('docs')
export class OpenApiController {
  readonly #model: ModelService;
  readonly #config: Config;
  #made: { readonly shape: AnswerShape; readonly answer: CachedAnswer } | undefined;

  constructor(model: ModelService, @Inject(CONFIG) config: Config) {
    this.#model = model;
    this.#config = config;
  }

  @Get('openapi.json')
  document(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    const shape = this.#model.served?.manifest ?? EXAMPLE;
    if (this.#made?.shape !== shape) this.#made = { shape, answer: this.#make(shape) };
    sendCached(this.#made.answer, request, response);
  }

  #make(shape: AnswerShape): CachedAnswer {
    const document = Buffer.from(JSON.stringify(describeApi(shape, this.#config.IMAGE_FORMATS)));
    return cacheAnswer(document, { 'Content-Type': 'application/json; charset=utf-8' });
  }
}
