import { Option } from 'commander';
import type { Output } from '../terminal/context.ts';

/** `cyclonedx`: a bill of materials. */
export type Format = 'json' | 'yaml' | 'wide' | 'name' | 'cyclonedx';

export function outputOption(...formats: readonly Format[]): Option {
  return new Option('-o, --output <format>', 'another form of output').choices(formats);
}

/** Writes data for programs. */
export async function writeData(output: Output, format: 'json' | 'yaml', data: unknown): Promise<void> {
  if (format === 'json') {
    output.write(`${JSON.stringify(data, null, 2)}\n`);
    return;
  }
  const { stringify } = await import('yaml');
  output.write(stringify(data, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
