import type { FirstStageSpec, Manifest, OutputSpec } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { SessionSpec } from '@pawl/shared/execution/onnx-session';
import { readGraph } from '../../bundles/onnx/read-graph.ts';
import { CliError } from '../../errors/cli-error.ts';
import { chooseAbstainThreshold } from '../training/evaluation/abstain.ts';
import type { StageAnswers } from '../stages/measure-stages.ts';

/** Share of the labelled pictures that a first stage may take for none of the labels; they are passed on. */
const UNKNOWN_RATE = 0.02;

/** A bundle as the first stage of another one, before a margin is chosen. */
export interface FirstGraph {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** To ask it alone; abstains by the output that tells what it knows, where one is needed. */
  readonly spec: SessionSpec;
}

/**
 * Reads the graph of a bundle that is to be asked before another one.
 *
 * @throws CliError STAGES_DIFFER where the two cannot be stages of one bundle; PawlError of the bundle.
 */
export async function readFirst(bundle: Bundle, final: Manifest, signal: AbortSignal): Promise<FirstGraph> {
  const { manifest } = bundle;
  requireAlike(manifest, final);
  const bytes = await bundle.read(manifest.model, signal);
  const { labels, input, output, abstain } = manifest;
  const spec = { labels, input, output: { ...final.output, name: output.name } };
  if (abstain !== undefined && abstain.score === undefined) return { bytes, spec: { ...spec, abstain } };
  if (final.abstain === undefined || final.abstain.score !== undefined) return { bytes, spec };
  const { output: known } = final.abstain;
  const { graph } = readGraph(bytes, manifest.model);
  if (!graph.output.some(({ name }) => name === known))
    throw new CliError(
      'STAGES_DIFFER',
      `${nameOf(final)} abstains by the output ${known}, which the graph of ${nameOf(manifest)} lacks: it would answer what ${nameOf(final)} never sees.`,
      'Give a first bundle that abstains by an output of its own.',
    );
  // The threshold is chosen when the graph has been asked.
  return { bytes, spec: { ...spec, abstain: { output: known, threshold: 0 } } };
}

/** By what a first stage tells pictures of the labels from others: as its bundle says, else so that it knows most pictures. */
export function chooseKnown({ abstain }: Manifest, spec: SessionSpec, { said }: StageAnswers): FirstStageSpec['known'] {
  if (spec.abstain === undefined || spec.abstain.score !== undefined) return undefined;
  const { output, threshold } = spec.abstain;
  if (abstain !== undefined && abstain.score === undefined) return { output, threshold };
  const values = said.flatMap((each) => (each?.known === undefined ? [] : [each.known]));
  // Of too few pictures to leave any out, it knows them all.
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const chosen = chooseAbstainThreshold(values, UNKNOWN_RATE)?.threshold ?? least;
  return { output, threshold: Number.isFinite(chosen) ? chosen : threshold };
}

/** @throws CliError STAGES_DIFFER. */
function requireAlike(first: Manifest, final: Manifest): void {
  const problem = differenceOf(first, final);
  if (problem === undefined) return;
  throw new CliError(
    'STAGES_DIFFER',
    `${nameOf(first)} cannot be asked before ${nameOf(final)}: ${problem}.`,
    'Give two bundles of one graph each, of the same labels in the same order and the same kind of logits.',
  );
}

function differenceOf(first: Manifest, final: Manifest): string | undefined {
  const staged = [first, final].find(({ firstStage }) => firstStage !== undefined);
  if (staged !== undefined) return `${nameOf(staged)} has a first stage already`;
  if (first.labels.join(' ') !== final.labels.join(' '))
    return `its labels are ${first.labels.join(', ')}; expected ${final.labels.join(', ')}`;
  if (first.output.kind !== final.output.kind)
    return `its output is of kind ${first.output.kind}; expected ${final.output.kind}`;
  const unsuited: OutputSpec['kind'] = 'probabilities';
  if (final.output.kind === unsuited) return 'both give probabilities, and a first stage is sure by a margin of logits';
  if (final.abstain?.score === 'energy') return `${nameOf(final)} abstains by its energy, whose scale is its own`;
  return undefined;
}

const nameOf = ({ name, version }: Manifest): string => `${name} ${version}`;
