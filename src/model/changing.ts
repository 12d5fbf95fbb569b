import type { Method, Params } from './methods.ts';

type Changing = { [M in Method]: string extends keyof Params<M> ? never : 'by' extends keyof Params<M> ? M : never }[Method];

/** The methods that change something: who asks for them can say who that is, and why. */
export const changing: { readonly [M in Changing]: true } = {
  reconcile: true,
  rollback: true,
  reload: true,
  restart: true,
  stop: true,
  start: true,
  signal: true,
  load: true,
  install: true,
  uninstall: true,
  set: true,
  unset: true,
  trigger: true,
  remove: true,
  hold: true,
  release: true,
  debug: true,
  cgroup: true,
  down: true,
};

export function isChanging(method: string): method is Changing {
  return Object.hasOwn(changing, method);
}
