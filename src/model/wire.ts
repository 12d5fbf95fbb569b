/** One value that a package shows of itself. */
export interface Monitor {
  readonly value: string | number | boolean | null;
  readonly unit?: string;
}

/** What a package can be asked to do by `trigger`. */
export interface PackageAction {
  readonly name: string;
  /** A scoped one answers in parts. */
  readonly scoped: boolean;
  readonly opts?: unknown;
}

export interface PackageException {
  readonly at: string;
  readonly message: string;
  readonly stack: string | null;
}

/** What a package has said over its channel, and how much of it. */
export interface PackageWire {
  readonly monitors: Readonly<Record<string, Monitor>>;
  readonly actions: readonly PackageAction[];
  /** The last ones, also of starts before this one. */
  readonly exceptions: readonly PackageException[];
  /** How it describes itself: `name`, `pid`, `human_info`, what is to be shown; null: it has said nothing. */
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly messages: WireCounts;
}

export interface WireCounts {
  readonly received: number;
  readonly sent: number;
  /** Whole, and nothing that is understood. */
  readonly ignored: number;
  /** No JSON. */
  readonly malformed: number;
  /** More than is kept: values, actions, events. */
  readonly dropped: number;
}

export interface TriggerOptions {
  /** How long nothing may come, ms. */
  readonly timeoutMs: number;
  /** Of a scoped action. */
  onPart(payload: unknown): void;
}
