import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { type CachedAnswer, sendCached } from '../http/cached-answer.ts';
import { PUBLIC_FOLDER } from './public-folder.ts';
import { readStaticFile } from './static-file.ts';

/** Swagger UI sets inline styles. */
const POLICY =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The page at /docs: Swagger UI from its package, read with the first request. */
@Controller('docs')
export class DocsController {
  readonly #files = new Map<string, CachedAnswer>();

  @Get()
  page(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send(join(PUBLIC_FOLDER, 'docs/index.html'), request, response);
  }

  @Get('swagger-ui.css')
  styles(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send(join(swaggerFolder(), 'swagger-ui.css'), request, response);
  }

  @Get('swagger-ui-bundle.js')
  script(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send(join(swaggerFolder(), 'swagger-ui-bundle.js'), request, response);
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#files.get(path) ?? readStaticFile(path, POLICY);
    this.#files.set(path, file);
    sendCached(file, request, response);
  }
}

const swaggerFolder = (): string => dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
