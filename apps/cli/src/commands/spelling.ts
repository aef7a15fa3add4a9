import { themeFor } from '../terminal/theme.ts';
import type { Session } from './session.ts';

/** Says on stderr, in one line, how a command is spelled by now; the old spelling answers for one more release. */
export function noteSpelling({ context: { stderr, env } }: Session, old: string, spelling: string): void {
  stderr.write(themeFor(stderr, env).asCalled(`note: pawl ${old} is an old spelling of: pawl ${spelling}\n`));
}
