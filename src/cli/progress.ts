import type { Progress } from '../model/documents.ts';
import type { Io } from './io.ts';

const quietMs = 500; // a run that is done sooner shows nothing

/** One line on the terminal that says how far a run is. Nothing is shown where stderr is none. */
export function progressLine(io: Io): { show(progress: Progress): void; clear(): void } {
  let latest: Progress | null = null;
  let quiet = true;
  let shown = false;
  const draw = (): void => {
    if (!io.errTerminal || quiet || latest === null) return;
    io.err(`\r\x1b[K${cut(progressText(latest), io.columns() - 1)}`);
    shown = true;
  };
  const timer = setTimeout(() => {
    quiet = false;
    draw();
  }, quietMs);
  timer.unref();
  return {
    show(progress) {
      latest = progress;
      draw();
    },
    clear() {
      clearTimeout(timer);
      if (shown) io.err('\r\x1b[K');
      shown = false;
    },
  };
}

export function progressText({ done, total, running }: Progress): string {
  return `${done} of ${total}${running.length === 0 ? '' : `: ${running.join(', ')}`}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
