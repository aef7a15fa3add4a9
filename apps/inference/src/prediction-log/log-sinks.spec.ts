import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { LogStore } from '@pawl/shared/predictionlog/log-store';
import { standardOutputSink, storeSink } from './log-sinks.ts';

const batch = { lines: ['{"a":1}\n', '{"b":2}\n'], begunAt: Date.UTC(2026, 10, 30, 12), number: 7 };
const { signal } = new AbortController();

describe('storeSink', () => {
  it('opens the store with the first batch, and writes one gzip object a batch', async () => {
    const put: [string, string][] = [];
    let opened = 0;
    const store: LogStore = {
      display: '',
      put: (path, bytes) => {
        put.push([path, gunzipSync(bytes).toString()]);
        return Promise.resolve();
      },
      close: () => undefined,
    };
    const open = (): Promise<LogStore> => {
      opened += 1;
      return Promise.resolve(store);
    };
    const sink = storeSink('s3://logs', open, 'a1b2');
    expect(opened).toBe(0);
    for (const number of [7, 8]) await (await sink.prepare({ ...batch, number }))(signal);
    expect([opened, put]).toEqual([
      1,
      [
        ['2026-11-30/20261130T120000000Z-a1b2-000007.jsonl.gz', '{"a":1}\n{"b":2}\n'],
        ['2026-11-30/20261130T120000000Z-a1b2-000008.jsonl.gz', '{"a":1}\n{"b":2}\n'],
      ],
    ]);
  });

  it('writes the same bytes to the same name when it tries again', async () => {
    const put: [string, Uint8Array][] = [];
    const store: LogStore = {
      display: '',
      put: (path, bytes) => {
        put.push([path, bytes]);
        return put.length === 1 ? Promise.reject(new Error('lost on its way back')) : Promise.resolve();
      },
      close: () => undefined,
    };
    const write = await storeSink('s3://logs', () => Promise.resolve(store), 'a1b2').prepare(batch);
    await expect(write(signal)).rejects.toThrow('lost');
    await write(signal);
    expect(put[1]).toEqual(put[0]);
  });

  it('opens a store again that could not be opened', async () => {
    let tries = 0;
    const open = (): Promise<LogStore> => {
      tries += 1;
      return Promise.reject(new Error('no'));
    };
    const sink = storeSink('s3://logs', open, 'a1b2');
    const write = await sink.prepare(batch);
    await expect(write(signal)).rejects.toThrow('no');
    await expect(write(signal)).rejects.toThrow('no');
    expect(tries).toBe(2);
    sink.close();
  });
});

describe('standardOutputSink', () => {
  it('writes each line by itself', async () => {
    const writes: string[] = [];
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        writes.push(chunk.toString());
        done();
      },
    });
    await (
      await standardOutputSink(output).prepare(batch)
    )(signal);
    expect(writes).toEqual(['{"a":1}\n', '{"b":2}\n']);
  });

  it('fails when nobody can read any more, and lets the process live', async () => {
    const output = new Writable({
      write: (_chunk, _encoding, done) => {
        done(new Error('EPIPE'));
      },
    });
    const write = await standardOutputSink(output).prepare(batch);
    await expect(write(signal)).rejects.toThrow('EPIPE');
  });
});
