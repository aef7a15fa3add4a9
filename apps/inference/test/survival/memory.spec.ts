import { catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { report, residentMb } from './support/facts.ts';
import { load } from './support/load.ts';

/** What a thousand good photographs may leave behind, MB: 50 kB each, a third of one decoded picture. */
const ALLOWED_MB = 50;

describe('a service that only sees good photographs', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService(productionRuntime().env);
  });
  afterAll(async () => {
    await service.stop();
  });

  /** Sends at least this many photographs; resident memory after them, MB. */
  async function after(images: number): Promise<number> {
    for (let sent = 0; sent < images;) {
      const { byStatus } = await load(service.url, catPhoto, 'closed', 4, 1_000);
      sent += byStatus['200'] ?? 0;
    }
    return residentMb(service.pid);
  }

  it('does not grow with every one of them', async () => {
    const warm = await after(500);
    const later = await after(1_000);
    report('resident memory, MB', { 'after 500 photographs': warm, 'after 1,000 more': later });
    expect(later - warm).toBeLessThanOrEqual(ALLOWED_MB);
  }, 1_200_000);
});
