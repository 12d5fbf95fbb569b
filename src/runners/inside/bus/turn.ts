/**
 * The end of a turn of the event loop: what was gathered in it goes out then, in one piece. It comes some promise jobs later,
 * so that what asynchronous functions answer at once goes with what plain ones do.
 */
export interface Turn {
  /** `fn` is called at the end of every turn in which somebody woke it. */
  atEnd(fn: () => void): void;
  wake(): void;
  /** Does now what is due at the end, if anything is. */
  end(): void;
}

/** As many as an `async` function takes that awaits one thing which is there. */
const promiseJobs = 4;
const settled = Promise.resolve();

export function createTurn(): Turn {
  const ends: (() => void)[] = [];
  let left = 0;

  function end(): void {
    if (left === 0) return;
    left = 0;
    for (const fn of ends) fn();
  }
  // Cheaper by far than a tick or a microtask of Node, which are kept track of.
  function job(): void {
    if (left > 1) {
      left -= 1;
      void settled.then(job);
    } else if (left === 1) end();
  }

  return {
    atEnd: (fn) => void ends.push(fn),
    wake() {
      if (left > 0) return;
      left = promiseJobs;
      void settled.then(job);
    },
    end,
  };
}
