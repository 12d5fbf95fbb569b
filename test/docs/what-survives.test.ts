import { expect, test } from 'vitest';
import { shapeNames, shapes } from '../survivors/instances.ts';
import { type Fault, faults } from '../survivors/measure.ts';
import { isPromised } from '../survivors/promises.ts';
import { setups } from '../survivors/setups.ts';
import { rowsOf } from './page.ts';

test('the table of what survives has each program and fault, and none survives where none is to', () => {
  const [head = [], ...rows] = rowsOf('processes', '## What survives');
  const names = Object.keys(faults) as Fault[];
  expect(head.slice(2)).toEqual(names.map((fault) => faults[fault].text));
  for (const shape of shapeNames) {
    for (const { containment, text } of setups) {
      const row = rows.find(([program, by]) => program === shapes[shape].text && by === text)?.slice(2) ?? [];
      const wrong = names.filter((fault, index) => isPromised(containment, fault, shape) && row[index] !== '0');
      expect(wrong, `${shapes[shape].text}, held by a ${text}`).toEqual([]);
    }
  }
  expect(rows).toHaveLength(shapeNames.length * setups.length);
});
