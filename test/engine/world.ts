import type { Ended } from '../../src/model/driver.ts';
import type { Way } from './modules.ts';

/** One process of the simulated machine. */
export interface Process {
  name: string;
  readonly way: Way;
  /** The process that has loaded it into itself. */
  readonly host: Process | null;
  alive: boolean;
  ready: boolean;
  /** It was told to save, takes no requests, and waits to be stopped or to go on. */
  quiet: boolean;
  end(ended: Ended): void;
}

/** The machine: processes outlive the daemon that started them, as real ones do. */
export interface World {
  readonly processes: Map<string, Process>;
  /** Leases that a full disk kept out of the journal: their ids name the daemon, so its sweep knows them all the same. */
  readonly unrecorded: Set<string>;
  /** How a oneshot was run that has finished, as far as somebody was told so and nobody has asked for it again. */
  readonly finished: Map<string, Way>;
  /** What may run again although it has finished. */
  readonly asked: Set<string>;
  /** How a oneshot had finished that was wanted otherwise since: should that be cut short and the old be wanted again, it runs again. */
  readonly superseded: Map<string, Way>;
  /** How a oneshot was last run to its end. */
  readonly done: Map<string, Way>;
  alive(name?: string): Process[];
  /** It does not save what it has, or something in it does not: it serves on, as it is. */
  refuses(process: Process): boolean;
  /** The whole machine goes down. */
  powerCut(): void;
  sweep(leases: Iterable<string>): void;
}

export function createWorld(): World {
  const processes = new Map<string, Process>();
  const unrecorded = new Set<string>();
  const alive = (name?: string): Process[] =>
    [...processes.values()].filter((process) => process.alive && (name === undefined || process.name === name));
  const refuses = (process: Process): boolean =>
    process.way.saves !== 'state' || alive().some((other) => other.host === process && refuses(other));
  return {
    processes,
    unrecorded,
    finished: new Map(),
    asked: new Set(),
    superseded: new Map(),
    done: new Map(),
    alive,
    refuses,
    powerCut: () => {
      for (const process of processes.values()) process.alive = false;
    },
    sweep: (leases) => {
      for (const lease of [...leases, ...unrecorded]) {
        const process = processes.get(lease);
        if (process !== undefined) process.alive = false;
      }
    },
  };
}
