/** What completion knows of a command. */
export interface CommandWords {
  name: string;
  summary: string;
  takesNames: boolean;
  takesFiles: boolean;
  options: { flags: string[]; doc: string; takesValue: boolean }[];
}

const globals: CommandWords['options'] = [
  { flags: ['--daemon'], doc: 'which daemon', takesValue: true },
  { flags: ['--state-dir'], doc: 'which daemon, by its state dir', takesValue: true },
  { flags: ['--socket'], doc: 'which daemon, by its socket', takesValue: true },
  { flags: ['--json'], doc: 'print JSON', takesValue: false },
  { flags: ['--no-color'], doc: 'no colours', takesValue: false },
  { flags: ['-h', '--help'], doc: 'print help', takesValue: false },
];

/** By shell. Names are asked for as `muster __names`, which is silent where no daemon runs. */
export const completionScripts = { bash, zsh, fish } satisfies Record<string, (commands: CommandWords[]) => string>;

function bash(commands: CommandWords[]): string {
  return `# bash completion for muster; use: source <(muster completion bash)
_muster() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command= i which=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --daemon | --state-dir | --socket) which+=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i + 1]}"); ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  local words= names= files=
  case $command in
    '') words='${commands.map(({ name }) => name).join(' ')} help ${flagsOf(globals)}' ;;
${commands.map((one) => `    ${one.name}) words='${flagsOf([...one.options, ...globals])}'${one.takesNames ? ' names=1' : ''}${one.takesFiles ? ' files=1' : ''} ;;`).join('\n')}
    help) words='${commands.map(({ name }) => name).join(' ')}' ;;
  esac
  [[ $cur == -* || -z $names ]] || words="$(muster "\${which[@]}" __names 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ -z $files || $cur == -* ]] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _muster muster
`;
}

function zsh(commands: CommandWords[]): string {
  const cases = commands.map((one) => {
    const options = [...one.options, ...globals].flatMap(({ flags, doc, takesValue }) =>
      flags.map((flag) => inSingleQuotes(`*${flag}[${doc.replace(/[[\]:]/g, ' ')}]${takesValue ? ':value:_files' : ''}`)),
    );
    const operand = one.takesNames ? `'*:module:_muster_names'` : one.takesFiles ? `'*:file:_files'` : '';
    return `    ${one.name}) _arguments ${options.join(' ')} ${operand} ;;`;
  });
  return `#compdef muster
# zsh completion for muster; use: source <(muster completion zsh)
_muster_names() {
  local -a names
  names=(\${(f)"$(muster __names 2>/dev/null)"})
  compadd -a names
  _files
}
_muster() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${inSingleQuotes(`${name}:${summary}`)}`).join('\n')}
  )
  local i command=
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      --daemon | --state-dir | --socket) ((i++)) ;;
      -*) ;;
      *) command=$words[i]; break ;;
    esac
  done
  if [[ -z $command ]]; then
    _describe command commands
    return
  fi
  case $command in
${cases.join('\n')}
  esac
}
compdef _muster muster
`;
}

function fish(commands: CommandWords[]): string {
  const lines = ['# fish completion for muster; use: muster completion fish | source', 'complete -c muster -f'];
  for (const option of globals) lines.push(`complete -c muster ${fishFlags(option)}`);
  for (const { name, summary, takesNames, takesFiles, options } of commands) {
    lines.push(`complete -c muster -n __fish_use_subcommand -a ${name} -d ${inSingleQuotes(summary)}`);
    const here = `-n '__fish_seen_subcommand_from ${name}'`;
    if (takesNames) lines.push(`complete -c muster ${here} -a '(muster __names 2>/dev/null)'`);
    if (takesFiles) lines.push(`complete -c muster ${here} -F`);
    for (const option of options) lines.push(`complete -c muster ${here} ${fishFlags(option)}`);
  }
  return `${lines.join('\n')}\n`;
}

function fishFlags({ flags, doc, takesValue }: CommandWords['options'][number]): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return `${names.join(' ')}${takesValue ? ' -r' : ''} -d ${inSingleQuotes(doc)}`;
}

function flagsOf(options: CommandWords['options']): string {
  return options.flatMap(({ flags }) => flags).join(' ');
}

function inSingleQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
