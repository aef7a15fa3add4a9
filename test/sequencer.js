import SequencerModule from '@jest/test-sequencer';

const Sequencer = SequencerModule.default ?? SequencerModule;

/**
 * Seconds that a suite takes where it runs: only their order counts. A suite that begins last and takes long keeps one core
 * alone at the end.
 */
const SECONDS = [
  [/apps\/cli\/test\/tracking\.mlflow\./, 300],
  [/test\/jobs\/(retrain|orchestrators)\./, 280],
  [/apps\/cli\/src\/ml\/data\/prepare\./, 260],
  [/apps\/controller\/test\//, 240],
  [/apps\/inference\/test\/survival\//, 220],
  [/apps\/shared\/src\/execution\/worker-pool\./, 200],
  [/apps\/cli\/test\/(tracking\.postgres-s3|pipeline\.dvc|train\.photos)\./, 200],
  [/apps\/shared\/src\/preprocessing\/hostile\./, 180],
  [/test\/(chart|argocd)\//, 160],
  [/apps\/cli\/test\/(promotion|release|environments|retraining|train|package)/, 120],
  [/apps\/inference\/test\//, 100],
  [/apps\/cli\/test\//, 80],
];

/** The longest suites first: by what they took the last time on this machine, or else by what they usually take. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const seconds = ({ path, duration }) =>
      duration === undefined ? (SECONDS.find(([pattern]) => pattern.test(path))?.[1] ?? 0) : duration / 1000;
    // Among equals the order stays: the largest files first.
    return [...super.sort(tests)].sort((a, b) => seconds(b) - seconds(a));
  }
}
