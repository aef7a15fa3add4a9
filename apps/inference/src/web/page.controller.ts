import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { ApiExcludeController } from '@nestjs/swagger';

/** The folder with the page; the same distance from the sources as from the build. */
const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.png': 'image/png',
  '.md': 'text/plain; charset=utf-8',
};

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

interface Asset {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The page at `/` and what it loads: a few small files, read once and served from memory. */
@ApiExcludeController()
@Controller()
export class PageController {
  readonly #assets = new Map(listFiles(PUBLIC).map((path) => [path, readAsset(path)]));

  @Get()
  page(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send('index.html', request, response);
  }

  @Get('assets/*path')
  asset(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.#send((request.url ?? '').split('?', 1)[0]?.split('/assets/')[1] ?? '', request, response);
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const asset = this.#assets.get(path);
    if (asset === undefined) throw new PawlError('ROUTE_UNKNOWN', { message: 'There is no such file.' });
    const fresh = request.headers['if-none-match'] === asset.headers['ETag'];
    response.writeHead(fresh ? 304 : 200, asset.headers);
    response.end(fresh ? undefined : asset.body);
  }
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in types)
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));
}

function readAsset(path: string): Asset {
  const body = readFileSync(join(PUBLIC, path));
  const headers = {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    ETag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
  return { body, headers };
}
