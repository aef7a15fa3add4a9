import type { AbstainSpec } from '@pawl/shared/bundle/manifest';

/** What a model abstains by, for people. */
export const describeAbstain = (spec: AbstainSpec): string =>
  spec.score === undefined ? `the output ${spec.output}` : spec.score.replace('-', ' ');
