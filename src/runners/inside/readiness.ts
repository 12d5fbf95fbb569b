import type { FromModule } from '../protocol.ts';
import type { ModuleBus } from './bus/realm-bus.ts';

/** When a module runs: it said so, and every service that it registers until then is its own. */
export interface Readiness {
  readonly register: ModuleBus['register'];
  /** Rejects where a registration failed; the same promise each time. */
  become(): Promise<void>;
  isReady(): boolean;
}

export interface ReadinessOptions {
  readonly bus: ModuleBus;
  post(message: FromModule): void;
}

export function createReadiness({ bus, post }: ReadinessOptions): Readiness {
  let registering = 0;
  let ready = false;
  let becoming: Promise<void> | null = null;

  function announce(): void {
    ready = true;
    post({ type: 'ready' });
    bus.ready();
  }

  async function become(): Promise<void> {
    // Said at once where nothing is waited for: what the module does next may take for ever.
    if (registering > 0) await bus.settled();
    announce();
  }

  return {
    async register(service) {
      registering += 1;
      try {
        await bus.register(service);
      } finally {
        registering -= 1;
      }
    },
    become() {
      becoming ??= become();
      return becoming;
    },
    isReady: () => ready,
  };
}
