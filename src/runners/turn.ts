/** Calls `fn` once at the end of this turn of the event loop, however often it is asked for until then. */
export function onceATurn(fn: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      fn();
    });
  };
}
