import { CANARY, labels, STABLE } from '@pawl/shared/modelversion/names';
import { tellingCondition } from '../explain/evidence.ts';
import { sentence } from '../explain/explanation.ts';
import { summarizePod, type PodSummary } from '../explain/pods.ts';
import { checkRows, podRow } from '../explain/sections.ts';
import { referenceTo, seen, titleOf } from '../model-version/order.ts';
import { bar, dots } from '../../terminal/bar.ts';
import { renderTable } from '../../terminal/table.ts';
import { age, bytes, plain, truncate, wrap } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import { endingOf, stableVersion, type RolloutState } from './state.ts';

const INDENT = '  ';
/** Width of the names at the left. */
const LABEL = 11;
const BAR = 30;

/** What is shown of one field: its first line goes beside the name. */
type RolloutField = readonly [name: string, lines: readonly string[]];

/** A rollout as a picture of a few lines. */
export function renderRollout(state: RolloutState, theme: Theme): readonly string[] {
  const fields = [stable(state, theme), ...(state.candidate === undefined ? [] : candidateFields(state, theme))];
  const width = Math.min(theme.width ?? 100, 100) - INDENT.length;
  const lines = fields.flatMap(([name, [first = '', ...rest]]) => [
    `${INDENT}${theme.paint('dim', name.padEnd(LABEL))}${first}`,
    ...rest.map((line) => INDENT + ' '.repeat(LABEL) + line),
  ]);
  return [
    `${theme.paint('strong', plain(state.model))} ${theme.paint('dim', `in namespace ${state.namespace}`)}`,
    '',
    ...lines,
    '',
    ...wrap(closing(state), width).map((line) => INDENT + theme.paint(toneOf(state), line)),
  ];
}

