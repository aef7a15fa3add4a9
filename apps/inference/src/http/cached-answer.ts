import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer in memory with the headers it is sent with, `ETag` among them. */
export interface CachedAnswer {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Keeps an answer. @param headers its own, such as `Content-Type`; clients ask each time whether it has changed. */
export const cacheAnswer = (body: Buffer, headers: Readonly<Record<string, string>>): CachedAnswer => ({
  body,
  headers: {
    ...headers,
    'Cache-Control': 'no-cache',
    ETag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
    'X-Content-Type-Options': 'nosniff',
  },
});

/** Sends it, or 304 when the client has it. */
export function sendCached({ body, headers }: CachedAnswer, request: IncomingMessage, response: ServerResponse): void {
  const isFresh = matches(request.headers['if-none-match'], headers['ETag'] ?? '');
  response.writeHead(isFresh ? 304 : 200, {
    ...headers,
    ...(!isFresh && { 'Content-Length': body.byteLength }),
  });
  response.end(isFresh ? undefined : body);
}

/** Whether an `If-None-Match` names the tag: by itself, in a list, weakened by a proxy that compresses, or as `*`. */
function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((each) => [tag, `W/${tag}`, '*'].includes(each.trim()));
}
