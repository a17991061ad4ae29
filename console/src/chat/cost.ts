import { callReceipt, taskReceipt } from '../api/books';
import { ApiError } from '../api/client';

const TRIES = 10;
const PAUSE_MS = 300;
const TASK = /[Tt]ask `(\d{16})`/;

/** Returns the task that a painter's answer names; empty for other answers. */
export function taskOf(text: string): string {
  return TASK.exec(text)?.[1] ?? '';
}

/** Returns what an answer cost, in US dollars as text, from the books; null when it is unknown. */
export async function costOf(text: string, callId: string): Promise<string | null> {
  const task = taskOf(text);
  if (!callId) return task ? (await taskReceipt(task)).charged : null;
  for (let left = TRIES; left > 0; left -= 1) {
    try {
      const receipt = await callReceipt(callId);
      if (receipt.state !== 'open') return receipt.charged_usd;
    } catch (error) {
      // A call that costs nothing is stored only after its end.
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  return null;
}
