import { MusterError } from '../../model/error.ts';
import type { Definition } from '../command.ts';
import { type CommandWords, completionScripts } from '../completion-scripts.ts';

export const completion: Definition = {
  name: 'completion',
  operands: '<bash|zsh|fish>',
  summary: 'print a completion script for your shell',
  details: 'It completes commands, options, and the names of modules that a running daemon knows.',
  examples: ['source <(muster completion bash)', 'muster completion fish > ~/.config/fish/completions/muster.fish'],
  async run(call) {
    const [shell = ''] = call.args;
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell as keyof typeof completionScripts] : undefined;
    if (script === undefined) throw new MusterError('EINVAL', `no completion for "${shell}"`, { hint: 'there is bash, zsh and fish' });
    call.io.out(script(words(call.table)));
    return 0;
  },
};

function words(table: readonly Definition[]): CommandWords[] {
  return table
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, summary, operands, options }) => ({
      name,
      summary,
      takesNames: /NAME|SERVICE|TOPIC/.test(operands ?? ''),
      takesFiles: /FILE|PATH|<A>/.test(operands ?? '') || name === 'load',
      options: (options ?? [])
        .filter(({ hidden }) => hidden !== true)
        .map(({ flags, doc }) => ({ flags: flags.match(/--?[a-z][\w-]*/gi) ?? [], doc, takesValue: flags.includes('<') })),
    }));
}
