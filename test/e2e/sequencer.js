import SequencerModule from '@jest/test-sequencer';

const Sequencer = SequencerModule.default ?? SequencerModule;

/**
 * Files named `.alone.` come last: they wait until nobody else works on the cluster, and what they do to it is not found in
 * what others do. Before them, the largest files first.
 */
export default class AloneLast extends Sequencer {
  sort(tests) {
    const alone = ({ path }) => path.includes('.alone.');
    const sorted = super.sort(tests);
    return [...sorted.filter((test) => !alone(test)), ...sorted.filter(alone)];
  }
}
