import { mkdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretRef } from '../model/fields/kit.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Notification, NotifySpec } from '../model/notify.ts';
import type { Disk, Log, Random } from '../model/ports.ts';
import { createNotifier, type Notifier } from '../notify/notifier.ts';
import { openOutbox } from '../notify/outbox.ts';
import { post } from '../notify/post.ts';
import { type ProgramPorts, runHook } from '../notify/program.ts';
import { createPlanSeal } from './plan-seal.ts';
import { systemClock, systemRandom } from './world.ts';

export interface TellingOptions {
  readonly disk: Disk;
  readonly stateDir: string;
  readonly key: string;
  readonly log: Log;
  readonly keeper: Pick<Keeper, 'spawn'>;
  /** For leases. */
  readonly random: Pick<Random, 'id'>;
  readonly env: ProgramPorts['env'];
  secret(ref: SecretRef): Promise<string>;
  masked(data: unknown): unknown;
  about(): Pick<Notification, 'daemon' | 'generation' | 'revision'>;
}

/** Those who are told of what happens, over HTTP or by a program. */
export async function createTelling(options: TellingOptions): Promise<Notifier> {
  const { disk, log, key, stateDir, secret, masked, about } = options;
  const papers = join(stateDir, 'notify');
  rmSync(papers, { recursive: true, force: true });
  const hooks: ProgramPorts = { ...options, paper: (text) => paper(papers, text) };
  const seal = createPlanSeal(key, 'notify');

  async function send(spec: NotifySpec, notification: Notification, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(notification);
    const { url = '', exec, headers = {}, cwd } = spec;
    if (exec === undefined) {
      const told = await Promise.all(Object.entries(headers).map(async ([name, value]) => [name, await reveal(value)] as const));
      const isShown = typeof url === 'string';
      await post({ url: await reveal(url), isShown, headers: Object.fromEntries(told), id: notification.id, body }, signal);
      return;
    }
    const output = await runHook({ argv: exec, cwd, event: notification.event, body }, signal, hooks);
    if (output.trim() !== '') log.info({ hook: exec[0], event: notification.event, output: output.trim() }, 'a hook said');
  }

  /** Read anew each time: what a secret is may change at any moment. */
  async function reveal(value: string | SecretRef): Promise<string> {
    return typeof value === 'string' ? value : secret(value);
  }

  return createNotifier({
    ...{ clock: systemClock, random: systemRandom, log, about, masked, send },
    outbox: await openOutbox({ disk, log }),
    seal: { seal: (text) => seal.seal(text, ''), open: (sealed) => seal.open(sealed, '') },
  });
}

async function paper(folder: string, text: string): Promise<{ path: string; remove(): Promise<void> }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${systemRandom.id()}.json`);
  await writeFile(path, text, { mode: 0o600 });
  return { path, remove: () => rm(path, { force: true }) };
}
