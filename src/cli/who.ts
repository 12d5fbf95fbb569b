import { hostname } from 'node:os';
import type { Io } from './io.ts';

const mostCharacters = 200;

/** Who asks, for the record: $MUSTER_BY, else who started the pipeline, else the user. The daemon believes it as it is. */
export function whoAsks({ env, uid }: Pick<Io, 'env' | 'uid'>): string {
  const said = [env.MUSTER_BY, pipeline(env), `${env.SUDO_USER || env.USER || env.LOGNAME || `uid ${uid}`}@${hostname()}`];
  return plain(said.find((text) => text !== undefined && plain(text) !== '') ?? '');
}

function pipeline({ GITHUB_ACTIONS, GITHUB_ACTOR, GITLAB_CI, GITLAB_USER_LOGIN }: Io['env']): string | undefined {
  if (GITHUB_ACTIONS && GITHUB_ACTOR) return `${GITHUB_ACTOR} (GitHub Actions)`;
  return GITLAB_CI && GITLAB_USER_LOGIN ? `${GITLAB_USER_LOGIN} (GitLab CI)` : undefined;
}

function plain(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, mostCharacters);
}
