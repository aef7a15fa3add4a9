import { inspect } from 'node:util';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { stopSignal } from './stop-signal.ts';

/** The program: listens to signals first, then loads everything else, which takes some time. */
async function main(): Promise<void> {
  const { serve } = await import('./serve.ts');
  await serve(stopSignal);
}

main().catch((error: unknown) => {
  // Before the logger exists, and for the reader of a terminal: words, not JSON.
  console.error(
    error instanceof PawlError ? `${error.code}: ${error.message}\n${error.hint}` : maskUris(inspect(error)),
  );
  process.exit(1);
});
