import type { FromModule } from '../protocol.ts';
import type { ModuleBus } from './bus/realm-bus.ts';

export interface ReadinessPorts {
  readonly bus: ModuleBus;
  post(message: FromModule): void;
}

/** When a module runs: it said so, and every service that it registers until then is its own. */
export class Readiness {
  isReady = false;
  readonly #ports: ReadinessPorts;
  #registering = 0;
  #becoming: Promise<void> | null = null;

  constructor(ports: ReadinessPorts) {
    this.#ports = ports;
  }

  async register(service: string): Promise<void> {
    this.#registering += 1;
    try {
      await this.#ports.bus.register(service);
    } finally {
      this.#registering -= 1;
    }
  }

  /** Null: it runs now. Rejects where a registration failed; the same promise each time. */
  become(): Promise<void> | null {
    if (this.isReady || this.#becoming !== null) return this.#becoming;
    // Said at once where nothing is waited for: what the module does next may take for ever.
    if (this.#registering === 0) this.#say();
    else this.#becoming = this.#ports.bus.settled().then(() => this.#say());
    return this.#becoming;
  }

  #say(): void {
    this.isReady = true;
    this.#ports.post({ type: 'ready' });
    this.#ports.bus.ready();
  }
}
