const { getBuiltinModule } = process;

// Parts of Node that are loaded when they are first asked for: few realms ever need them, and they take time of the start of each.

/** 0.4 ms. */
export function v8(): typeof import('node:v8') {
  return getBuiltinModule('node:v8');
}

/** 0.2 ms. */
export function nodeUrl(): typeof import('node:url') {
  return getBuiltinModule('node:url');
}

/** 0.3 ms: it brings Node's loader of ES modules with it. */
export function nodeModule(): typeof import('node:module') {
  return getBuiltinModule('node:module');
}
