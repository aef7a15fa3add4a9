import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * `pawl completion bash|zsh|fish|powershell` prints the script that a shell sources; the script asks a hidden command for
 * suggestions, which come from the commands and options themselves. To be called when all the others are there.
 */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.summary('print a script for shell completion')
    .description('Print a script for shell completion. For bash: source <(pawl completion bash)');
}
