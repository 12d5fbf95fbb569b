/** Gathers what is said within one turn, so that it crosses to the other side as one. */
export interface Outbox<T> {
  post(message: T): void;
  /** What a module does next may take for ever, or be the end of the thread. */
  flush(): void;
}

export function createOutbox<T>(send: (messages: readonly T[]) => void): Outbox<T> {
  let gathered: T[] = [];
  function flush(): void {
    if (gathered.length === 0) return;
    const messages = gathered;
    gathered = [];
    send(messages);
  }
  return {
    post(message) {
      if (gathered.push(message) === 1) queueMicrotask(flush);
    },
    flush,
  };
}
