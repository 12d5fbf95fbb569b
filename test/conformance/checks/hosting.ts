import type { Check } from '../check.ts';
import { fixture } from '../world.ts';

interface Ordered {
  dishes: unknown[];
  told: string[];
}

const dish = (more: object = {}) => ({ dish: { module: fixture('dish.ts'), service: 'host.kitchen', stopTimeout: '7s', ...more } });

export const hosting: Check[] = [
  {
    title: 'A service has in hand what it loads: it asks this start of it, without a copy, until that is gone',
    async observe({ ask, declare, refusal }) {
      const order = (method: string) => ask<Ordered>('host.kitchen.order', method);
      await declare({ 'host.kitchen': { module: fixture('kitchen.ts') } });
      await declare(dish({ config: { with: 'salt' } }));
      const seen: unknown[] = [await order('cook'), await order('none'), await order('wait'), await ask('dish.left')];
      seen.push((await refusal('dish.cook')).code);
      await declare(dish({ config: { with: 'pepper' } }));
      seen.push(await order('cook'));
      await declare(dish({ args: ['again'], reload: { strategy: 'overlap' } }));
      seen.push(await order('cook'));
      await declare({ dish: null });
      seen.push(await order('cook'));
      await declare({ 'host.kitchen': null });
      return seen;
    },
    expected: [
      { dishes: [['dish for host.kitchen', true, 'dish', 'salt', true]], told: [] },
      { dishes: ['ENOSYS'], told: [] },
      { dishes: ['ECANCELED'], told: [] },
      1,
      'EINVAL',
      { dishes: [['dish for host.kitchen', true, 'dish', 'pepper', true]], told: ['changed pepper'] },
      { dishes: [['dish for host.kitchen', true, 'dish', null, true]], told: ['replaced dish within 7000'] },
      { dishes: [], told: ['removed dish within 7000'] },
    ],
  },
];
