import { modelVersionStatusSchema } from '@pawl/shared/modelversion/model-version';
import { annotations } from '@pawl/shared/modelversion/names';
import { applyRequests, promoteRequest } from './request-annotations.ts';
import { annotated, atStep, aVersion, failed, handled, NOW } from './test/builders.ts';

const LONG = 'because '.repeat(100);
const handledFits = modelVersionStatusSchema.shape.handled;

describe('a request of more characters than a status has room for', () => {
  it.each([
    ['abort', atStep(1)],
    ['retry', failed()],
  ] as const)('%s acts once', (request, state) => {
    const asked = aVersion('1.1.0', state, annotated({ [annotations[request]]: LONG }));
    const acted = applyRequests(asked, NOW);
    expect(acted.status?.verdict?.reason).toBe(request === 'abort' ? 'Aborted' : undefined);
    expect(handledFits.safeParse(acted.status?.handled).success).toBe(true);
    expect(applyRequests(acted, NOW)).toBe(acted);
  });

  it('acts again with another end', () => {
    const acted = applyRequests(aVersion('1.1.0', annotated({ [annotations.retry]: LONG })), NOW);
    const again = annotated({ [annotations.retry]: `${LONG}!` })(acted);
    expect(applyRequests(again, NOW).status?.handled?.retry).not.toBe(acted.status?.handled?.retry);
  });

  it('promote is not asked for again once it is recorded', () => {
    const asked = aVersion('1.1.0', annotated({ [annotations.promote]: LONG }));
    const promote = promoteRequest(asked)!;
    expect(handledFits.safeParse({ promote }).success).toBe(true);
    expect(promoteRequest(handled({ promote })(asked))).toBeUndefined();
  });
});

it('a short request is recorded as it is', () => {
  expect(promoteRequest(aVersion('1.1.0', annotated({ [annotations.promote]: 'x'.repeat(256) })))).toBe(
    'x'.repeat(256),
  );
});
