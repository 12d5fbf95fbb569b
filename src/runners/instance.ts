import type { Ended, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { type ErrorCode, MusterError, messageOf } from '../model/error.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Clock, Timer } from '../model/ports.ts';
import { codeLogSettings, type LogSink } from './log-sink.ts';
import { type FromRealm, type FromRunner, outputWindow, type Start, type ToRealm, type ToRunner } from './protocol.ts';
import type { RunnerProcess } from './runner-process.ts';
import { createTail } from './tail.ts';

export interface InstanceOptions {
  readonly id: number;
  readonly launch: Launch;
  readonly hooks: LaunchHooks;
  readonly runner: RunnerProcess;
  readonly logs: LogSink;
  readonly clock: Clock;
}

/** A thread ends at once when it is terminated, unless it blocks in a system call; then only its whole process can be ended. */
const killBoundMs = 2000;

/** One module in a runner, as the daemon sees it. */
export function startInstance({ id, launch, hooks, runner, logs, clock }: InstanceOptions): Launched {
  const file = logs.open(launch.name, codeLogSettings);
  const tail = createTail();
  const ready = deferred<void>();
  const ended = deferred<Ended>();
  const calls = new Map<number, { resolve(): void; reject(error: Error): void }>();
  let { name } = launch;
  let send: ((message: ToRunner) => void) | null = null;
  let threadId: number | null = null;
  let reconfigurable = false;
  let activeAt = clock.now();
  let over = false;
  let killed = false;
  let killBound: Timer | null = null;
  let lastCall = 0;
  let wrote = 0;
  const early: ToRealm[] = [];

  function finish(end: Ended, code: ErrorCode): void {
    if (over) return;
    over = true;
    killBound?.cancel();
    if (end.error?.stack !== undefined) void output('stderr', Buffer.from(`${end.error.stack}\n`));
    ready.reject(new MusterError(code, whyNotReady(name, end), { output: tail.read() }));
    for (const call of calls.values()) call.reject(new MusterError('ECANCELED', `"${name}" ended meanwhile: ${end.reason}`));
    // Whoever hears of the end finds all of the output.
    void Promise.resolve(file.close()).then(
      () => ended.resolve(end),
      () => ended.resolve(end),
    );
  }

  async function output(stream: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void> {
    activeAt = clock.now();
    tail.push(chunk);
    try {
      await file.write(stream, chunk);
    } finally {
      wrote += chunk.length;
      if (wrote >= outputWindow / 8) {
        send?.({ type: 'wrote', id, bytes: wrote });
        wrote = 0;
      }
    }
  }

  function receive(message: FromRunner): void {
    switch (message.type) {
      case 'started':
        threadId = message.threadId;
        break;
      case 'output':
        output(message.stream, message.chunk).catch(() => {}); // a full disk is the log's concern; the module runs on
        break;
      case 'fromRealm':
        activeAt = clock.now();
        receiveFromRealm(message.message);
        break;
      case 'ended':
        finish(message.ended, message.code);
        break;
    }
  }

  function receiveFromRealm(message: FromRealm): void {
    switch (message.type) {
      case 'ready':
        ready.resolve();
        break;
      case 'reconfigurable':
        reconfigurable = true;
        break;
      case 'finalizing':
        hooks.finalizing();
        break;
      case 'status':
        hooks.status(message.level, message.message);
        break;
      case 'reconfigured': {
        const call = calls.get(message.call);
        calls.delete(message.call);
        if (message.thrown === null) call?.resolve();
        else call?.reject(new MusterError(message.thrown.code, message.thrown.message));
        break;
      }
      case 'settled':
        break;
    }
  }

  function post(message: ToRealm): void {
    if (send === null) early.push(message);
    else send({ type: 'toRealm', id, message });
  }

  async function begin(): Promise<void> {
    try {
      const start = toStart(launch);
      const admitted = await runner.admit(id, { receive, gone: (reason) => finish(failed(reason), 'EFAILED') });
      if (killed) {
        runner.leave(id);
        return finish(terminated, 'ECANCELED');
      }
      send = admitted;
      send({ type: 'start', id, start });
      for (const message of early) post(message);
    } catch (error) {
      finish(failed(messageOf(error)), error instanceof MusterError ? error.code : 'EFAILED');
    }
  }
  void begin();

  return {
    ready: ready.promise,
    ended: ended.promise,
    pid: () => (over ? null : runner.pid()),
    threadId: () => threadId,
    containment: () => null,
    reconfigurable: () => reconfigurable,
    stop: () => post({ type: 'stop' }),
    kill() {
      if (over || killed) return;
      killed = true;
      send?.({ type: 'kill', id });
      killBound = clock.after(killBoundMs, () => runner.kill(`"${name}" could not be ended otherwise`));
    },
    reconfigure: (config) =>
      new Promise((resolve, reject) => {
        if (over) return reject(new MusterError('ENOENT', `"${name}" has ended`));
        lastCall += 1;
        calls.set(lastCall, { resolve, reject });
        post({ type: 'reconfigure', call: lastCall, config });
      }),
    update() {}, // no field of a code module is put into effect here
    rename(next) {
      name = next;
      file.rename(next);
      post({ type: 'rename', name: next });
    },
    signal() {
      throw new MusterError('EINVAL', `"${name}" is a code module; only commands get signals`);
    },
    activeAt: () => activeAt,
    output: tail.read,
  };
}

function toStart({ name, path, codeFile, args, env, config, spec }: Launch): Start {
  if (codeFile === null) throw new MusterError('EINVAL', `there is no code of "${name}"`);
  const { module: named, maxHeap } = spec as CodeSpec;
  return { name, path, codeFile, args, env, config, maxHeap: maxHeap ?? null, expectName: /[/:]/.test(named) ? null : named };
}

const terminated: Ended = { code: null, signal: null, error: null, reason: 'terminated' };
const failed = (reason: string): Ended => ({ code: null, signal: null, error: { message: reason }, reason });

function whyNotReady(name: string, { error, reason }: Ended): string {
  if (error === null) return `"${name}" ended before it was running: ${reason}`;
  return error.message.includes(name) ? error.message : `"${name}" failed to start: ${error.message}`;
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // whoever awaits it hears of it; nobody has to
  return { promise, resolve, reject };
}
