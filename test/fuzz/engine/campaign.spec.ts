import { inRepository } from '@pawl/test-kit/repository';
import { names } from '../support/planted/faults.ts';
import { replay } from './campaign.ts';

const module = inRepository('test/fuzz/support/planted/faults.ts');
const maxRssBytes = 250 * 1024 * 1024;
/** Only of the endless loop there is nothing to wait for. */
const hangMsOf = (fault: string) => (fault === 'an endless loop' ? 1_000 : 120_000);

describe('an input', () => {
  it.each<[string, string | undefined, RegExp]>([
    ['fine', undefined, /^$/],
    ['refused', undefined, /^$/],
    ['another code', 'error', /refused with INTERNAL/],
    ['another error', 'error', /TypeError: x is not a function/],
    ['a terminal', 'error', /control characters/],
    ['a long message', 'error', /70000 characters/],
    ['a prototype', 'error', /Object.prototype/],
    ['a crash', 'crash', /SIGABRT/],
    ['nobody listens', 'crash', /unheard/],
    ['an endless loop', 'hang', /no answer within/],
    ['memory', 'memory', /took \d+ bytes/],
  ])('of the kind "%s" is judged rightly', async (fault, kind, detail) => {
    expect(names).toContain(fault);
    const found = await replay(module, Buffer.from(fault), { hangMs: hangMsOf(fault), maxRssBytes });
    expect(found?.kind).toBe(kind);
    expect(found?.detail ?? '').toMatch(detail);
  });
});