/** The same in one line, for logs. Two equal lines mean that nothing worth a line happened. */
export function renderLine(state: RolloutState): string {
  const { candidate } = state;
  if (candidate === undefined) return `${state.model}: the version was deleted`;
  const { phase = 'not seen by a controller', weight = 0, rollout, acceptance, analysis } = candidate.status ?? {};
  const reason =
    candidate.status?.verdict?.outcome === 'Failed'
      ? candidate.status.verdict.reason
      : tellingCondition(candidate)?.reason;
  const pods = podsOf(state, CANARY);
  return [
    `${titleOf(candidate)} ${phase}${reason === undefined || reason === phase ? '' : ` (${reason})`}`,
    rollout === undefined ? '' : `step ${rollout.step}/${rollout.steps}`,
    `weight ${weight} %`,
    rollout === undefined || pods === undefined ? '' : `canary ${readyOf(pods)} ready`,
    acceptance === undefined ? '' : `acceptance ${acceptance.correct}/${acceptance.total}`,
    analysis === undefined ? '' : `analysis ${analysis.verdict}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function stable(state: RolloutState, theme: Theme): RolloutField {
  const version = stableVersion(state);
  const pods = podsOf(state, STABLE);
  const name = state.serving === undefined ? version : referenceTo(state.serving);
  const ready = pods === undefined ? readyOfDeployment(state) : readyOf(pods);
  if (name === undefined)
    return ['stable', [theme.paint('warn', state.stable === undefined ? 'no stable Deployment' : 'no version yet')]];
  return ['stable', [`${plain(name)}  ${ready} pods ready`]];
}

function candidateFields(state: RolloutState, theme: Theme): readonly RolloutField[] {
  const { candidate } = state;
  if (candidate === undefined) return [];
  const { status } = candidate;
  const { rollout, acceptance, artifact, analysis } = status ?? {};
  const fields: RolloutField[] = [];
  if (candidate !== state.serving) {
    fields.push([
      'candidate',
      [`${referenceTo(candidate)}  ${theme.paint(toneOf(state), status?.phase ?? 'not seen by a controller')}`],
    ]);
  }
  const weight = status?.weight ?? 0;
  const asked = rollout === undefined || rollout.step === 0 ? '' : `, step asks for ${rollout.desiredWeight} %`;
  fields.push([
    'traffic',
    [
      `${bar(weight / 100, BAR, theme)}  ${weight} % to ${candidate.spec.version}${asked}`,
      ...(rollout === undefined ? [] : [theme.paint('dim', plain(rollout.granularity))]),
    ],
  ]);
  if (rollout !== undefined) {
    const at = rollout.step === 0 ? 'before acceptance' : `step ${rollout.step} of ${rollout.steps}`;
    fields.push([
      'steps',
      [
        `${rollout.steps === 0 ? '' : `${dots(rollout.step, rollout.steps, theme)}  `}${at} for ${age(rollout.since, state.now)}`,
      ],
    ]);
  }
  if (artifact !== undefined) {
    fields.push([
      'verified',
      [`${theme.paint('good', 'yes')}, ${bytes(artifact.sizeBytes)}, ${artifact.signed ? 'signed' : 'not signed'}`],
    ]);
  }
  if (acceptance !== undefined) {
    const passed = acceptance.correct >= acceptance.required;
    const text = `${acceptance.correct} of ${acceptance.total} images, ${acceptance.required} must be right`;
    fields.push(['accepted', [`${theme.paint(passed ? 'good' : 'bad', passed ? 'yes' : 'no')}, ${text}`]]);
  }
  if (analysis !== undefined) {
    const rest = theme.width === undefined ? theme : { ...theme, width: theme.width - LABEL };
    const checks = checkRows(analysis.checks).map((row) => row.slice(0, 5));
    fields.push([
      'analysis',
      [
        `step ${analysis.step}, ${age(analysis.at, state.now)} ago: ${analysis.canaryRequests} requests canary, ${analysis.stableRequests} stable`,
        ...renderTable({ header: ['CHECK', 'VERDICT', 'CANARY', 'STABLE', 'LIMIT'], rows: checks }, rest),
      ],
    ]);
  }
  const pods = podsOf(state, CANARY);
  if (pods !== undefined && pods.length > 0) {
    const rest = theme.width === undefined ? theme : { ...theme, width: theme.width - LABEL - INDENT.length };
    fields.push(['canary', renderTable({ rows: pods.map(podRow) }, rest)]);
  }
  return fields;
}

/** The last line: how it ended, or what it waits for. */
function closing(state: RolloutState): string {
  const { candidate } = state;
  if (candidate === undefined) return 'The version was deleted; what remains decides what serves.';
  const title = titleOf(candidate);
  const { status } = candidate;
  switch (endingOf(state)) {
    case 'serving':
      return `${title} is serving.`;
    case 'failed':
      return `${title} failed: ${sentence(status?.verdict?.message ?? status?.message)} See: pawl explain ${candidate.metadata.name}`;
    case 'superseded':
      return `${title} is superseded: ${sentence(status?.message)}`;
    case 'deleted':
      return `${title} is being deleted.`;
    case undefined:
      if (seen(candidate) === 'never') return 'No controller has seen it yet.';
      return sentence(status?.message);
  }
}

function toneOf(state: RolloutState): Tone {
  switch (endingOf(state)) {
    case 'serving':
      return 'good';
    case 'failed':
      return 'bad';
    case 'superseded':
    case 'deleted':
      return 'warn';
    case undefined:
      return state.candidate?.status?.phase === 'Suspended' ? 'warn' : 'plain';
  }
}

function podsOf(state: RolloutState, track: string): readonly PodSummary[] | undefined {
  return state.pods
    ?.filter((pod) => pod.metadata.labels?.[labels.track] === track)
    .filter((pod) => track === STABLE || pod.metadata.labels?.[labels.modelVersion] === state.candidate?.metadata.name)
    .map(summarizePod);
}

const readyOf = (pods: readonly PodSummary[]): string => `${pods.filter((pod) => pod.ready).length}/${pods.length}`;

function readyOfDeployment(state: RolloutState): string {
  const { readyReplicas = 0, replicas = 0 } = state.stable?.status ?? {};
  return `${readyReplicas}/${replicas}`;
}

/** A line above the picture while the cluster does not answer. */
export function renderTrouble(message: string, theme: Theme): string {
  const text = plain(`${message}; trying again`);
  return theme.paint('warn', theme.width === undefined ? text : truncate(text, theme.width, theme.symbols.ellipsis));
}
