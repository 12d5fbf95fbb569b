/** What the daemon does on signals. */
export interface SignalActions {
  /** Each SIGHUP; those that arrive before the run they ask for begins become one run. */
  hangUp(): void;
  /** The first SIGTERM or SIGINT. */
  stop(): void;
  /** A second one: at once. */
  stopNow(): void;
}

export function onSignals({ hangUp, stop, stopNow }: SignalActions): { close(): void } {
  let stops = 0;
  const onStop = (): void => {
    stops += 1;
    if (stops === 1) stop();
    else stopNow();
  };
  process.on('SIGHUP', hangUp);
  process.on('SIGTERM', onStop);
  process.on('SIGINT', onStop);
  return {
    close() {
      process.off('SIGHUP', hangUp);
      process.off('SIGTERM', onStop);
      process.off('SIGINT', onStop);
    },
  };
}
