import type { Context } from '../../terminal/context.ts';
import { Repository } from './repository.ts';

/** Long enough for a slow disk; a training must not wait for Git. */
const GIT_SILENCE_MS = 10_000;

/** The commit that the folder of a command is at, and whether tracked files differ from it; undefined without Git. */
export async function revisionOf({
  cwd,
  env,
  signal,
}: Context): Promise<{ readonly commit: string; readonly dirty: boolean } | undefined> {
  try {
    const repository = await Repository.open(cwd, { env, signal, silenceMs: GIT_SILENCE_MS });
    return await repository.revision();
  } catch {
    return undefined;
  }
}
