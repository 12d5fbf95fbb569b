import { appearance } from './properties-appearance.ts';
import { effects } from './properties-effect.ts';
import { limits } from './properties-limits.ts';
import type { Property } from './property.ts';

export const properties: readonly Property[] = [...effects, ...limits, ...appearance];
