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
      const line = executable.map(quote).join(' ');
      if (shell === 'bash') console.log(bashScript(program.name(), line));
      else script(shell, program.name(), line);
    });
}

/**
 * The script for bash. The package's own needs the functions of bash-completion, which a bare Debian and macOS lack, lets the
 * shell evaluate what was typed so far, and cannot be sourced twice.
 *
 * @param executable command line, quoted.
 */
function bashScript(name: string, executable: string): string {
  const complete = `__${name}_complete`;
  return `# bash completion for ${name}
${complete}() {
  local line=\${COMP_LINE:0:COMP_POINT} words current replaced kept suggestion
  # As they are typed: bash splits addresses at their colons.
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]} - 1]}
  # The part that bash puts a suggestion in place of, and what stands before it.
  replaced=\${COMP_WORDS[COMP_CWORD]#[:=]}
  kept=\${current%"$replaced"}
  COMPREPLY=()
  while IFS=$'\\t' read -r suggestion _; do
    # The last line, such as ":4", is for scripts that need it.
    [[ $suggestion && $suggestion != :* && $suggestion == "$current"* ]] && COMPREPLY+=("\${suggestion#"$kept"}")
  done < <(${executable} complete -- "\${words[@]:1}" 2>/dev/null)
}
# Without suggestions a file is completed, as for any command.
complete -o default -o bashdefault -F ${complete} ${name}`;
}

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
