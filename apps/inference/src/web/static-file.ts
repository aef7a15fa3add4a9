import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { cacheAnswer, type CachedAnswer } from '../http/cached-answer.ts';

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

/** Reads a file to serve. @param policy Content-Security-Policy. @param edit changes its text. */
export function readStaticFile(path: string, policy: string, edit?: (text: string) => string): CachedAnswer {
  const body = readFileSync(path);
  return cacheAnswer(edit === undefined ? body : Buffer.from(edit(body.toString())), {
    'Content-Type': contentTypes[extname(path)] ?? 'application/octet-stream',
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
  });
}
