import type { Definition } from '../command.ts';
import { audit } from './audit.ts';
import { cgroup } from './cgroup.ts';
import { completion } from './completion.ts';
import { debug } from './debug.ts';
import { diff } from './diff.ts';
import { down } from './down.ts';
import { drift } from './drift.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { exportCommand } from './export.ts';
import { history } from './history.ts';
import { hold } from './hold.ts';
import { info } from './info.ts';
import { init } from './init.ts';
import { install, uninstall } from './install.ts';
import { list } from './list.ts';
import { load } from './load.ts';
import { logs } from './logs.ts';
import { names } from './names.ts';
import { outdated } from './outdated.ts';
import { publish } from './publish.ts';
import { reconcile } from './reconcile.ts';
import { release } from './release.ts';
import { reload } from './reload.ts';
import { remove } from './remove.ts';
import { request } from './request.ts';
import { restart, start } from './restart.ts';
import { rollback } from './rollback.ts';
import { schema } from './schema.ts';
import { get, set, unset } from './set.ts';
import { signal } from './signal.ts';
import { stats } from './stats.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { trace } from './trace.ts';
import { trigger } from './trigger.ts';
import { up } from './up.ts';
import { validate } from './validate.ts';

/** All commands, in the order of the help. */
export const table: readonly Definition[] = [
  up,
  down,
  status,
  validate,
  reconcile,
  diff,
  reload,
  restart,
  stop,
  start,
  signal,
  load,
  remove,
  install,
  uninstall,
  outdated,
  set,
  unset,
  get,
  trigger,
  list,
  info,
  explain,
  stats,
  debug,
  cgroup,
  request,
  publish,
  trace,
  logs,
  events,
  hold,
  release,
  drift,
  history,
  rollback,
  audit,
  exportCommand,
  schema,
  init,
  completion,
  names,
];
