import { existsSync } from 'node:fs';

const handoverMs = 5000;
const pauseMs = 20;

/**
 * Between two daemons, of which the next says by a socket of its own, `coming`, that it comes, there is nobody for a moment. That
 * socket goes once the next one answers, which may be right after it was asked in vain: what counts is that it was there before.
 */
export async function patiently<T>(attempt: () => Promise<T>, coming: string): Promise<T> {
  const deadline = Date.now() + handoverMs;
  for (;;) {
    const wasComing = existsSync(coming);
    try {
      return await attempt();
    } catch (error) {
      const isComing = wasComing || existsSync(coming);
      if ((error as { code?: unknown }).code !== 'ECONNREFUSED' || Date.now() > deadline || !isComing) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
