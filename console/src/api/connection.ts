import { onlineManager } from '@tanstack/react-query';

/** How long after a failed look at the gateway the next one is made, in milliseconds. */
const PAUSES_MS = [1000, 2000, 4000, 8000];

const listeners = new Set<() => void>();
let reached = true;
/** When the connection was lost last, by `performance.now()`. */
let lostMs = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Whether the gateway answered when it was asked last. */
export function isReached(): boolean {
  return reached;
}

/** Calls a listener at every change; returns what ends that. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function turn(now: boolean): void {
  if (reached === now) return;
  reached = now;
  listeners.forEach((listener) => listener());
}

/**
 * Keeps that an answer came, whatever it said, to what was asked at that time. One that was under
 * way when the connection was lost says nothing about now.
 */
export function heardAnswer(askedMs: number): void {
  if (askedMs < lostMs) return;
  clearTimeout(timer);
  turn(true);
}

/** Keeps that no answer came; from now on the gateway is asked until it gives one. */
export function heardNothing(): void {
  if (!reached) return;
  lostMs = performance.now();
  turn(false);
  look(0);
}

function look(tries: number): void {
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      const askedMs = performance.now();
      fetch('/healthz', { cache: 'no-store', credentials: 'omit' }).then(
        () => heardAnswer(askedMs),
        () => {
          if (!reached) look(tries + 1);
        },
      );
    },
    PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)],
  );
}

/** Resolves when the gateway can be reached; false when it could not for that long. */
export function untilReached(mostMs: number): Promise<boolean> {
  if (reached) return Promise.resolve(true);
  return new Promise((resolve) => {
    const stop = subscribe(() => end(true));
    const late = setTimeout(() => end(false), mostMs);
    function end(found: boolean): void {
      clearTimeout(late);
      stop();
      resolve(found);
    }
  });
}

/** Follows the machine's own network too, and lets queries wait while there is none. */
export function watchConnection(): void {
  window.addEventListener('offline', heardNothing);
  window.addEventListener('online', () => {
    if (!reached) look(0);
  });
  onlineManager.setEventListener((set) => subscribe(() => set(reached)));
}
