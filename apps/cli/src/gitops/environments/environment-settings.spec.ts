import { parseSettings } from './environment-settings.ts';

describe('environment.yaml', () => {
  it.each([
    ['nothing', '', undefined, undefined, 0],
    ['a namespace', 'cluster: https://x\nnamespace: pawl-staging\n', 'pawl-staging', undefined, 0],
    ['demands', 'promotion: {from: staging, servingMinutes: 60}\n', undefined, 'staging', 60],
    ['a part of them', 'promotion: {servingMinutes: 0.5}\n', undefined, undefined, 0.5],
  ])('says %s', (_, text, namespace, from, servingMinutes) => {
    expect(parseSettings('environment.yaml', text)).toEqual({ namespace, promotion: { from, servingMinutes } });
  });

  it.each([
    ['no YAML', 'a: [', /is not YAML/],
    ['a misspelt demand', 'promotion: {servingMinute: 60}', /is not valid: promotion: .*servingMinute/],
    ['a time that is none', 'promotion: {servingMinutes: 1h}', /promotion.servingMinutes/],
    ['less than no time', 'promotion: {servingMinutes: -1}', /promotion.servingMinutes/],
    ['no namespace', 'namespace: 3', /is not valid: namespace/],
    ['a list', '- 1', /is not valid/],
  ])('%s is refused', (_, text, message) => {
    const parse = () => parseSettings('environment.yaml', text);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: 'PROMOTION_REFUSED' }) as Error);
  });
});
