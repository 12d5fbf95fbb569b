import type { Log } from '../../src/model/ports.ts';

/** A log that says nothing. */
export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
