import { digestOf } from '../../bundles/test/builders.ts';
import { aReleased } from '../test/builders.ts';
import { chooseCandidate, judgeTarget, type TargetQuestion } from './judge-target.ts';

const ROLLED_BACK = { short: 'abc1234', author: 'Bob', at: '2026-11-22T12:00:00Z', subject: 'Revert' };

const question = (changes: Partial<TargetQuestion> = {}): TargetQuestion => ({
  candidate: aReleased('1.1.0', digestOf('2')),
  from: 'staging',
  to: 'prod',
  versions: [aReleased('1.0.0'), aReleased('9.0.0', digestOf('9'), 'birds')],
  onlyFrom: 'staging',
  rolledBack: undefined,
  again: false,
  pending: false,
  ...changes,
});

const there = [...question().versions, aReleased('1.1.0', digestOf('2')), aReleased('1.2.0', digestOf('3'))];

describe('whether an environment takes a version', () => {
  it.each<[string, 'open' | 'already', Partial<TargetQuestion>]>([
    ['it is higher than all of its model', 'open', {}],
    ['there is none', 'open', { versions: [] }],
    ['it comes from anywhere', 'open', { onlyFrom: undefined, from: 'qa' }],
    ['it was rolled back, and is wanted again', 'open', { rolledBack: ROLLED_BACK, again: true }],
    ['it is there', 'already', { versions: there }],
    ['it is there, whatever was rolled back before', 'already', { versions: there, rolledBack: ROLLED_BACK }],
  ])('%s: %s', (_, kind, changes) => {
    expect(judgeTarget(question(changes)).kind).toBe(kind);
  });

  it.each<[string, string, Partial<TargetQuestion>]>([
    ['it comes from elsewhere', 'PROMOTION_WAY', { onlyFrom: 'qa' }],
    ['its number is that of other bytes', 'DIGEST_DIFFERS', { versions: [aReleased('1.1.0', digestOf('7'))] }],
    ['a higher one is there', 'PROMOTION_LOWER', { versions: [aReleased('1.1.1')] }],
    ['it was rolled back', 'PROMOTION_ROLLED_BACK', { rolledBack: ROLLED_BACK }],
    [
      'it was rolled back, and only our clone has it again',
      'PROMOTION_ROLLED_BACK',
      { versions: there.slice(0, 3), rolledBack: ROLLED_BACK, pending: true },
    ],
  ])('%s: %s', (_, code, changes) => {
    expect(() => judgeTarget(question(changes))).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('the version that is meant', () => {
  const staging = { name: 'staging', versions: there };

  it.each([
    [undefined, '1.2.0'],
    ['1.0.0', '1.0.0'],
  ])('%s is %s', (wanted, expected) => {
    expect(chooseCandidate(staging, 'catdog', wanted).spec.version).toBe(expected);
  });

  it.each([
    ['catdog', '1.0.1', /It has: 1.2.0, 1.1.0, 1.0.0/],
    ['catdgo', undefined, /Did you mean catdog/],
    ['elephants', undefined, /It has: birds, catdog/],
  ])('%s %s is not there', (model, wanted, hint) => {
    expect(() => chooseCandidate(staging, model, wanted)).toThrow(
      expect.objectContaining({ code: 'NOT_RELEASED', hint: expect.stringMatching(hint) as string }) as Error,
    );
    expect(() => chooseCandidate({ name: 'staging', versions: [] }, model, wanted)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('pawl release') as string }) as Error,
    );
  });
});
