import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { mediaTypeOf } from '@pawl/shared/preprocessing/image-format';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { type CachedAnswer, sendCached } from '../http/cached-answer.ts';
import { PUBLIC_FOLDER } from './public-folder.ts';
import { contentTypes, readStaticFile } from './static-file.ts';

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The page at `/` and what it loads: a few small files, read once and served from memory. */
@Controller()
export class PageController {
  readonly #files: ReadonlyMap<string, CachedAnswer>;

  constructor(@Inject(CONFIG) { IMAGE_FORMATS }: Config) {
    // The file chooser offers what the service takes.
    const edit = (html: string): string =>
      html.replace(/accept="image\/jpeg[^"]*"/, `accept="${IMAGE_FORMATS.map(mediaTypeOf).join(',')}"`);
    this.#files = new Map(
      listFiles(PUBLIC_FOLDER).map((path) => [
        path,
        readStaticFile(join(PUBLIC_FOLDER, path), POLICY, path === 'index.html' ? edit : undefined),
      ]),
    );
  }

  @Get()
  page(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send('index.html', request, response);
  }

  @Get('assets/*path')
  asset(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send((request.url ?? '').split('?', 1)[0]?.split('/assets/')[1] ?? '', request, response);
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (file === undefined) throw new PawlError('ROUTE_UNKNOWN', { message: 'There is no such file.' });
    sendCached(file, request, response);
  }
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in contentTypes)
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
}
