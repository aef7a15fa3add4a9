import { type RootCommand, ShellCompDirective, script } from '@bomb.sh/tab';
import addSuggestions from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { quote } from '../terminal/quote.ts';

/**
 * `pawl completion bash|zsh|fish|powershell` prints the script that a shell sources; the script asks a hidden command for
 * suggestions, which come from the commands and options themselves. To be called when all the others are there.
 *
 * @param executable command line of this very program: under `npx` a shell finds nothing by the name `pawl`.
 */
export function addCompletion(program: Command, executable: readonly string[]): void {
  const root = addSuggestions(program, { completionCommandName: 'completion' });
  allowFiles(root);
  program.commands
    .find((command) => command.name() === 'completion')
    ?.summary('print a script for shell completion')
    .description('Print a script for shell completion. For bash: source <(pawl completion bash)')
    .action((shell: string) => {
      script(shell, program.name(), executable.map(quote).join(' '));
      if (shell === 'bash') console.log(BASH_FILES);
    });
}

/** The package's script for bash registers no fallback: without suggestions a file is completed, as for any command. */
const BASH_FILES = 'complete -o default -o bashdefault -F __pawl_complete pawl';

/** The package always says that files must not be offered; most arguments of pawl are files. */
function allowFiles(root: RootCommand): void {
  Object.defineProperty(root, 'directive', {
    get: () =>
      root.completions.length === 0
        ? ShellCompDirective.ShellCompDirectiveDefault
        : ShellCompDirective.ShellCompDirectiveNoFileComp,
    set: () => undefined,
  });
}
