export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs the functions in turn, `rounds` times, so that what else the machine does falls on all of them; gives their times in ms. */
export async function interleaved(rounds, functions) {
  const times = functions.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, fn] of functions.entries()) {
      const start = performance.now();
      const own = await fn(round);
      times[index].push(typeof own === 'number' ? own : performance.now() - start);
    }
  }
  return times;
}

/**
 * Medians of several batches of rounds, one list per batch. What else runs on the machine comes and goes, and only ever makes
 * things slower: of the batches the best one counts.
 */
export async function batches(count, rounds, functions) {
  const medians = [];
  for (let batch = 0; batch < count; batch += 1) medians.push((await interleaved(rounds, functions)).map(median));
  return medians;
}

/** The batch in which `value` is smallest. */
export function best(medians, value) {
  return medians.reduce((a, b) => (value(b) < value(a) ? b : a));
}
