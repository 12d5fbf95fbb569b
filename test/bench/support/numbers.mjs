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
