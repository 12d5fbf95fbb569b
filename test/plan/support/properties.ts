import { appearance } from './properties-appearance.ts';
import { effects } from './properties-effect.ts';
import { hosting } from './properties-hosted.ts';
import { limits } from './properties-limits.ts';
import { requests } from './properties-request.ts';
import type { Property } from './property.ts';

/** All that always holds of a planner: of what it leads to, of what it leaves alone, of what a request narrows, of how it looks. */
export const properties: readonly Property[] = [...effects, ...hosting, ...limits, ...requests, ...appearance];
