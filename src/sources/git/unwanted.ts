/** Unwanted once none of those who share it wants it any more, or the daemon ends. */
export function unwantedBy(signals: readonly (AbortSignal | undefined)[], closing: AbortSignal) {
  const all = new AbortController();
  const look = (): void => {
    if (closing.aborted || signals.every((signal) => signal?.aborted === true)) all.abort();
  };
  for (const signal of [closing, ...signals]) signal?.addEventListener('abort', look);
  look();
  const dispose = (): void => {
    for (const signal of [closing, ...signals]) signal?.removeEventListener('abort', look);
  };
  return { signal: all.signal, giveUp: () => all.abort(), dispose };
}
