/**
 * The end of a turn of the event loop: what was gathered in it goes out then, in one piece. It comes after all promises of
 * the turn, so that what async functions answer goes with what plain ones do.
 */
export interface Turn {
  /** `fn` is called at the end of every turn in which somebody woke it. */
  atEnd(fn: () => void): void;
  wake(): void;
  /** Does now what is due at the end. */
  end(): void;
}

export function createTurn(): Turn {
  const ends: (() => void)[] = [];
  let awaited = false;

  function end(): void {
    awaited = false;
    for (const fn of ends) fn();
  }
  // Asked for within a promise job it comes when there are no more of them, where otherwise it would come before them.
  const afterPromises = (): void => process.nextTick(end);

  return {
    atEnd: (fn) => void ends.push(fn),
    wake() {
      if (awaited) return;
      awaited = true;
      queueMicrotask(afterPromises);
    },
    end,
  };
}
