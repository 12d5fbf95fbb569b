import { MusterError } from '../model/error.ts';
import type { Method, Params } from '../model/methods.ts';
import type { Asker } from './call.ts';

type Control = Asker['control'];
type Needs<M extends Method> = Control | ((params: Params<M>) => Control);

/** What `control` a module must have for each method: `read` for what only looks. */
const needs: { readonly [M in Method]: Needs<M> } = {
  ping: 'none',
  status: 'read',
  list: 'read',
  info: 'read',
  explain: 'read',
  reconcile: ({ dryRun }) => (dryRun === true ? 'read' : 'apply'),
  rollback: ({ dryRun }) => (dryRun === true ? 'read' : 'apply'),
  history: 'read',
  diff: 'read',
  reload: 'apply',
  restart: 'apply',
  stop: 'apply',
  start: 'apply',
  signal: 'apply',
  load: 'apply',
  install: 'apply',
  uninstall: 'apply',
  outdated: 'read',
  set: 'apply',
  unset: 'apply',
  get: 'read',
  trigger: 'apply',
  remove: 'apply',
  hold: 'apply',
  release: 'apply',
  drift: 'read',
  export: 'read',
  logs: 'read',
  events: 'read',
  stats: ({ clear, clearAll }) => (clear === true || clearAll === true ? 'apply' : 'read'),
  metrics: 'read',
  debug: ({ op }) => (op === undefined ? 'read' : 'apply'),
  cgroup: ({ value }) => (value === undefined ? 'read' : 'apply'),
  publish: 'apply',
  trace: 'read',
  down: 'apply',
};

const order: readonly Control[] = ['none', 'read', 'apply'];

/** Throws EPERM where a module may not ask this of the daemon. Parameters are checked already. */
export function assertMay<M extends Method>({ name, control }: Asker, method: M, params: Params<M>): void {
  const needed: Control | ((params: Params<M>) => Control) = needs[method];
  const least = typeof needed === 'string' ? needed : needed(params);
  if (order.indexOf(control) >= order.indexOf(least)) return;
  const now = control === 'none' ? 'may ask nothing of the daemon' : 'may only look';
  throw new MusterError('EPERM', `${name} ${now}: muster.${method} needs control: ${least}`, {
    hint: `set "control: ${least}" for ${name} in the config`,
  });
}
