/** What the commands without a daemon know of the world: the caller's own. */
export interface At {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number;
}
