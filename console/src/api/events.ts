import { open } from './client';
import { EventReader, type ServerEvent } from './event-reader';
import type { Task } from './schema';

/** Yields the events of an answer until it ends. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const [decoder, events] = [new TextDecoder(), new EventReader()];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield* events.feed(done ? '\n\n' : decoder.decode(value, { stream: true }));
      if (done) return;
    }
  } finally {
    await reader.cancel();
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
  for await (const { name, data } of eventsOf(response)) {
    if (name === 'queue') ears.onPlace(JSON.parse(data) as Place);
    else if (name === 'task' || name === 'end') ears.onTask(JSON.parse(data) as Task);
    if (name === 'end') return true;
  }
  return false;
}
