import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { PUBLIC_FOLDER } from './public-folder.ts';
import { contentTypes, readStaticFile, sendStaticFile } from './static-file.ts';

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The page at `/` and what it loads: a few small files, read once and served from memory. */
@Controller()
export class PageController {
  readonly #files = new Map(
    listFiles(PUBLIC_FOLDER).map((path) => [path, readStaticFile(join(PUBLIC_FOLDER, path), POLICY)]),
  );

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
    sendStaticFile(file, request, response);
  }
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in contentTypes)
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
}
