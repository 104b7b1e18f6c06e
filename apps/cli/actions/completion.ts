import { AppError } from '#errors';
import { type CommandAction, type CommandDefinition, longFlags } from '../command.js';
import { COMMON_OPTIONS } from '../program.js';

const SHELLS: Readonly<Record<string, (commands: readonly CommandDefinition[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Prints the completions of the command table for a shell. */
export const createCompletion =
  (commands: readonly CommandDefinition[]): CommandAction =>
  async ({ args }, { output }) => {
    const shell = args[0] ?? '';
    const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (write === undefined) {
      throw new AppError({
        code: 'cli/unknown-shell',
        message: `There are no completions for '${shell}'.`,
        next: `Name one of ${Object.keys(SHELLS).join(', ')}.`,
      });
    }
    const script = write(commands);
    output.printJson({ shell, script });
    output.print(script);
    return undefined;
  };

/** The words that may follow each beginning of a command line: '' for the first word, `wallet` for its second. */
function wordsByPrefix(commands: readonly CommandDefinition[]): Map<string, string[]> {
  const words = new Map<string, string[]>([['', []]]);
  const add = (prefix: string, word: string): void => {
    const known = words.get(prefix) ?? [];
    if (!known.includes(word)) known.push(word);
    words.set(prefix, known);
  };
  for (const command of commands) {
    const path = command.path.split(' ');
    for (const [at, word] of path.entries()) add(path.slice(0, at).join(' '), word);
    for (const flag of longFlags(command, COMMON_OPTIONS)) add(command.path, flag);
  }
  for (const shell of Object.keys(SHELLS)) add('completion', shell);
  return words;
}

function bashScript(commands: readonly CommandDefinition[]): string {
  const words = wordsByPrefix(commands);
  const cases = [...words].map(([prefix, list]) => `    '${prefix}') words='${list.join(' ')}' ;;`);
  const paths = [...words.keys()].filter((path) => path.includes(' ')).map((path) => `'${path}'`);
  return `# bash completion of cairn; add it with: cairn completion bash >> ~/.bashrc
_cairn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" prefix='' words='' at
  [ "$COMP_CWORD" -gt 1 ] && prefix="\${COMP_WORDS[1]}"
  for at in 2 3; do
    [ "$COMP_CWORD" -gt $at ] || break
    case "$prefix \${COMP_WORDS[at]}" in
    ${paths.join('|')}) prefix="$prefix \${COMP_WORDS[at]}" ;;
    *) break ;;
    esac
  done
  case "$prefix" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _cairn cairn`;
}

function zshScript(commands: readonly CommandDefinition[]): string {
  return `#compdef cairn
# zsh completion of cairn; put it into a folder of $fpath as _cairn
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`;
}

function fishScript(commands: readonly CommandDefinition[]): string {
  const lines: string[] = [];
  for (const command of commands) {
    const path = command.path.split(' ');
    const last = path[path.length - 1] ?? '';
    const summary = command.summary.replaceAll("'", "\\'");
    const seenOf = (words: readonly string[]): string =>
      words.length === 0
        ? '__fish_use_subcommand'
        : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const seen = seenOf(path);
    for (const [at, word] of path.slice(0, -1).entries())
      lines.push(`complete -c cairn -n '${seenOf(path.slice(0, at))}' -a ${word}`);
    lines.push(`complete -c cairn -n '${seenOf(path.slice(0, -1))}' -a ${last} -d '${summary}'`);
    for (const flag of longFlags(command, COMMON_OPTIONS))
      lines.push(`complete -c cairn -n '${seen}' -l ${flag.slice(2)}`);
  }
  lines.push(
    `complete -c cairn -n '__fish_seen_subcommand_from completion' -a '${Object.keys(SHELLS).join(' ')}'`,
  );
  return `# fish completion of cairn\n${[...new Set(lines)].join('\n')}`;
}
