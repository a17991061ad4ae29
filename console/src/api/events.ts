import { broken, open } from './client';
import { EventReader, type ServerEvent } from './event-reader';
import type { Task } from './schema';

/** The gateway says something every 15 seconds; a stream that is silent longer is dead. */
const SILENCE_MS = 40_000;

/** Yields the events of an answer until it ends; raises ApiError when the connection breaks. */
export async function* eventsOf(
  response: Response,
  silenceMs?: number,
): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const [decoder, events] = [new TextDecoder(), new EventReader()];
  try {
    for (;;) {
      const { done, value } = await read(reader, silenceMs);
      yield* events.feed(done ? '\n\n' : decoder.decode(value, { stream: true }));
      if (done) return;
    }
  } finally {
    // What broke was told already; that it cannot be closed any more is no news.
    await reader.cancel().catch(() => undefined);
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  silenceMs?: number,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    if (silenceMs) late = setTimeout(() => reject(new Error('silent')), silenceMs);
  });
  try {
    return await Promise.race([reader.read(), silent]);
  } catch (error) {
    throw broken(error);
  } finally {
    clearTimeout(late);
  }
}

/** Where a waiting task stands: how many are before it. */
export interface Place {
  position: number;
  eta_s: number | null;
}

interface Ears {
  onTask: (task: Task) => void;
  onPlace: (place: Place) => void;
}

/** Hears every change of a task; returns whether its end was heard before the stream ended. */
export async function watchTask(id: string, ears: Ears, signal: AbortSignal): Promise<boolean> {
  // Not an EventSource: that could not send the key in a header.
  const path = `/mj/task/${encodeURIComponent(id)}/events`;
  const response = await open('GET', path, { signal, headers: { accept: 'text/event-stream' } });
  for await (const { name, data } of eventsOf(response, SILENCE_MS)) {
    if (name === 'queue') ears.onPlace(JSON.parse(data) as Place);
    else if (name === 'task' || name === 'end') ears.onTask(JSON.parse(data) as Task);
    if (name === 'end') return true;
  }
  return false;
}
