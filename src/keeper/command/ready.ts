import type { Ready } from '../../model/fields/probes.ts';
import type { Clock } from '../../model/ports.ts';
import { formatDuration } from '../../model/units.ts';
import type { OutputStream } from '../logs/writer.ts';
import type { RunAside } from './aside.ts';
import { lineTest } from './probes/log.ts';
import { probeOf } from './probes/make.ts';
import { poll } from './probes/poll.ts';

/** One test of whether a program is ready. What it may take is bounded by whoever waits for it. */
export interface ReadyTest {
  /** Resolves when it passes; never rejects, and never settles after `cancel`. */
  readonly passed: Promise<void>;
  /** The program runs, and its test begins. */
  launched(): void;
  /** What the program wrote to one of its streams, for `log`. */
  output(stream: OutputStream, chunk: Uint8Array): void;
  /** What it wrote to the descriptor of `fd`. */
  notice(chunk: Uint8Array): void;
  /** What it said by sd_notify(3), for `notify`. */
  saidReady(): void;
  /** It was found to be ready without a test. */
  pass(): void;
  /** What has to come about, and why it has not, in words. */
  awaited(): string;
  cancel(): void;
}

const lineFeed = 10;

export function testReady(ready: Ready, { clock, run }: { readonly clock: Clock; readonly run: RunAside }): ReadyTest {
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  const lines = ready.log === undefined ? null : lineTest(ready.log, () => pass());
  let awaited = (): string => 'it is not launched yet';
  let cancel = (): void => {};
  return {
    passed,
    launched() {
      awaited = () => wordsOf(ready);
      const probe = probeOf(ready, run);
      if (probe !== null) {
        const polling = poll(probe, clock);
        void polling.passed.then(pass);
        ({ cancel, why: awaited } = polling);
      } else if (ready.alive !== undefined) {
        const timer = clock.after(ready.alive, pass);
        cancel = () => timer.cancel();
      }
    },
    output: (stream, chunk) => lines?.push(stream, chunk),
    notice(chunk) {
      if (ready.fd !== undefined && chunk.includes(lineFeed)) pass();
    },
    saidReady() {
      if (ready.notify === true) pass();
    },
    pass: () => pass(),
    awaited: () => awaited(),
    cancel() {
      pass = () => {};
      cancel();
    },
  };
}

function wordsOf({ alive, log, fd }: Ready): string {
  if (alive !== undefined) return `alive for ${formatDuration(alive)}`;
  if (log !== undefined) return `no line of its output matched ${log}`;
  return fd === undefined ? 'it did not send READY=1 to NOTIFY_SOCKET' : `it wrote no line to its descriptor ${fd}`;
}
