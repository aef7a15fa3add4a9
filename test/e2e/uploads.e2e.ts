import { costlyPictures, flat } from '@pawl/test-kit/costly-pictures';
import { RELEASE } from './support/environment.ts';
import { portForward } from './support/port-forward.ts';
import { prepare } from './support/prepare.ts';
import { scenario } from './support/scenario.ts';

/** Of these pixels every costly picture is taken, unless noise makes its file too large. */
const TAKEN_PIXELS = 3_000_000;
/** How often each picture is sent, all of them at once: more than a pod decodes side by side. */
const TIMES = 4;
/** What a picture may be answered with: an answer, a refusal of the picture or its file, or that the service is busy. */
const ANSWERS = [200, 413, 422, 429, 503];

describe('pictures that are made to harm', () => {
  // Workers, memory and limits as the chart has them.
  const { fixture } = prepare({ values: { env: [], replicaCount: 1 } });

  scenario(
    fixture,
    '17',
    'the costliest pictures that are taken, and costlier ones, end no pod, and photographs are answered meanwhile',
    async ({ env, load, note, report }) => {
      const way = await portForward(env.namespace, RELEASE, 80);
      const predict = async (bytes: Uint8Array): Promise<number> => {
        const response = await fetch(`${way.url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/octet-stream' },
          body: Uint8Array.from(bytes),
        });
        await response.arrayBuffer();
        return response.status;
      };
      const statuses = new Map<number, number>();
      const send = async (bytes: Uint8Array): Promise<readonly number[]> => {
        const answers = await Promise.all(Array.from({ length: TIMES }, () => predict(bytes)));
        for (const status of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
        return answers;
      };
      const begin = await load.mark();
      try {
        for (const make of Object.values(costlyPictures(TAKEN_PIXELS)))
          for (const status of await send(await make().toBuffer())) expect(ANSWERS).toContain(status);
        const whole = [flat(6_324, 6_324).avif({ effort: 0, quality: 1 }), flat(6_324, 6_324).gif({ effort: 1 })];
        for (const picture of whole)
          expect(await send(await picture.toBuffer())).toEqual(Array.from({ length: TIMES }, () => 422));
      } finally {
        await way.close();
      }
      const meanwhile = await report(begin);

      expect(statuses.get(200)).toBeGreaterThan(0);
      expect(meanwhile.sent - meanwhile.lost).toBeGreaterThan(0);
      for (const { status } of await env.pods('stable'))
        expect(status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
      note([...statuses].map(([status, count]) => `${count} of ${status}`).join(', '));
    },
    // A small machine that decodes them has no CPU left for some of the photographs.
    { loses: true },
  );
});
