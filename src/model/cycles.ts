type WaitsFor = (name: string) => readonly string[];

/** One cycle of each strongly connected part, from its first name by name. Tarjan's algorithm with a stack of its own. */
export function cyclesIn(names: Iterable<string>, waitsFor: WaitsFor): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const cycles: string[][] = [];

  for (const start of names) {
    if (index.has(start)) continue;
    const path: { name: string; next: Iterator<string> }[] = [];
    const enter = (name: string): void => {
      index.set(name, index.size);
      low.set(name, index.get(name) ?? 0);
      open.push(name);
      isOpen.add(name);
      path.push({ name, next: waitsFor(name)[Symbol.iterator]() });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { name } = top;
      const step = top.next.next();
      if (step.done !== true) {
        if (!index.has(step.value)) enter(step.value);
        else if (isOpen.has(step.value)) lower(low, name, index.get(step.value));
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) lower(low, above.name, low.get(name));
      if (low.get(name) !== index.get(name)) continue;
      const part = open.splice(open.indexOf(name));
      for (const member of part) isOpen.delete(member);
      if (part.length > 1 || waitsFor(name).includes(name)) cycles.push(cycleIn(new Set(part), waitsFor));
    }
  }
  return cycles;
}

function lower(low: Map<string, number>, name: string, value = 0): void {
  low.set(name, Math.min(low.get(name) ?? 0, value));
}

/** The shortest way from the first name of the part back to it. */
function cycleIn(part: ReadonlySet<string>, waitsFor: WaitsFor): string[] {
  const first = [...part].sort()[0] ?? '';
  const from = new Map<string, string>();
  const queue = [first];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const other of waitsFor(name)) {
      if (other === first) return wayTo(name, from);
      if (!part.has(other) || from.has(other)) continue;
      from.set(other, name);
      queue.push(other);
    }
  }
  return [first];
}

function wayTo(last: string, from: ReadonlyMap<string, string>): string[] {
  const way = [last];
  for (let before = from.get(last); before !== undefined; before = from.get(before)) way.unshift(before);
  return way;
}
