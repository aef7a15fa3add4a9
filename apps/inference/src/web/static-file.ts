import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';

/** Content types of the files that are served; a file of another type is not served. */
export const contentTypes: Readonly<Record<string, string>> = {
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

/** A file in memory with the headers it is sent with. */
export interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads a file to serve. @param policy Content-Security-Policy. */
export function readStaticFile(path: string, policy: string): StaticFile {
  const body = readFileSync(path);
  const headers = {
    'Content-Type': contentTypes[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    ETag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
  return { body, headers };
}

/** Sends it, or 304 when the client has it. */
export function sendStaticFile(file: StaticFile, request: IncomingMessage, response: ServerResponse): void {
  const fresh = request.headers['if-none-match'] === file.headers['ETag'];
  response.writeHead(fresh ? 304 : 200, file.headers);
  response.end(fresh ? undefined : file.body);
}
