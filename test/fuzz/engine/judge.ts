import { MAX_MESSAGE_LENGTH, PawlError } from '@pawl/shared/errors/pawl-error';
import { errorCodes } from '@pawl/shared/errors/error-codes';
import { randomOfInput } from './input.ts';
import type { FuzzTarget } from './target.ts';

/** How a target took an input. */
export interface Judgement {
  /** `ok` or the code of the refusal. */
  readonly outcome: string;
  /** What is wrong with that; undefined: nothing. */
  readonly problem?: string;
}

/** Tries one input: it is read, or refused with a code that the target says, in a message that is fit to be shown. */
export async function judge(target: FuzzTarget, input: Uint8Array): Promise<Judgement> {
  try {
    await target.run(input, randomOfInput(input));
  } catch (error) {
    return judgeError(target, error);
  }
  // A name of an input that reached a prototype would be everybody's.
  if ('polluted' in {}) return { outcome: 'ok', problem: 'Object.prototype was changed' };
  return { outcome: 'ok' };
}

function judgeError(target: FuzzTarget, error: unknown): Judgement {
  if (!(error instanceof PawlError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'error', problem: `threw no PawlError: ${text}` };
  }
  const { code, message } = error;
  if (!(code in errorCodes) || !target.codes.includes(code))
    return { outcome: code, problem: `refused with ${code}: ${message}` };
  if (message.length > MAX_MESSAGE_LENGTH)
    return { outcome: code, problem: `its message has ${message.length} characters` };
  if (/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u.test(message))
    return { outcome: code, problem: `its message has control characters: ${JSON.stringify(message)}` };
  return { outcome: code };
}
