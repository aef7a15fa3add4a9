import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { catPhoto } from '@pawl/test-kit/repository';
import { startTestService, type TestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
let service: TestService;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

afterEach(async () => {
  await service.app.close();
});
afterAll(() => {
  agent.destroy();
});

/** Sends a picture in two parts, some time apart. @returns the answer's Connection header */
const predict = (pauseMs = 0) =>
  new Promise<string | undefined>((resolve, reject) => {
    const sent = request(
      `${service.url}/predict`,
      { method: 'POST', agent, headers: { 'content-type': 'image/jpeg', 'content-length': photo.length } },
      (answer) => {
        answer.resume().once('end', () => {
          resolve(answer.headers.connection);
        });
      },
    );
    sent.once('error', reject);
    sent.write(photo.subarray(0, 1000));
    void sleep(pauseMs).then(() => sent.end(photo.subarray(1000)));
  });

describe('the time of an answer', () => {
  it('begins when the picture has arrived: a slow client does not make the service slow', async () => {
    service = await startTestService();
    await predict(1500);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/^catdog_request_latency_seconds_bucket\{le="1",endpoint="\/predict"\} 1$/m);
    expect(text).toMatch(/^catdog_request_latency_seconds_count\{endpoint="\/predict"\} 1$/m);
  });

  it('is the time that the service took', async () => {
    service = await startTestService();
    const { backend } = service;
    backend.behaviour = async () => {
      await sleep(1100);
      return backend.answer(-3);
    };
    await predict();
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/^catdog_request_latency_seconds_bucket\{le="1",endpoint="\/predict"\} 0$/m);
  });
});

describe('a connection', () => {
  it('is kept while it is young', async () => {
    service = await startTestService();
    expect([await predict(), await predict()]).toEqual(['keep-alive', 'keep-alive']);
  });

  it('is ended with an answer when it is old, so that no client stays with one pod', async () => {
    service = await startTestService({ env: { CONNECTION_MAX_MS: '1' } });
    const first = await predict(20);
    expect([first, await predict()]).toEqual(['keep-alive', 'close']);
  });

  it('is never ended where that is wanted', async () => {
    service = await startTestService({ env: { CONNECTION_MAX_MS: '0' } });
    const first = await predict(20);
    expect([first, await predict()]).toEqual(['keep-alive', 'keep-alive']);
  });
});
